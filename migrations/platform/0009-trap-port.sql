-- Where a tenant's devices send SNMP traps and informs (UDP). Null until the reconciler has given it one.
alter table tenants.tenant add column trap_port integer;
