-- Prices that are what is paid: their tax is part of them, and the net is what it leaves.
alter table billing.plan_version add column tax_inclusive boolean not null default false;
alter table billing.fee add column tax_inclusive boolean not null default false;
-- Of all prices of a customer, whatever plans and fees say; null: as they say.
alter table billing.account add column prices_include_tax boolean;
-- A line keeps how its price was meant: what is billed of its key is read as it was charged.
alter table billing.document_line add column tax_inclusive boolean not null default false;
-- What leaving early costs is meant as the price was, and what a device costs as it was agreed.
alter table billing.contract add column tax_inclusive boolean not null default false;
alter table billing.equipment add column tax_inclusive boolean not null default false;
