-- Rates of ports in parts by time, so that what is old goes by dropping a table. Without foreign keys: what is known of a
-- port that is gone stays until its time is over. The application may not create tables; a function of the owner does.
create schema network_parts;

alter table network.interface_rate rename to interface_rate_before;
create table network.interface_rate (
  interface_id text not null,
  at timestamptz not null,
  in_bits_per_second numeric(20, 0) not null,
  out_bits_per_second numeric(20, 0) not null,
  primary key (interface_id, at)
) partition by range (at);
create table network_parts.interface_rate_default partition of network.interface_rate default;
insert into network.interface_rate select * from network.interface_rate_before;
drop table network.interface_rate_before;
create index interface_rate_at on network.interface_rate (at);

-- Means and peaks over five minutes, hours and days (UTC); `at` is where the span begins. No row: nothing was measured.
create table network.interface_rate_five_minutes (
  interface_id text not null,
  at timestamptz not null,
  samples integer not null,
  in_mean bigint not null,
  in_max bigint not null,
  out_mean bigint not null,
  out_max bigint not null,
  primary key (interface_id, at)
) partition by range (at);
create table network.interface_rate_hour (like network.interface_rate_five_minutes including all) partition by range (at);
create table network.interface_rate_day (like network.interface_rate_five_minutes including all) partition by range (at);
create table network_parts.interface_rate_five_minutes_default partition of network.interface_rate_five_minutes default;
create table network_parts.interface_rate_hour_default partition of network.interface_rate_hour default;
create table network_parts.interface_rate_day_default partition of network.interface_rate_day default;
create index interface_rate_five_minutes_at on network.interface_rate_five_minutes (at);
create index interface_rate_hour_at on network.interface_rate_hour (at);

-- Up to where each of them has been computed.
create table network.interface_rate_progress (
  resolution text primary key check (resolution in ('five_minutes', 'hour', 'day')),
  until timestamptz not null
);

-- Makes the parts that are needed around a time and drops those that ended before it by more than they are kept.
create function network.keep_rate_parts(at timestamptz) returns void language plpgsql security definer set search_path = pg_catalog as $$
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
    ('interface_rate_day', interval '364 days', interval '1830 days')
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
revoke execute on function network.keep_rate_parts(timestamptz) from public;
