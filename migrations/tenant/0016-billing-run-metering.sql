-- What the platform bills an ISP for: the subscribers with a service that was active at the close of each local day.
-- What was said of services, in the order of the event log; the state at the close of a day follows from it.
create table billing.service_activity (
  source_position bigint primary key,
  service_id text not null,
  customer_id text not null,
  kind text not null check (kind in ('started', 'ended', 'locks')),
  -- The local day from which a start or an end holds.
  effective_on date,
  -- Whether any lock remains.
  locked boolean,
  happened_at timestamptz not null,
  check ((kind = 'locks') = (effective_on is null) and (kind = 'locks') = (locked is not null))
);
create index service_activity_service on billing.service_activity (service_id, source_position);
comment on table billing.service_activity is 'append-only';

create table billing.metered_day (
  local_date date primary key,
  active_subscribers integer not null check (active_subscribers >= 0),
  -- SHA-256 over the day and the customers' ids in order: proof of who was counted.
  digest text not null check (digest ~ '^[0-9a-f]{64}$'),
  counted_at timestamptz not null
);
comment on table billing.metered_day is 'append-only';

-- Who was counted, as intervals: a subscriber who stays is one row, however many days.
create table billing.metered_stay (
  customer_id text not null,
  from_day date not null,
  -- Exclusive; null while he stays.
  to_day date check (to_day > from_day),
  primary key (customer_id, from_day)
);
create unique index metered_stay_open on billing.metered_stay (customer_id) where to_day is null;

-- The proof that came with the count of an ISP.
alter table billing.tenant_day add column digest text check (digest ~ '^[0-9a-f]{64}$');

do $$
declare t text;
begin
  foreach t in array array['service_activity', 'metered_day'] loop
    execute format('create trigger append_only before update or delete on billing.%I for each row execute function billing.forbid_change()', t);
    execute format('create trigger keep before truncate on billing.%I for each statement execute function billing.forbid_change()', t);
  end loop;
end $$;
