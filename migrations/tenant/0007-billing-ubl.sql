-- Who the parties of a document are, as EN 16931 wants to know it.
create table billing.seller (
  -- There is one.
  id boolean primary key default true check (id),
  name text not null check (length(name) between 1 and 200),
  street text not null,
  city text not null,
  postal_code text not null,
  country char(2) not null check (country ~ '^[A-Z]{2}$'),
  vat_id text,
  registration text,
  email text,
  iban text,
  check (num_nonnulls(vat_id, registration) > 0)
);

alter table billing.account
  add column street text,
  add column city text,
  add column postal_code text,
  add column country char(2) check (country ~ '^[A-Z]{2}$'),
  add column vat_id text;
