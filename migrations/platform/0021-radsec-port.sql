-- Where a tenant's NASes come by RADIUS over TLS (TCP). Null until the reconciler has given it one.
alter table tenants.tenant add column radsec_port integer;
