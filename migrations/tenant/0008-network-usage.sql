-- What services use, by local day and hour of the tenant, counted from their sessions; and what their data cap asks.
create table network.usage_day (
  service_id text not null,
  day date not null,
  downstream_octets numeric(20, 0) not null,
  upstream_octets numeric(20, 0) not null,
  -- When the event log was last told, in business time; null until then.
  told_at timestamptz,
  -- The day is over, every session of it has told its last, and the event log knows.
  complete boolean not null default false,
  primary key (service_id, day)
) with (fillfactor = 70);
create index usage_day_incomplete on network.usage_day (day) where not complete;

create table network.usage_hour (
  service_id text not null,
  day date not null,
  hour smallint not null check (hour between 0 and 23),
  downstream_octets numeric(20, 0) not null,
  upstream_octets numeric(20, 0) not null,
  primary key (service_id, day, hour)
) with (fillfactor = 70);
create index usage_hour_day on network.usage_hour (day);

-- How far a session's counters are in the tables above: the two move in one transaction, so octets count once.
create table network.usage_counted (
  session_id text primary key references network.session on delete cascade,
  downstream_octets numeric(20, 0) not null,
  upstream_octets numeric(20, 0) not null,
  counted_until timestamptz not null
) with (fillfactor = 70);

alter table network.access
  -- What holds instead of the plan's speed while the data cap is used up; kept here, so that a new login gets it too.
  add column throttle jsonb,
  -- The data cap is used up and leaves only the portal.
  add column cap_blocked boolean not null default false,
  -- What somebody set by hand, and until when; null: until it is taken back.
  add column override jsonb,
  add column override_until timestamptz;
create index access_override on network.access (override_until) where override_until is not null;
