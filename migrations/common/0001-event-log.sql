-- The event log: outbox, audit trail, subscription replay and webhook source in one.
--
-- A transaction inserts its events without a position. A single sequencer at a time (advisory lock) gives committed
-- rows their positions, without gaps and in commit order as far as it matters: two events of one subject never
-- change places, because the second writer waits for the first one's row lock. So a reader that has seen position n
-- can never be handed a smaller one later, however slow a transaction was.
create schema events;

create table events.event (
  id bigint generated always as identity primary key,
  position bigint unique,
  type text not null check (type ~ '^[a-zA-Z]+(\.[a-zA-Z]+)+$'),
  subject text not null,
  payload jsonb not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp(),
  actor text not null,
  trace_id text,
  -- SHA-256 over the previous hash and this row: a chain that shows any later change.
  hash bytea
);
create index event_unsequenced on events.event (id) where position is null;
create index event_subject on events.event (subject, position);

-- One row: where the log stands. `epoch` is part of every cursor and is raised by a restore.
create table events.head (
  single boolean primary key default true check (single),
  epoch integer not null default 1,
  position bigint not null default 0,
  -- The oldest position still kept; older cursors are expired.
  floor bigint not null default 0,
  hash bytea not null default '\x'
);
insert into events.head default values;

-- A consumer inside the database moves its position in the same transaction as its effect.
create table events.consumer (
  name text primary key,
  position bigint not null default 0,
  -- The last error of the event it stands before, for the operator.
  failure text,
  failed_at timestamptz,
  attempts integer not null default 0
);

create function events.forbid_change() returns trigger language plpgsql as $$
begin
  raise exception 'events are append-only: % on %', tg_op, tg_table_name;
end $$;

-- Only the sequencer's columns of a row may change, and only once.
create function events.guard_event() returns trigger language plpgsql as $$
begin
  if old.position is not null
    or (new.id, new.type, new.subject, new.payload, new.occurred_at, new.actor)
      is distinct from (old.id, old.type, old.subject, old.payload, old.occurred_at, old.actor) then
    raise exception 'event % is already written and cannot change', old.id;
  end if;
  return new;
end $$;
create trigger event_guard before update on events.event for each row execute function events.guard_event();

create function events.wake() returns trigger language plpgsql as $$
begin
  perform pg_notify('dotmac_events', '');
  return null;
end $$;
create trigger event_wake after insert on events.event for each statement execute function events.wake();

