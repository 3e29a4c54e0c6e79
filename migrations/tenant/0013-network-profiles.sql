-- Device profiles that a tenant adds to ours: every version is kept, the newest of an id counts unless it is a retirement.
create table network.device_profile (
  id text not null,
  version integer not null check (version > 0),
  -- Null: from this version on the tenant has no profile of this id.
  content jsonb,
  added_by text not null,
  created_at timestamptz not null,
  primary key (id, version)
);
