-- What devices measure and in which state their parts are, as of the last reading and over time; and how a customer's levels
-- usually are, so that one that falls is told of.

create table network.sensor (
  id text primary key,
  device_id text not null references network.device on delete cascade,
  -- What makes it the same at the next reading.
  key text not null,
  kind text not null check (kind in ('SENSOR', 'RADIO')),
  class text not null,
  name text not null,
  value double precision not null,
  unit text,
  -- Of a state: the name of it, how bad that is, since when, and when it was last well.
  text text,
  severity text check (severity in ('OK', 'WARNING', 'CRITICAL', 'UNKNOWN')),
  severity_since timestamptz,
  well_at timestamptz,
  -- The device's own limits.
  low_critical double precision,
  low_warning double precision,
  high_warning double precision,
  high_critical double precision,
  -- Read only now and then.
  seldom boolean not null,
  source text not null,
  read_at timestamptz not null,
  -- Since when the device answers without it.
  gone_since timestamptz,
  unique (device_id, key)
) with (fillfactor = 70);

-- Readings over time, and their means and extremes over hours and days (UTC). Without foreign keys, in parts by time.
create table network.sensor_sample (
  sensor_id text not null,
  at timestamptz not null,
  value double precision not null,
  primary key (sensor_id, at)
) partition by range (at);
create index sensor_sample_at on network.sensor_sample (at);
create table network.sensor_sample_hour (
  sensor_id text not null,
  at timestamptz not null,
  samples integer not null,
  mean double precision not null,
  min double precision not null,
  max double precision not null,
  primary key (sensor_id, at)
) partition by range (at);
create index sensor_sample_hour_at on network.sensor_sample_hour (at);
create table network.sensor_sample_day (like network.sensor_sample_hour including all) partition by range (at);
create table network_parts.sensor_sample_default partition of network.sensor_sample default;
create table network_parts.sensor_sample_hour_default partition of network.sensor_sample_hour default;
create table network_parts.sensor_sample_day_default partition of network.sensor_sample_day default;

-- Up to where each of them has been computed.
create table network.sensor_sample_progress (
  resolution text primary key check (resolution in ('hour', 'day')),
  until timestamptz not null
);

-- Medians of a customer's levels over a day (UTC) in which he was measured often enough.
create table network.customer_level_day (
  service_id text not null,
  day date not null,
  signal_dbm real,
  rx_power_dbm real,
  line_rx_power_dbm real,
  primary key (service_id, day)
);
create index customer_level_day_day on network.customer_level_day (day);

create or replace function network.keep_rate_parts(at timestamptz) returns void language plpgsql security definer set search_path = pg_catalog as $$
declare
  plan record;
  part record;
  part_start timestamptz;
  part_name text;
begin
  perform pg_advisory_xact_lock(hashtext('network.keep_rate_parts'));
  for plan in select * from (values
    ('interface_rate', interval '1 day', interval '8 days'),
    ('interface_rate_five_minutes', interval '7 days', interval '62 days'),
    ('interface_rate_hour', interval '56 days', interval '400 days'),
    ('interface_rate_day', interval '364 days', interval '1830 days'),
    ('customer_sample', interval '7 days', interval '62 days'),
    ('sensor_sample', interval '7 days', interval '62 days'),
    ('sensor_sample_hour', interval '56 days', interval '400 days'),
    ('sensor_sample_day', interval '364 days', interval '1830 days')
  ) as p (parent, width, keep) loop
    for i in 0..1 loop
      part_start := date_bin(plan.width, at, timestamptz '2000-01-01 00:00Z') + i * plan.width;
      part_name := plan.parent || '_' || extract(epoch from part_start)::bigint;
      if to_regclass('network_parts.' || part_name) is null then
        execute format('create table network_parts.%I (like network.%I including defaults including constraints)', part_name, plan.parent);
        -- What came before there was a part for it.
        execute format('with moved as (delete from network_parts.%I where at >= %L and at < %L returning *) insert into network_parts.%I select * from moved',
          plan.parent || '_default', part_start, part_start + plan.width, part_name);
        execute format('alter table network.%I attach partition network_parts.%I for values from (%L) to (%L)',
          plan.parent, part_name, part_start, part_start + plan.width);
      end if;
    end loop;
    for part in
      select relname, to_timestamp(substring(relname from '_(\d+)$')::bigint) as starts from pg_class
      where relnamespace = 'network_parts'::regnamespace and relkind = 'r' and relname ~ ('^' || plan.parent || '_\d+$')
    loop
      if part.starts + plan.width + plan.keep <= at then execute format('drop table network_parts.%I', part.relname); end if;
    end loop;
    execute format('delete from network_parts.%I where at < %L', plan.parent || '_default', at - plan.keep);
  end loop;
end $$;

-- Rules about sensors: their states, the device's own limits, and limits of one's own on sensors of a class, of which the name may
-- have to contain something.
alter table network.alarm_rule add column sensor_class text;
alter table network.alarm_rule add column sensor_name text;
alter table network.alarm_rule add column created_by text;
alter table network.alarm_rule drop constraint alarm_rule_metric_check;
alter table network.alarm_rule drop constraint alarm_rule_limits_check;
alter table network.alarm_rule add constraint alarm_rule_metric_check check (metric in (
  'PROCESSOR_PERCENT', 'MEMORY_PERCENT', 'INTERFACE_DOWN', 'CUSTOMER_SIGNAL_DBM', 'CUSTOMER_SNR_DB', 'CUSTOMER_RX_POWER_DBM', 'LINE_RX_POWER_DBM',
  'CUSTOMER_SIGNAL_FALL_DB', 'CUSTOMER_RX_POWER_FALL_DB', 'LINE_RX_POWER_FALL_DB', 'SENSOR_STATE_WARNING', 'SENSOR_STATE_CRITICAL', 'SENSOR_LIMIT_WARNING', 'SENSOR_LIMIT_CRITICAL', 'SENSOR_VALUE'));
alter table network.alarm_rule add constraint alarm_rule_limits_check check (
  case when metric = 'INTERFACE_DOWN' or metric like 'SENSOR\_STATE\_%' or metric like 'SENSOR\_LIMIT\_%' then raise_above is null and raise_below is null
    when metric = 'SENSOR_VALUE' then (raise_above is null) <> (raise_below is null)
    when metric in ('CUSTOMER_SIGNAL_DBM', 'CUSTOMER_SNR_DB', 'CUSTOMER_RX_POWER_DBM', 'LINE_RX_POWER_DBM') then raise_above is null and raise_below is not null
    else raise_above is not null and raise_below is null end);
alter table network.alarm_rule add constraint alarm_rule_sensor_check check (
  case when metric = 'SENSOR_VALUE' then sensor_class is not null else sensor_class is null and sensor_name is null end);
insert into network.alarm_rule (id, name, metric, sensor_class, severity, raise_above, clear_below, raise_below, clear_above, raise_after, clear_after, degrades) values
  ('alr_part_critical', 'Part has failed', 'SENSOR_STATE_CRITICAL', null, 'MAJOR', null, null, null, null, 1, 2, false),
  ('alr_part_warning', 'Part is not well', 'SENSOR_STATE_WARNING', null, 'WARNING', null, null, null, null, 2, 2, false),
  ('alr_limit_critical', 'Beyond the device''s critical limit', 'SENSOR_LIMIT_CRITICAL', null, 'MAJOR', null, null, null, null, 2, 2, false),
  ('alr_limit_warning', 'Beyond the device''s warning limit', 'SENSOR_LIMIT_WARNING', null, 'WARNING', null, null, null, null, 2, 2, false),
  ('alr_temperature', 'Too hot', 'SENSOR_VALUE', 'temperature', 'MAJOR', 85, 80, null, null, 2, 2, false),
  ('alr_battery', 'Battery nearly empty', 'SENSOR_VALUE', 'charge', 'MAJOR', null, null, 40, 50, 2, 2, false),
  ('alr_customer_signal_fall', 'Customer radio weaker than usual', 'CUSTOMER_SIGNAL_FALL_DB', null, 'MINOR', 3, 2, null, null, 3, 3, false),
  ('alr_customer_light_fall', 'Customer receives less light than usual', 'CUSTOMER_RX_POWER_FALL_DB', null, 'MINOR', 3, 2, null, null, 2, 2, false),
  ('alr_line_light_fall', 'Line card receives less light than usual', 'LINE_RX_POWER_FALL_DB', null, 'MINOR', 3, 2, null, null, 2, 2, false);

alter table network.alarm add column sensor_id text references network.sensor on delete cascade;
drop index network.alarm_active;
create unique index alarm_active on network.alarm (rule_id, device_id, coalesce(interface_id, ''), coalesce(service_id, ''), coalesce(sensor_id, ''))
  where cleared_at is null;
