-- Pools that lend addresses and prefixes for as long as a session lasts, and what answers "who had this address".
alter table network.address_pool
  add column kind text not null default 'IPV4' check (kind in ('IPV4', 'IPV6_PREFIX', 'DELEGATED_PREFIX')),
  -- STATIC: a service keeps its address for good. SESSION: it is lent at login, the same one again while nobody else needs it.
  add column assignment text not null default 'STATIC' check (assignment in ('STATIC', 'SESSION')),
  -- The length of what one line gets.
  add column lent_length smallint not null default 32 check (lent_length between 16 and 128),
  -- The NASes that lend from it; all when empty.
  add column nas_ids text[] not null default '{}',
  add check (kind = 'IPV4' or assignment = 'SESSION'),
  add check ((kind = 'IPV4') = (family(cidr) = 4));

-- What is lent, or was: who comes back gets the same. In memory at login; written soon after.
create table network.lease (
  prefix cidr primary key,
  pool_id text not null references network.address_pool,
  service_id text not null,
  mac text,
  lent_at timestamptz not null,
  -- Null while it is lent.
  released_at timestamptz
) with (fillfactor = 70);
create index lease_pool on network.lease (pool_id);

alter table network.access
  -- Lends its sessions their IPv4 address, and no other pool does; null: any of the NAS's.
  add column pool_id text references network.address_pool,
  add column static_ipv6_prefix cidr unique check (family(static_ipv6_prefix) = 6),
  add column static_delegated_prefix cidr unique check (family(static_delegated_prefix) = 6);

create index session_address on network.session (address, started_at desc);

-- What a session had beside its IPv4 address, as accounting told: prefixes, and ports behind a carrier-grade NAT.
create table network.session_prefix (
  session_id text not null references network.session on delete cascade,
  prefix cidr not null,
  -- All ports without one.
  first_port integer not null default 0 check (first_port between 0 and 65535),
  last_port integer not null default 65535 check (last_port between first_port and 65535),
  since timestamptz not null,
  -- Given back before the session ended; null: as long as the session.
  until timestamptz,
  primary key (session_id, prefix, first_port, last_port)
);
create index session_prefix_prefix on network.session_prefix using gist (prefix inet_ops);

-- Deterministic carrier-grade NAT (RFC 7422): which inside address uses which ports of which outside address.
create table network.cgnat_block (
  id text primary key,
  inside cidr not null check (family(inside) = 4),
  outside cidr not null check (family(outside) = 4),
  first_port integer not null check (first_port between 1 and 65535),
  ports_per_host integer not null check (ports_per_host between 1 and 65535),
  created_at timestamptz not null,
  exclude using gist (outside inet_ops with &&)
);
