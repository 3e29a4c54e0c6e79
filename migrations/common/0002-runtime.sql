-- What a runtime remembers about itself.
create schema runtime;

-- A demo tenant's clock runs ahead of the machine's by this much; zero everywhere else.
create table runtime.clock (
  single boolean primary key default true check (single),
  ahead_milliseconds bigint not null default 0
);
insert into runtime.clock default values;

-- Work that is done once per local day: a row is written in the transaction that did it.
create table runtime.daily_run (
  name text not null,
  local_date date not null,
  finished_at timestamptz not null,
  primary key (name, local_date)
);

-- How far a relay has come in another database's event log. What it calls there is idempotent, so that a cursor that
-- lags behind repeats nothing.
create table runtime.relay (
  name text primary key,
  cursor text not null,
  moved_at timestamptz not null
);
