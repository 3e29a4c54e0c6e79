-- Traps of addresses that no device has: somebody forgot to register it, or sends what nobody asked for.
create table network.trap_inbox (
  source_address inet not null,
  trap_oid text not null check (length(trap_oid) between 1 and 1000),
  version text not null,
  count bigint not null default 1,
  first_at timestamptz not null,
  last_at timestamptz not null,
  primary key (source_address, trap_oid)
) with (fillfactor = 70);
create index trap_inbox_last on network.trap_inbox (last_at);
