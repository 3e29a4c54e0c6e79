-- Which MAC address a router has found for an IP address at which port: ARP (RFC 826) and neighbour discovery (RFC 4861).
create table network.resolved_address (
  device_id text not null references network.device on delete cascade,
  address inet not null,
  mac text not null,
  interface_id text references network.interface on delete cascade,
  port_name text,
  source text not null,
  seen_at timestamptz not null,
  primary key (device_id, address, mac)
) with (fillfactor = 70);
create index resolved_address_address on network.resolved_address (address);
create index resolved_address_mac on network.resolved_address (mac);

alter table network.service_place drop constraint service_place_via_check;
alter table network.service_place add constraint service_place_via_check
  check (via in ('WIRELESS', 'OPTICAL', 'FORWARDING', 'CIRCUIT_ID', 'ADDRESS_RESOLUTION', 'NAS_PORT'));
