-- A rule of the tenant's own that was removed: its alarms of the past keep its name, and another may have it.
alter table network.alarm_rule add column removed_at timestamptz;
alter table network.alarm_rule add constraint alarm_rule_removed_check check (removed_at is null or created_by is not null);
alter table network.alarm_rule drop constraint alarm_rule_name_key;
create unique index alarm_rule_name on network.alarm_rule (name) where removed_at is null;
