-- Who may come in, and where requests go. Written by the control plane; the gateway only reads it, keeps it in memory
-- and is told of changes through NOTIFY, so that it serves on when this database is away.
create schema identity;
create schema routing;

-- A person: staff of a tenant, an operator or a partner. Subscribers live in their tenant's own database.
create table identity.account (
  id text primary key,
  email text not null unique check (email = lower(email)),
  name text not null,
  password_hash text not null,
  disabled_at timestamptz,
  created_at timestamptz not null
);

-- What a person may do where. Exactly one of tenant and partner is named, or neither for operators.
create table identity.membership (
  id text primary key,
  account_id text not null references identity.account,
  tenant_id text,
  partner_id text,
  role text not null,
  expires_at timestamptz,
  created_at timestamptz not null,
  check (num_nonnulls(tenant_id, partner_id) <= 1),
  unique nulls not distinct (account_id, tenant_id, partner_id, role)
);

create table identity.api_key (
  id text primary key,
  -- SHA-256 of the key's text, which is shown once and never stored.
  hash bytea not null check (length(hash) = 32),
  name text not null,
  tenant_id text,
  partner_id text,
  -- No scope means no access.
  scopes text[] not null,
  -- Empty means from anywhere.
  allowed_addresses cidr[] not null default '{}',
  expires_at timestamptz,
  revoked_at timestamptz,
  -- The key that this one takes over from; both work until the old one expires.
  rotated_from text references identity.api_key,
  last_used_at timestamptz,
  created_at timestamptz not null,
  created_by text not null,
  check (num_nonnulls(tenant_id, partner_id) = 1)
);
create index api_key_tenant on identity.api_key (tenant_id);

-- Public halves of the keys that sign people's tokens. A tenant's key vouches for that tenant's subscribers only.
create table identity.verification_key (
  id text primary key,
  public_pem text not null,
  tenant_id text,
  retired_at timestamptz,
  created_at timestamptz not null
);

-- Where a tenant's runtime answers. The control plane itself is not listed: the gateway is configured with it.
create table routing.route (
  tenant_id text primary key,
  slug text not null unique,
  name text not null,
  hostnames text[] not null default '{}',
  -- Whether requests may pass: a suspended tenant can still be read.
  state text not null check (state in ('ACTIVE', 'SUSPENDED', 'CLOSED')),
  -- `unix:/path` or `http://host:port`.
  origin text not null,
  generation integer not null default 1,
  changed_at timestamptz not null
);

create function routing.announce() returns trigger language plpgsql as $$
begin
  perform pg_notify('dotmac_routing', '');
  return null;
end $$;
create trigger announce after insert or delete or update on routing.route for each statement execute function routing.announce();
create trigger announce after insert or delete or update of hash, scopes, allowed_addresses, expires_at, revoked_at on identity.api_key
  for each statement execute function routing.announce();
create trigger announce after insert or delete or update on identity.verification_key for each statement execute function routing.announce();
create trigger announce after insert or delete or update on identity.membership for each statement execute function routing.announce();
create trigger announce after update of disabled_at on identity.account for each statement execute function routing.announce();
