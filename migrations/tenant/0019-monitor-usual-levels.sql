-- A customer's own device is found by the MAC address of his equipment.
create index interface_mac on network.interface (mac) where mac is not null;
