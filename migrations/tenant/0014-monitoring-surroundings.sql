-- Whom devices hear and serve: neighbours and the links that follow, where each subscriber is connected, and how well his
-- radio or optical equipment is received.

-- Where the network leaves to the rest of the world; ways lead there.
alter table network.device add column gateway boolean not null default false;
-- What it tells its neighbours of itself.
alter table network.device add column chassis text;
alter table network.device add column system_name text;

-- What a device says it hears, as of its last complete reading.
create table network.neighbor (
  device_id text not null references network.device on delete cascade,
  -- What makes it the same neighbour at the next reading: protocol, own port, chassis and port.
  key text not null,
  protocol text not null check (protocol in ('LLDP', 'CDP', 'MNDP')),
  interface_id text references network.interface on delete cascade,
  port_name text,
  chassis_kind text,
  chassis text,
  remote_port_kind text,
  remote_port text,
  remote_port_description text,
  system_name text,
  addresses text[] not null default '{}',
  source text not null,
  -- Whom it was found to be, or why nobody.
  matched_device_id text references network.device on delete set null,
  matched_interface_id text references network.interface on delete set null,
  problem text,
  first_seen_at timestamptz not null,
  seen_at timestamptz not null,
  -- Since when the device answers without it; null while it is heard.
  gone_since timestamptz,
  primary key (device_id, key)
);
create index neighbor_matched on network.neighbor (matched_device_id);

-- A cable or radio link between two devices; `a` has the smaller id.
create table network.link (
  id text primary key,
  a_device_id text not null references network.device on delete cascade,
  a_interface_id text references network.interface on delete set null,
  b_device_id text not null references network.device on delete cascade,
  b_interface_id text references network.interface on delete set null,
  -- PROPOSED: one end says so. CONFIRMED: both do, or a person.
  state text not null check (state in ('PROPOSED', 'CONFIRMED', 'CONFLICT', 'STALE', 'REJECTED')),
  conflict text,
  -- When either end last said so.
  a_seen_at timestamptz,
  b_seen_at timestamptz,
  -- Since when neither does.
  gone_since timestamptz,
  first_seen_at timestamptz not null,
  decision text check (decision in ('CONFIRMED', 'REJECTED')),
  decided_by text,
  decided_at timestamptz,
  check (a_device_id collate "C" < b_device_id collate "C"),
  check ((state = 'CONFLICT') = (conflict is not null)),
  check ((decision is null) = (decided_by is null))
);
create index link_a on network.link (a_device_id);
create index link_b on network.link (b_device_id);

-- What a bridge has learnt behind its ports.
create table network.forwarding (
  device_id text not null references network.device on delete cascade,
  mac text not null,
  interface_id text references network.interface on delete cascade,
  port_name text,
  vlan integer,
  source text not null,
  seen_at timestamptz not null,
  primary key (device_id, mac)
) with (fillfactor = 70);
create index forwarding_mac on network.forwarding (mac);

-- On which line of which NAS each service's newest session began.
create table network.session_line (
  service_id text primary key,
  nas_id text not null references network.nas on delete cascade,
  device_id text,
  port text,
  circuit_id text,
  remote_id text,
  mac text,
  at timestamptz not null
) with (fillfactor = 70);
create index session_line_mac on network.session_line (mac) where mac is not null;

-- Equipment that somebody says belongs to a customer, where its address is not the one that logs in.
create table network.customer_equipment (
  id text primary key,
  service_id text not null,
  mac text unique,
  serial text unique,
  added_by text not null,
  added_at timestamptz not null,
  check (mac is not null or serial is not null)
);
create index customer_equipment_service on network.customer_equipment (service_id);

-- Where each service is connected, as observed; what a person says (service_attachment) counts more.
create table network.service_place (
  service_id text primary key,
  device_id text references network.device on delete cascade,
  interface_id text references network.interface on delete set null,
  port_name text,
  via text not null check (via in ('WIRELESS', 'OPTICAL', 'FORWARDING', 'CIRCUIT_ID', 'NAS_PORT')),
  source text not null,
  observed_at timestamptz not null,
  -- Other places that are as likely; the device is null when none is likelier.
  alternatives text[] not null default '{}',
  check (device_id is not null or cardinality(alternatives) > 0)
);
create index service_place_device on network.service_place (device_id);

-- A customer's radio or optical equipment as the access point or line card last saw it.
create table network.customer_link (
  device_id text not null references network.device on delete cascade,
  -- Its MAC address, else its serial number.
  key text not null,
  medium text not null check (medium in ('WIRELESS', 'OPTICAL')),
  mac text,
  serial text,
  name text,
  interface_id text references network.interface on delete cascade,
  port_name text,
  -- Whose it is; null when nobody is known to have it.
  service_id text,
  signal_dbm real,
  snr_db real,
  ccq_percent real,
  down_bits_per_second numeric(20, 0),
  up_bits_per_second numeric(20, 0),
  rx_power_dbm real,
  tx_power_dbm real,
  line_rx_power_dbm real,
  distance_meters real,
  source text not null,
  seen_at timestamptz not null,
  -- Since when the device answers without it.
  gone_since timestamptz,
  primary key (device_id, key)
) with (fillfactor = 70);
create index customer_link_mac on network.customer_link (mac);
create index customer_link_serial on network.customer_link (serial);
create index customer_link_service on network.customer_link (service_id);

-- Levels over time, per service. Without foreign keys, in parts by time, as rates of ports.
create table network.customer_sample (
  service_id text not null,
  at timestamptz not null,
  device_id text not null,
  signal_dbm real,
  snr_db real,
  ccq_percent real,
  down_bits_per_second numeric(20, 0),
  up_bits_per_second numeric(20, 0),
  rx_power_dbm real,
  tx_power_dbm real,
  line_rx_power_dbm real,
  primary key (service_id, at)
) partition by range (at);
create table network_parts.customer_sample_default partition of network.customer_sample default;

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
    ('customer_sample', interval '7 days', interval '62 days')
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

-- Levels of customers: low is bad. A rule has limits above or below which it is raised, or is about a state.
alter table network.alarm_rule drop constraint alarm_rule_metric_check;
alter table network.alarm_rule drop constraint alarm_rule_check;
alter table network.alarm_rule add column raise_below double precision;
alter table network.alarm_rule add column clear_above double precision;
alter table network.alarm_rule add constraint alarm_rule_metric_check check (metric in (
  'PROCESSOR_PERCENT', 'MEMORY_PERCENT', 'INTERFACE_DOWN', 'CUSTOMER_SIGNAL_DBM', 'CUSTOMER_SNR_DB', 'CUSTOMER_RX_POWER_DBM', 'LINE_RX_POWER_DBM'));
alter table network.alarm_rule add constraint alarm_rule_limits_check check (
  case when metric in ('PROCESSOR_PERCENT', 'MEMORY_PERCENT') then raise_above is not null and raise_below is null
    when metric = 'INTERFACE_DOWN' then raise_above is null and raise_below is null
    else raise_above is null and raise_below is not null end);
alter table network.alarm_rule add constraint alarm_rule_low_check check (
  (clear_above is null) = (raise_below is null) and (clear_above is null or clear_above >= raise_below));
-- -27 dBm is what a class B+ ONU is specified to receive, -28 dBm what its line card is (ITU-T G.984.2 Amendment 1).
insert into network.alarm_rule (id, name, metric, severity, raise_below, clear_above, raise_after, clear_after, degrades) values
  ('alr_customer_signal', 'Customer radio weak', 'CUSTOMER_SIGNAL_DBM', 'MINOR', -80, -77, 3, 3, false),
  ('alr_customer_snr', 'Customer radio noisy', 'CUSTOMER_SNR_DB', 'MINOR', 12, 15, 3, 3, false),
  ('alr_customer_light', 'Customer receives little light', 'CUSTOMER_RX_POWER_DBM', 'MINOR', -27, -26, 2, 2, false),
  ('alr_line_light', 'Line card receives little light', 'LINE_RX_POWER_DBM', 'MINOR', -28, -27, 2, 2, false);

alter table network.alarm add column service_id text;
alter table network.alarm add column assigned_to text;
drop index network.alarm_active;
create unique index alarm_active on network.alarm (rule_id, device_id, coalesce(interface_id, ''), coalesce(service_id, ''))
  where cleared_at is null;
create index alarm_service on network.alarm (service_id) where cleared_at is null;

alter table network.maintenance_window add column cancelled_at timestamptz;
alter table network.maintenance_window add column cancelled_by text;
