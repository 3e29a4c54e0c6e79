-- RADIUS dictionaries that a tenant adds to ours, in the syntax of FreeRADIUS.
create table network.radius_dictionary (
  name text primary key check (name ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
  -- Each stands on those before it.
  place integer not null unique,
  text text not null check (octet_length(text) <= 196608),
  -- Names of the vendors, and how many attributes, it added when it was.
  vendors text[] not null,
  attributes integer not null,
  added_by text not null,
  added_at timestamptz not null
);
