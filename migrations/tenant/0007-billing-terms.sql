-- What changes a price, and what is charged beside it.

-- Discounts of a service, in order: each works on what the earlier ones leave. Its line of charges is
-- <service line>/<discount> in service_line.
create table billing.discount (
  id text primary key,
  service_line_id text not null references billing.service_line,
  customer_id text not null references billing.account,
  ordinal integer not null,
  name text not null check (length(name) between 1 and 200),
  percent numeric(9, 6) check (percent > 0 and percent <= 100),
  amount_minor bigint check (amount_minor > 0),
  from_day date not null,
  -- Exclusive; null: for good.
  to_day date,
  granted_by text not null,
  unique (service_line_id, ordinal),
  check ((percent is null) <> (amount_minor is null)),
  check (to_day >= from_day)
);
create index discount_customer on billing.discount (customer_id);

-- Charged once, with the next invoice from that day on. Late fees name what they are of.
create table billing.fee (
  id text primary key,
  customer_id text not null references billing.account,
  reference text not null,
  description text not null check (length(description) between 1 and 200),
  product_class text not null,
  currency char(3) not null,
  amount_minor bigint not null check (amount_minor > 0),
  due_on date not null,
  late_invoice_id text references billing.document,
  late_step_id text,
  explanation jsonb not null,
  unique (customer_id, reference),
  unique (late_invoice_id, late_step_id),
  check ((late_invoice_id is null) = (late_step_id is null))
);
comment on table billing.fee is 'append-only';

-- Late fees of a campaign; each step once per invoice, never on late fees.
create table billing.late_fee_step (
  campaign_id text not null references billing.campaign,
  ordinal integer not null,
  id text not null,
  grace_days integer not null check (grace_days >= 0),
  kind text not null check (kind in ('fixed', 'percent', 'dailyInterest')),
  percent numeric(9, 6) check (percent > 0),
  -- A fixed fee is for invoices of its currency only.
  amount_minor bigint check (amount_minor > 0),
  currency char(3),
  cap_minor bigint check (cap_minor > 0),
  primary key (campaign_id, ordinal),
  unique (campaign_id, id),
  check ((kind = 'fixed') = (amount_minor is not null) and (kind = 'fixed') = (percent is null)),
  check ((amount_minor is null and cap_minor is null) or currency is not null)
);

-- A liability until it is applied or given back.
create table billing.deposit (
  id text primary key,
  customer_id text not null references billing.account,
  method text not null,
  reference text not null,
  currency char(3) not null,
  amount_minor bigint not null check (amount_minor > 0),
  received_on date not null,
  unique (method, reference)
);
create index deposit_customer on billing.deposit (customer_id);
comment on table billing.deposit is 'append-only';

create table billing.deposit_release (
  id text primary key,
  deposit_id text not null references billing.deposit,
  kind text not null check (kind in ('applied', 'refunded')),
  amount_minor bigint not null check (amount_minor > 0),
  reason text not null,
  released_on date not null
);
create index deposit_release_deposit on billing.deposit_release (deposit_id);
comment on table billing.deposit_release is 'append-only';

do $$
declare t text;
begin
  foreach t in array array['fee', 'deposit', 'deposit_release'] loop
    execute format('create trigger append_only before update or delete on billing.%I for each row execute function billing.forbid_change()', t);
    execute format('create trigger keep before truncate on billing.%I for each statement execute function billing.forbid_change()', t);
  end loop;
end $$;
