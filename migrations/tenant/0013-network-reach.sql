-- Whether a device's host answered apart from its management protocol, when that was silent: ICMP, or a port that spoke.
alter table network.device
  add column reach_method text check (reach_method in ('FPING', 'PING', 'TCP', 'UDP')),
  add column reach_verdict text check (reach_verdict in ('REACHABLE', 'SILENT')),
  add column reach_rtt_milliseconds double precision,
  add column reach_detail text,
  add column reach_at timestamptz;
