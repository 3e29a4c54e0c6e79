-- Why the last poll over a management address failed, as a stable code; null is well.
alter table network.management_address add column failure_code text;
