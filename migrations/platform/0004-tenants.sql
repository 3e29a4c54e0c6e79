-- The control plane's view of its tenants: what should be, and how far it has come.
create schema tenants;

create table tenants.tenant (
  id text primary key,
  slug text not null unique check (slug ~ '^[a-z][a-z0-9-]{1,39}$'),
  name text not null,
  state text not null check (state in ('PROVISIONING', 'ACTIVE', 'SUSPENDED', 'FAILED', 'ARCHIVED')),
  time_zone text not null,
  currency char(3) not null,
  country char(2) not null,
  owner_email text not null,
  -- The operator's own business runs as tenant zero on the same software.
  is_platform boolean not null default false,
  demo boolean not null default false,
  -- Desired state of its workload: raised with every change of what runs.
  generation integer not null default 1,
  spec_hash text,
  radius_auth_port integer not null,
  radius_accounting_port integer not null,
  created_at timestamptz not null
);
create unique index tenant_platform on tenants.tenant (is_platform) where is_platform;

-- One per attempt to bring a tenant to life; its steps are the receipt.
create table tenants.provisioning_job (
  id text primary key,
  tenant_id text not null references tenants.tenant,
  state text not null check (state in ('RUNNING', 'SUCCEEDED', 'FAILED')),
  attempts integer not null default 0,
  started_at timestamptz not null,
  finished_at timestamptz,
  failure text
);
create index provisioning_job_tenant on tenants.provisioning_job (tenant_id, started_at);

create table tenants.provisioning_step (
  job_id text not null references tenants.provisioning_job,
  name text not null,
  ordinal integer not null,
  state text not null check (state in ('RUNNING', 'SUCCEEDED', 'FAILED')),
  started_at timestamptz not null,
  finished_at timestamptz,
  detail text not null default '',
  primary key (job_id, name)
);

-- Fencing: every control plane that takes over raises the epoch; drivers refuse older ones.
create table tenants.lease (
  single boolean primary key default true check (single),
  epoch integer not null default 0
);
insert into tenants.lease default values;

-- Permission to destroy a tenant's data, after a final proven backup.
create table tenants.tombstone (
  id text primary key,
  tenant_id text not null references tenants.tenant,
  reason text not null,
  actor text not null,
  purge_after timestamptz not null,
  created_at timestamptz not null
);
