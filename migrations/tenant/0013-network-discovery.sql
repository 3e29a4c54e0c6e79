-- A search for devices in ranges of addresses. What it finds are proposals: a person takes them into the inventory.
create table network.discovery (
  id text primary key,
  ranges text[] not null,
  port integer not null,
  -- Sealed: a list of credentials in the order they are tried; gone with the row after 30 days.
  credentials bytea not null,
  credential_labels text[] not null,
  state text not null check (state in ('RUNNING', 'DONE', 'CANCELLED')),
  total integer not null,
  -- Addresses looked at, in order: a restart goes on behind them.
  done integer not null default 0,
  started_by text not null,
  created_at timestamptz not null,
  ended_at timestamptz
);
-- One at a time, so that two do not hurry the same network.
create unique index discovery_running on network.discovery ((true)) where state = 'RUNNING';

create table network.discovery_proposal (
  id text primary key,
  discovery_id text not null references network.discovery on delete cascade,
  host text not null,
  port integer not null,
  -- Which of the credentials it answered to, from 0.
  credential integer not null,
  vendor text, os text, model text, version text, serial text, sys_name text, sys_descr text, sys_object_id text,
  profiles text[] not null,
  -- A device of the inventory that has this address already.
  known_device_id text references network.device on delete set null,
  -- The device it became.
  device_id text references network.device on delete set null,
  found_at timestamptz not null,
  unique (discovery_id, host)
);
