-- What frees a customer from taxes, and rates that are not shipped: the ISP's own, or those of a rate service.
create table billing.tax_exemption (
  id text primary key,
  customer_id text not null references billing.account,
  -- A certificate of exemption, or the shift of the charge to a business elsewhere.
  kind text not null check (kind in ('CERTIFICATE', 'REVERSE_CHARGE')),
  -- The certificate's number, or the VAT id that was checked.
  evidence text not null check (length(evidence) between 1 and 200),
  jurisdiction text not null,
  from_day date not null,
  -- Exclusive: every certificate expires.
  to_day date not null check (to_day > from_day),
  recorded_by text not null,
  recorded_at timestamptz not null,
  unique (customer_id, kind, evidence, jurisdiction, from_day)
);
create index tax_exemption_customer on billing.tax_exemption (customer_id);
comment on table billing.tax_exemption is 'append-only';

-- A row takes over from the shipped rate, and from an older row, of its component and class on its day.
create table billing.tax_rate (
  id text primary key,
  jurisdiction text not null check (jurisdiction ~ '^[A-Z]{2}(-[A-Z0-9]{1,10})*$'),
  name text not null check (length(name) between 1 and 100),
  product_class text not null,
  percent numeric(9, 6) check (percent >= 0),
  -- Minor units for each line, such as an emergency-call fee.
  per_unit_minor bigint check (per_unit_minor >= 0),
  category text not null check (category in ('S', 'Z', 'E', 'AE', 'O')),
  from_day date not null,
  source text not null check (length(source) between 1 and 500),
  recorded_by text not null,
  recorded_at timestamptz not null,
  unique (jurisdiction, name, product_class, from_day),
  check ((percent is null) <> (per_unit_minor is null))
);
comment on table billing.tax_rate is 'append-only';

do $$
declare t text;
begin
  foreach t in array array['tax_exemption', 'tax_rate'] loop
    execute format('create trigger append_only before update or delete on billing.%I for each row execute function billing.forbid_change()', t);
    execute format('create trigger keep before truncate on billing.%I for each statement execute function billing.forbid_change()', t);
  end loop;
end $$;
