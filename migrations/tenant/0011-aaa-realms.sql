-- Login names of others: who answers for name@realm.
create table network.realm (
  id text primary key,
  -- Without the @, in lower case.
  name text not null unique check (name = lower(name) and length(name) between 1 and 253),
  -- The home servers are asked for the name before the @ only.
  strip boolean not null,
  enabled boolean not null,
  created_at timestamptz not null
);

create table network.home_server (
  id text primary key,
  realm_id text not null references network.realm on delete cascade,
  -- The lowest that answers is asked.
  place integer not null check (place >= 0),
  host inet not null,
  auth_port integer not null check (auth_port between 1 and 65535),
  -- Null: it is not told of sessions.
  acct_port integer check (acct_port between 1 and 65535),
  secret bytea not null,
  unique (realm_id, place)
);
