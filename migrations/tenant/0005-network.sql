-- The network: what there is, what every service should have, who is online, and every change on its way.
-- Octets are numeric(20, 0): a 64-bit counter does not fit a signed bigint.
create schema network;

create table network.site (
  id text primary key,
  name text not null unique check (length(name) between 1 and 200),
  latitude double precision check (latitude between -90 and 90),
  longitude double precision check (longitude between -180 and 180),
  created_at timestamptz not null
);

create table network.device (
  id text primary key,
  name text not null unique check (length(name) between 1 and 200),
  site_id text references network.site,
  -- What the device said about itself; null until it answered.
  vendor text,
  os text,
  model text,
  version text,
  serial text,
  state text not null check (state in ('UNKNOWN', 'ONLINE', 'DEGRADED', 'OFFLINE', 'MAINTENANCE')),
  -- Where the state comes from, in what words, and since when.
  state_source text not null,
  state_evidence text not null,
  state_since timestamptz not null,
  -- Polls without an answer in a row.
  missed_polls integer not null default 0,
  polled_at timestamptz,
  seen_at timestamptz,
  uptime_seconds bigint,
  processor_percent real,
  memory_used_bytes numeric(20, 0),
  memory_total_bytes numeric(20, 0),
  health_at timestamptz,
  created_at timestamptz not null
);

-- How a device is spoken to, per protocol.
create table network.management_address (
  device_id text not null references network.device on delete cascade,
  protocol text not null check (protocol in ('snmp', 'routeros')),
  host text not null,
  port integer not null check (port between 1 and 65535),
  -- The driver's own credential as JSON, sealed.
  credential bytea not null,
  -- What the device can do over this protocol, as it was probed.
  capabilities jsonb not null default '[]',
  -- The last failure; null when the last poll went through.
  failure text,
  primary key (device_id, protocol)
);

create table network.interface (
  id text primary key,
  device_id text not null references network.device on delete cascade,
  -- Survives a new ifIndex.
  stable_key text not null,
  name text not null,
  alias text,
  mac text,
  mtu integer,
  speed_bits_per_second numeric(20, 0),
  admin_status text,
  oper_status text,
  oper_status_since timestamptz,
  in_octets numeric(20, 0),
  out_octets numeric(20, 0),
  counter_bits smallint,
  counters_at timestamptz,
  counters_uptime_seconds double precision,
  in_bits_per_second numeric(20, 0),
  out_bits_per_second numeric(20, 0),
  seen_at timestamptz not null,
  unique (device_id, stable_key)
) with (fillfactor = 70);

-- Rates between two readings; kept for some days.
create table network.interface_rate (
  interface_id text not null references network.interface on delete cascade,
  at timestamptz not null,
  in_bits_per_second numeric(20, 0) not null,
  out_bits_per_second numeric(20, 0) not null,
  primary key (interface_id, at)
);
create index interface_rate_at on network.interface_rate (at);

-- A device that asks us whether a subscriber may log in. It is known by the address its packets come from.
create table network.nas (
  id text primary key,
  name text not null unique check (length(name) between 1 and 200),
  device_id text references network.device,
  source_address inet not null unique check (masklen(source_address) = case family(source_address) when 4 then 32 else 128 end),
  secret bytea not null,
  -- Still accepted during a rotation.
  previous_secret bytea,
  vendor_profile text not null,
  -- Where it listens for CoA; its source address when null.
  coa_host text,
  coa_port integer not null check (coa_port between 1 and 65535),
  require_message_authenticator text not null default 'AUTO' check (require_message_authenticator in ('AUTO', 'YES', 'NO')),
  message_authenticator_seen boolean not null default false,
  limit_proxy_state boolean not null default true,
  interim_interval_seconds integer not null default 300 check (interim_interval_seconds between 60 and 86400),
  enabled boolean not null default true,
  created_at timestamptz not null
);
create index nas_device on network.nas (device_id);

create table network.address_pool (
  id text primary key,
  name text not null unique,
  cidr cidr not null,
  created_at timestamptz not null,
  exclude using gist (cidr inet_ops with &&)
);

-- Every assignable address of every pool: giving one out is an update of one row, so two never get the same.
create table network.address (
  address inet primary key,
  pool_id text not null references network.address_pool,
  state text not null check (state in ('AVAILABLE', 'RESERVED', 'ASSIGNED', 'QUARANTINED')),
  service_id text unique,
  changed_at timestamptz not null,
  check ((state = 'ASSIGNED') = (service_id is not null))
) with (fillfactor = 70);
create index address_available on network.address (pool_id, address) where state = 'AVAILABLE';
create index address_quarantined on network.address (changed_at) where state = 'QUARANTINED';

-- What billing sells, as far as the network cares: the speeds of a plan's newest version.
create table network.plan (
  id text primary key,
  version_id text not null,
  name text not null,
  shaping jsonb not null
);

-- What one service should have. The devices are brought to this; see access_change.
create table network.access (
  service_id text primary key,
  customer_id text not null,
  plan_id text not null,
  username text not null,
  password bytea not null,
  -- The access device that serves him: where he was last online, or the only one there is.
  device_id text references network.device,
  -- Null until the plan is known.
  shaping jsonb,
  locks text[] not null default '{}',
  mode text not null check (mode in ('OPEN', 'WALLED_GARDEN', 'BLOCKED')),
  simultaneous_sessions integer not null default 1 check (simultaneous_sessions between 1 and 100),
  ready_at timestamptz,
  closed_at timestamptz,
  created_at timestamptz not null
);
create unique index access_username on network.access (username) where closed_at is null;
create index access_customer on network.access (customer_id);
create index access_waiting on network.access (plan_id) where shaping is null;

-- A subscriber's session as accounting tells of it. The NAS's own id is used again after its restart, so a session is
-- that id at one NAS for one user during one span of time.
create table network.session (
  id text primary key,
  nas_id text not null references network.nas,
  native_id text not null,
  username text not null,
  service_id text,
  device_id text,
  address inet,
  mac text,
  started_at timestamptz not null,
  -- The newest news of it, in the time of the NAS.
  updated_at timestamptz not null,
  stopped_at timestamptz,
  terminate_cause text,
  session_time_seconds bigint not null default 0,
  downstream_octets numeric(20, 0) not null default 0,
  upstream_octets numeric(20, 0) not null default 0,
  check ((stopped_at is null) = (terminate_cause is null))
) with (fillfactor = 70);
create unique index session_live on network.session (nas_id, native_id, username) where stopped_at is null;
create index session_native on network.session (nas_id, native_id, username, started_at desc);
create index session_service on network.session (service_id, started_at desc);
create index session_device_live on network.session (device_id) where stopped_at is null;

-- A change of one service's access on its way to the devices: desired, applied, read back.
create table network.access_change (
  id text primary key,
  service_id text not null references network.access,
  mode text not null check (mode in ('OPEN', 'WALLED_GARDEN', 'BLOCKED')),
  shaping jsonb,
  because text not null,
  actor text not null,
  state text not null check (state in ('REQUESTED', 'APPLIED', 'VERIFIED', 'UNVERIFIED', 'DIVERGED', 'FAILED', 'SUPERSEDED')),
  evidence text not null,
  attempts integer not null default 0,
  requested_at timestamptz not null,
  progressed_at timestamptz not null
);
-- One at a time on its way; a newer one supersedes it.
create unique index access_change_pending on network.access_change (service_id) where state in ('REQUESTED', 'APPLIED');
create index access_change_service on network.access_change (service_id, id desc);

-- What was done for a change, command by command; never changed.
create table network.access_change_step (
  change_id text not null references network.access_change,
  ordinal integer not null,
  at timestamptz not null,
  kind text not null check (kind in ('PLAN', 'APPLY', 'VERIFY')),
  -- The protocol it went over.
  protocol text not null,
  -- What it touched, the command with secrets removed, and how it ended.
  subject text not null,
  command text,
  ok boolean not null,
  message text not null,
  primary key (change_id, ordinal)
);
comment on table network.access_change_step is 'append-only: the record of what was sent to devices';
