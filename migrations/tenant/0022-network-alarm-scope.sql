-- Devices that are looked at together wherever they stand, such as all core routers.
create table network.device_group (
  id text primary key,
  name text not null unique check (length(name) between 1 and 200),
  created_by text not null,
  created_at timestamptz not null
);
create table network.device_group_member (
  group_id text not null references network.device_group on delete cascade,
  device_id text not null references network.device on delete cascade,
  primary key (group_id, device_id)
);
create index device_group_member_device on network.device_group_member (device_id);

-- Where a rule of the tenant's own holds: at one device, at one site, in one group, or everywhere.
alter table network.alarm_rule add column device_id text references network.device;
alter table network.alarm_rule add column site_id text references network.site;
alter table network.alarm_rule add column group_id text references network.device_group;
alter table network.alarm_rule add constraint alarm_rule_scope_check check (num_nonnulls(device_id, site_id, group_id) <= 1);
alter table network.alarm_rule add constraint alarm_rule_scope_own_check
  check (created_by is not null or num_nonnulls(device_id, site_id, group_id) = 0);
