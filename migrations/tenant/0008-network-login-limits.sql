-- What a login is held to beside its password. Empty lists and 0 hold nobody to anything.
alter table network.access
  -- The first so many MAC addresses that log in are learnt, and no other is let in; 0 lets every line in.
  add column mac_limit smallint not null default 0 check (mac_limit between 0 and 20),
  add column macs text[] not null default '{}',
  -- Where the subscriber may come from; all that are given must match.
  add column nas_ids text[] not null default '{}',
  add column port_ids text[] not null default '{}',
  add column circuit_ids text[] not null default '{}',
  -- One login too many ends the oldest session instead of being refused.
  add column kick_oldest boolean not null default false;
