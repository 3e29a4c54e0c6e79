-- Monitoring: what hangs on what, what is wrong, for whom, and since when.

-- When the first of the unanswered polls in a row ended; null while the device answers.
alter table network.device add column silent_since timestamptz;
-- When its last poll began: what was heard of it before, that poll has not seen.
alter table network.device add column asked_at timestamptz;
create index device_silent on network.device (id) where silent_since is not null;

-- A child reaches the rest of the network through its parents; one living parent is enough.
create table network.device_link (
  child_id text not null references network.device on delete cascade,
  parent_id text not null references network.device on delete cascade,
  source text not null check (source in ('MANUAL', 'LLDP')),
  created_at timestamptz not null,
  primary key (child_id, parent_id),
  check (child_id <> parent_id)
);
create index device_link_parent on network.device_link (parent_id);

-- Where a service is connected when that is not the device at which its subscriber logs in: an access point before a
-- central BNG, a PON port.
create table network.service_attachment (
  service_id text primary key,
  device_id text not null references network.device,
  -- Who said so.
  source text not null,
  attached_at timestamptz not null
);
create index service_attachment_device on network.service_attachment (device_id);
create index access_device on network.access (device_id) where closed_at is null;

create table network.incident (
  id text primary key,
  kind text not null check (kind in ('OUTAGE', 'MONITORING_FAULT')),
  state text not null check (state in ('SUSPECTED', 'CONFIRMED', 'CLEARING', 'RESOLVED')),
  root_device_id text not null references network.device,
  summary text not null,
  affected_services integer not null default 0,
  -- The first evidence, which is older than the row.
  started_at timestamptz not null,
  opened_at timestamptz not null,
  confirmed_at timestamptz,
  clearing_since timestamptz,
  resolved_at timestamptz,
  resolution text,
  merged_into text references network.incident,
  acknowledged_at timestamptz,
  acknowledged_by text,
  assigned_to text,
  check ((state = 'RESOLVED') = (resolved_at is not null)),
  check ((resolved_at is null) = (resolution is null))
);
create unique index incident_open on network.incident (root_device_id) where resolved_at is null;

create table network.incident_device (
  incident_id text not null references network.incident,
  device_id text not null references network.device on delete cascade,
  role text not null check (role in ('ROOT', 'CHILD')),
  joined_at timestamptz not null,
  primary key (incident_id, device_id)
);
create index incident_device_device on network.incident_device (device_id);

-- Whom it concerns: everybody whose way leads through the root, online or not.
create table network.incident_service (
  incident_id text not null references network.incident,
  service_id text not null,
  -- Whether a session was live when he was counted in.
  was_online boolean not null,
  added_at timestamptz not null,
  primary key (incident_id, service_id)
);
create index incident_service_service on network.incident_service (service_id);

-- Facts in the order in which they were learnt; never changed.
create table network.incident_evidence (
  incident_id text not null references network.incident,
  ordinal bigint generated always as identity,
  -- When it was so.
  at timestamptz not null,
  -- What tells it: a protocol, accounting, the topology.
  source text not null,
  device_id text,
  fact text not null,
  primary key (incident_id, ordinal)
);
comment on table network.incident_evidence is 'append-only: what an incident is based on';

alter table network.interface add column monitored boolean not null default false;

-- What counts as wrong. Thresholds are percent; rules about a state have none.
create table network.alarm_rule (
  id text primary key,
  name text not null unique,
  metric text not null check (metric in ('PROCESSOR_PERCENT', 'MEMORY_PERCENT', 'INTERFACE_DOWN')),
  -- ITU-T X.733.
  severity text not null check (severity in ('CRITICAL', 'MAJOR', 'MINOR', 'WARNING')),
  raise_above double precision,
  clear_below double precision,
  -- Readings in a row.
  raise_after integer not null check (raise_after between 1 and 100),
  clear_after integer not null check (clear_after between 1 and 100),
  -- Whether the device counts as degraded meanwhile.
  degrades boolean not null,
  enabled boolean not null default true,
  check ((raise_above is null) = (metric = 'INTERFACE_DOWN')),
  check ((clear_below is null) = (raise_above is null)),
  check (clear_below <= raise_above)
);
insert into network.alarm_rule (id, name, metric, severity, raise_above, clear_below, raise_after, clear_after, degrades) values
  ('alr_processor', 'Processor busy', 'PROCESSOR_PERCENT', 'MAJOR', 90, 80, 3, 3, true),
  ('alr_memory', 'Memory nearly full', 'MEMORY_PERCENT', 'MAJOR', 95, 90, 3, 3, true),
  ('alr_interface', 'Monitored port down', 'INTERFACE_DOWN', 'MAJOR', null, null, 1, 2, false);

-- How far each thing that a rule looks at is on its way to being raised or cleared.
create table network.alarm_watch (
  rule_id text not null references network.alarm_rule on delete cascade,
  device_id text not null references network.device on delete cascade,
  -- An interface's id; empty for the device itself.
  part text not null,
  raised boolean not null default false,
  -- Readings in a row that speak for a change.
  streak integer not null default 0,
  -- The latest changes, for flapping.
  changes timestamptz[] not null default '{}',
  primary key (rule_id, device_id, part)
) with (fillfactor = 70);

create table network.alarm (
  id text primary key,
  rule_id text not null references network.alarm_rule,
  device_id text not null references network.device on delete cascade,
  interface_id text references network.interface on delete cascade,
  severity text not null,
  evidence text not null,
  source text not null,
  raised_at timestamptz not null,
  -- When it last changed between raised and calm; a flapping alarm does not clear.
  changed_at timestamptz not null,
  flapping boolean not null default false,
  cleared_at timestamptz,
  acknowledged_at timestamptz,
  acknowledged_by text,
  suppressed_until timestamptz,
  suppressed_because text
);
create unique index alarm_active on network.alarm (rule_id, device_id, coalesce(interface_id, '')) where cleared_at is null;
create index alarm_device on network.alarm (device_id, id desc);

-- Planned work: while it lasts, what happens to the device and to everything behind it is nobody's alarm.
create table network.maintenance_window (
  id text primary key,
  device_id text not null references network.device on delete cascade,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  because text not null,
  created_by text not null,
  check (ends_at > starts_at)
);
create index maintenance_window_device on network.maintenance_window (device_id, ends_at);

-- The newest refusal of a login per service. That a login was accepted shows in its session.
create table network.login_rejection (
  service_id text primary key,
  reason text not null,
  at timestamptz not null
) with (fillfactor = 70);
