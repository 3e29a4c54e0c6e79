-- Money: what is sold, what is owed, and why. Amounts are minor units of their currency. Whatever must not happen
-- twice is a primary key or a unique constraint here; whatever must not change afterwards is append-only.
create schema billing;

create function billing.forbid_change() returns trigger language plpgsql as $$
begin
  raise exception 'billing.% is append-only: % is refused', tg_table_name, tg_op using errcode = 'integrity_constraint_violation';
end $$;

-- The catalogue. A plan is sold at the version that is effective on the day of the sale, and keeps it.
create table billing.plan (
  id text primary key,
  name text not null check (length(name) between 1 and 200),
  kind text not null check (kind in ('ACCESS', 'BUNDLE', 'RATE_CARD')),
  created_at timestamptz not null
);

create table billing.plan_version (
  id text primary key,
  plan_id text not null references billing.plan,
  version integer not null check (version > 0),
  effective_from date not null,
  currency char(3) not null,
  -- For a full interval; a rate card has bands instead.
  price_minor bigint not null check (price_minor >= 0),
  interval_unit text not null check (interval_unit in ('day', 'week', 'month', 'year')),
  interval_count integer not null check (interval_count between 1 and 1200),
  timing text not null check (timing in ('inAdvance', 'inArrears')),
  product_class text not null,
  downstream_bits_per_second bigint check (downstream_bits_per_second > 0),
  upstream_bits_per_second bigint check (upstream_bits_per_second > 0),
  downstream_burst_bits_per_second bigint,
  downstream_burst_threshold_bits_per_second bigint,
  downstream_burst_seconds integer,
  upstream_burst_bits_per_second bigint,
  upstream_burst_threshold_bits_per_second bigint,
  upstream_burst_seconds integer,
  -- Graduated bands [{"upTo": "100", "unitPrice": "150"}, {"unitPrice": "120"}].
  bands jsonb,
  minimum_minor bigint check (minimum_minor >= 0),
  published_at timestamptz not null,
  unique (plan_id, version),
  unique (plan_id, effective_from),
  check ((downstream_bits_per_second is null) = (upstream_bits_per_second is null)),
  check (num_nulls(downstream_burst_bits_per_second, downstream_burst_threshold_bits_per_second, downstream_burst_seconds) in (0, 3)),
  check (num_nulls(upstream_burst_bits_per_second, upstream_burst_threshold_bits_per_second, upstream_burst_seconds) in (0, 3))
);
comment on table billing.plan_version is 'append-only';

-- One per customer. Whoever changes what a customer owes locks this row first.
create table billing.account (
  customer_id text primary key,
  name text not null,
  email text,
  currency char(3) not null,
  -- The day of the month on which periods begin; of the first service, until somebody sets it.
  anchor_day smallint check (anchor_day between 1 and 31),
  payment_term_days smallint not null default 14 check (payment_term_days between 0 and 365),
  -- Broadest first: CA, CA-QC. Empty: no tax.
  tax_jurisdictions text[] not null default '{}',
  -- In tenant zero: the ISP that this customer is, and the card its subscribers are counted by.
  tenant_id text unique,
  rate_card_plan_id text references billing.plan,
  live_from date,
  -- The next local day on which something may be due; null while nothing is.
  next_bill_on date,
  opened_at timestamptz not null,
  check ((tenant_id is null) = (rate_card_plan_id is null) and (tenant_id is null) = (live_from is null))
);
create index account_due on billing.account (next_bill_on, customer_id) where next_bill_on is not null;

-- What is charged again and again: a service on its plan, or a bundle.
create table billing.service_line (
  id text primary key,
  customer_id text not null references billing.account,
  -- Periods that ended by this day are settled: every charge and credit of theirs is on a document.
  settled_before date
);
create index service_line_customer on billing.service_line (customer_id);

create table billing.service_event (
  service_line_id text not null references billing.service_line,
  ordinal integer not null,
  type text not null check (type in ('start', 'change', 'cancel')),
  effective_on date not null,
  plan_id text,
  -- Null when the plan had no version on that day: its first version then holds.
  plan_version_id text references billing.plan_version,
  -- Place in the event log of what caused it, so that it is heard once.
  source_position bigint unique,
  primary key (service_line_id, ordinal),
  check ((type = 'cancel') = (plan_id is null))
);
comment on table billing.service_event is 'append-only';

-- Gap-free numbers and a chain of hashes. The row is locked last in a transaction, and for as short as can be.
create table billing.series (
  id text primary key,
  pattern text not null,
  digits integer not null,
  next_number bigint not null default 1,
  last_issued_on date,
  last_hash text not null default repeat('0', 64)
);
insert into billing.series (id, pattern, digits) values ('INVOICE', 'INV-{number}', 6), ('CREDIT_NOTE', 'CN-{number}', 6);

-- Invoices and credit notes. Amounts are signed: those of a credit note are not above zero.
create table billing.document (
  id text primary key,
  type text not null references billing.series,
  sequence bigint not null,
  number text not null,
  customer_id text not null references billing.account,
  currency char(3) not null,
  run_date date not null,
  issued_on date not null,
  due_on date not null check (due_on >= issued_on),
  net_minor bigint not null,
  tax_minor bigint not null,
  gross_minor bigint not null check (gross_minor = net_minor + tax_minor),
  -- For a credit note somebody made by hand.
  credits_document_id text references billing.document,
  reason text,
  -- Canonical JSON (RFC 8785) of what the document says, and SHA-256 of the hash before it and that text.
  snapshot text not null,
  hash text not null,
  issued_at timestamptz not null,
  unique (type, sequence),
  check (case type when 'INVOICE' then gross_minor >= 0 else gross_minor <= 0 end)
);
create index document_customer on billing.document (customer_id, sequence);
comment on table billing.document is 'append-only';

create table billing.document_line (
  id text primary key,
  -- Deferred: lines are written before their document takes its number.
  document_id text not null references billing.document deferrable initially deferred,
  ordinal integer not null,
  kind text not null check (kind in ('recurring', 'credit', 'usage', 'oneOff', 'adjustment')),
  description text not null,
  product_class text not null,
  -- The key of what is charged together, and how many lines it had before: the same charge cannot be written twice.
  service_line_id text not null,
  price_key text not null,
  period_from date not null,
  period_to date not null,
  correction integer not null check (correction >= 0),
  price_numerator numeric not null,
  price_denominator numeric not null default 1,
  day_count text not null check (day_count in ('actual', 'fixed30')),
  from_day date not null,
  to_day date not null,
  days integer not null,
  of_days integer not null,
  net_minor bigint not null,
  tax_minor bigint not null,
  -- The tax components of the line by id, and their share.
  tax_parts jsonb not null,
  explanation jsonb not null,
  unique (service_line_id, price_key, period_from, period_to, correction),
  check (kind = 'adjustment' or from_day < to_day)
);
create index document_line_document on billing.document_line (document_id);
comment on table billing.document_line is 'append-only';

create table billing.document_tax (
  document_id text not null references billing.document deferrable initially deferred,
  -- Component, rate and category together.
  tax_group text not null,
  component_id text not null,
  name text not null,
  category text not null,
  percent numeric,
  base_minor bigint not null,
  tax_minor bigint not null,
  explanation jsonb not null,
  primary key (document_id, tax_group)
);
comment on table billing.document_tax is 'append-only';

-- What is left to pay of an invoice.
create table billing.open_item (
  document_id text primary key references billing.document deferrable initially deferred,
  customer_id text not null,
  currency char(3) not null,
  due_on date not null,
  open_minor bigint not null check (open_minor >= 0)
);
create index open_item_customer on billing.open_item (customer_id) where open_minor > 0;
create index open_item_due on billing.open_item (due_on) where open_minor > 0;

-- A replay of a provider's or a bank's message is the same payment.
create table billing.payment (
  id text primary key,
  customer_id text not null references billing.account,
  method text not null,
  reference text not null,
  currency char(3) not null,
  amount_minor bigint not null check (amount_minor > 0),
  received_on date not null,
  received_at timestamptz not null,
  unique (method, reference)
);
create index payment_customer on billing.payment (customer_id, id);
comment on table billing.payment is 'append-only';

-- What a payment or a credit note holds that no invoice took yet: the customer's credit.
create table billing.credit_item (
  -- The payment's or the credit note's id.
  source_id text primary key,
  customer_id text not null references billing.account,
  currency char(3) not null,
  open_minor bigint not null check (open_minor >= 0),
  created_at timestamptz not null
);
create index credit_item_customer on billing.credit_item (customer_id) where open_minor > 0;

create table billing.allocation (
  source_id text not null,
  document_id text not null references billing.document deferrable initially deferred,
  amount_minor bigint not null check (amount_minor > 0),
  -- The share of the amount that is net of tax; over a whole invoice it sums to the invoice's net.
  net_minor bigint not null,
  allocated_at timestamptz not null,
  primary key (source_id, document_id)
);
create index allocation_document on billing.allocation (document_id);
comment on table billing.allocation is 'append-only';

-- Double entry: debits above zero, credits below.
create table billing.ledger_transaction (
  kind text not null,
  ref text not null,
  currency char(3) not null,
  posted_on date not null,
  primary key (kind, ref)
);
comment on table billing.ledger_transaction is 'append-only';

create table billing.ledger_entry (
  kind text not null,
  ref text not null,
  account text not null,
  currency char(3) not null,
  amount_minor bigint not null check (amount_minor <> 0),
  primary key (kind, ref, account),
  foreign key (kind, ref) references billing.ledger_transaction
);
create index ledger_entry_account on billing.ledger_entry (account, currency);
comment on table billing.ledger_entry is 'append-only';

-- Every statement adds whole transactions, so zero-sum holds at any instant, and costs one pass over what is new.
create function billing.check_balanced() returns trigger language plpgsql as $$
declare wrong record;
begin
  select kind, ref, currency, sum(amount_minor) as total into wrong
    from added group by kind, ref, currency having sum(amount_minor) <> 0 limit 1;
  if found then
    raise exception 'the entries of % % sum to % %, not to 0', wrong.kind, wrong.ref, wrong.total, wrong.currency
      using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end $$;
create trigger ledger_balanced after insert on billing.ledger_entry
  referencing new table as added for each statement execute function billing.check_balanced();

-- Dunning: campaigns are data.
create table billing.campaign (
  id text primary key,
  name text not null,
  is_default boolean not null default false
);
create unique index campaign_default on billing.campaign (is_default) where is_default;

-- Less than this is not dunned; a currency without a row is dunned from one minor unit on.
create table billing.campaign_threshold (
  campaign_id text not null references billing.campaign,
  currency char(3) not null,
  minimum_minor bigint not null check (minimum_minor > 0),
  primary key (campaign_id, currency)
);

create table billing.dunning_step (
  campaign_id text not null references billing.campaign,
  ordinal integer not null,
  id text not null,
  days_after_due integer not null check (days_after_due >= 0),
  action text not null check (action in ('reminder', 'secondReminder', 'suspensionNotice', 'walledGarden', 'terminate')),
  minimum_days_after_previous integer not null default 0,
  primary key (campaign_id, ordinal),
  unique (campaign_id, id)
);
insert into billing.campaign values ('standard', 'Standard', true);
insert into billing.dunning_step values
  ('standard', 1, 'reminder', 3, 'reminder', 0),
  ('standard', 2, 'second-reminder', 6, 'secondReminder', 3),
  ('standard', 3, 'suspension-notice', 9, 'suspensionNotice', 3),
  ('standard', 4, 'walled-garden', 14, 'walledGarden', 5);

-- From the first overdue day until nothing is overdue any more.
create table billing.dunning_cycle (
  id text primary key,
  customer_id text not null references billing.account,
  campaign_id text not null references billing.campaign,
  currency char(3) not null,
  oldest_due_on date not null,
  closed_on date
);
create unique index dunning_cycle_open on billing.dunning_cycle (customer_id, currency) where closed_on is null;

create table billing.dunning_taken (
  cycle_id text not null references billing.dunning_cycle,
  step_id text not null,
  taken_on date not null,
  overdue_minor bigint not null,
  primary key (cycle_id, step_id)
);

-- Customers whose services billing wants closed.
create table billing.lock (
  customer_id text primary key references billing.account,
  because text not null,
  requested_at timestamptz not null
);

-- Stops enforcement while it stands.
create table billing.shield (
  id text primary key,
  customer_id text not null references billing.account,
  kind text not null check (kind in ('grace', 'promiseToPay', 'paymentArrangement', 'paymentProofUnderReview', 'serviceExtension', 'outage', 'dispute')),
  from_day date not null,
  -- Exclusive; null stands until it is lifted.
  until_day date check (until_day > from_day),
  -- Null: the whole account.
  invoice_ids text[],
  because text not null,
  granted_by text not null,
  lifted_at timestamptz
);
create index shield_standing on billing.shield (customer_id) where lifted_at is null;

-- Accounts that a run could not bill, for a person to look at. The others go on.
create table billing.problem (
  customer_id text primary key references billing.account,
  message text not null,
  noticed_at timestamptz not null
);

-- Tenant zero: subscribers of an ISP with an active service at the close of a local day, as the ISP's runtime counted.
create table billing.tenant_day (
  tenant_id text not null,
  local_date date not null,
  active_subscribers integer not null check (active_subscribers >= 0),
  event_id text not null unique,
  recorded_at timestamptz not null,
  primary key (tenant_id, local_date)
);
comment on table billing.tenant_day is 'append-only';

-- The second lock behind the missing rights of the application's role.
do $$
declare t text;
begin
  foreach t in array array['plan_version', 'service_event', 'document', 'document_line', 'document_tax', 'payment',
    'allocation', 'ledger_transaction', 'ledger_entry', 'tenant_day'] loop
    execute format('create trigger append_only before update or delete on billing.%I for each row execute function billing.forbid_change()', t);
    execute format('create trigger keep before truncate on billing.%I for each statement execute function billing.forbid_change()', t);
  end loop;
end $$;
