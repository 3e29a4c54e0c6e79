-- The order in which a tenant's payments earned: what came before an entry is a part of its arithmetic.
alter table partners.commission_entry add column ordinal bigint generated always as identity;
