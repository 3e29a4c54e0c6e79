-- Payment providers: what they keep for us, what we ask of them, and what they tell.
create table billing.provider (
  -- The method of its payments, and the last part of its webhook's path.
  id text primary key check (id ~ '^[a-z][a-zA-Z0-9-]{0,39}$'),
  kind text not null check (kind in ('stripe', 'sandbox')),
  -- {"secretKey", "webhookSecret"} under AES-256-GCM.
  sealed_credentials bytea not null,
  enabled boolean not null,
  changed_at timestamptz not null
);

-- The provider's name of a customer.
create table billing.provider_customer (
  provider_id text not null references billing.provider,
  customer_id text not null references billing.account,
  external_id text not null,
  primary key (provider_id, customer_id),
  unique (provider_id, external_id)
);

-- What a customer pays with: a token of the provider's, never a number of a card or an account.
create table billing.payment_method (
  id text primary key,
  provider_id text not null references billing.provider,
  customer_id text not null references billing.account,
  sealed_token bytea not null,
  -- SHA-256 of the token: the same is stored once.
  token_hash text not null,
  type text not null,
  label text not null,
  -- The first day on which it is no longer good.
  expires_on date,
  added_at timestamptz not null,
  added_by text not null,
  removed_at timestamptz
);
create unique index payment_method_token on billing.payment_method (provider_id, token_hash) where removed_at is null;
create index payment_method_customer on billing.payment_method (customer_id) where removed_at is null;

alter table billing.account add column autopay_method_id text references billing.payment_method;
create index account_autopay on billing.account (customer_id) where autopay_method_id is not null;

-- The collecting of one invoice with one method, over as many attempts as it takes.
create table billing.collection (
  id text primary key,
  document_id text not null references billing.document,
  customer_id text not null references billing.account,
  method_id text not null references billing.payment_method,
  currency char(3) not null,
  state text not null check (state in ('active', 'succeeded', 'stopped')),
  because text,
  first_attempt_on date not null,
  -- Null while an attempt is under way, and when there is none to come.
  next_attempt_on date,
  begun_by text not null,
  check (state = 'active' or next_attempt_on is null)
);
create unique index collection_active on billing.collection (document_id) where state = 'active';
create index collection_document on billing.collection (document_id);
create index collection_due on billing.collection (next_attempt_on) where next_attempt_on is not null;

-- What is asked of the provider under one key: its outcome only moves forward.
create table billing.charge_attempt (
  document_id text not null references billing.document,
  ordinal integer not null check (ordinal > 0),
  collection_id text not null references billing.collection,
  customer_id text not null references billing.account,
  provider_id text not null references billing.provider,
  -- SHA-256 over the invoice and the ordinal.
  key text not null unique,
  currency char(3) not null,
  amount_minor bigint not null check (amount_minor > 0),
  -- `sent` is committed before the provider is asked: from then on it may know of the attempt.
  state text not null check (state in ('requested', 'cancelled', 'sent', 'pending', 'failed', 'succeeded')),
  charge_id text,
  decline_class text check (decline_class in ('soft', 'insufficientFunds', 'authenticationRequired', 'hard')),
  decline_code text,
  attempted_on date not null,
  sent_at timestamptz,
  settled_at timestamptz,
  payment_id text references billing.payment,
  primary key (document_id, ordinal),
  unique (provider_id, charge_id),
  check ((state = 'failed') <= (decline_class is not null)),
  check ((state = 'succeeded') = (payment_id is not null))
);
-- One at a time per invoice.
create unique index charge_attempt_open on billing.charge_attempt (document_id) where state in ('requested', 'sent', 'pending');
create index charge_attempt_collection on billing.charge_attempt (collection_id);
create index charge_attempt_customer on billing.charge_attempt (customer_id) where state in ('sent', 'pending');

-- Money that goes back through the provider. What is under way is no longer there to be returned otherwise.
create table billing.provider_refund (
  -- Also the key under which the provider is asked.
  id text primary key,
  payment_id text not null references billing.payment,
  customer_id text not null references billing.account,
  provider_id text not null references billing.provider,
  charge_id text not null,
  reference text not null,
  reason text not null,
  currency char(3) not null,
  amount_minor bigint not null check (amount_minor > 0),
  state text not null check (state in ('requested', 'pending', 'failed', 'succeeded')),
  refund_id text,
  failure text,
  return_id text references billing.payment_return,
  requested_on date not null,
  requested_at timestamptz not null,
  unique (payment_id, reference),
  check ((state = 'succeeded') = (return_id is not null))
);
create index provider_refund_open on billing.provider_refund (payment_id) where state in ('requested', 'pending');

-- What a provider told, stored before it is understood; told again it is the same.
create table billing.webhook_event (
  provider_id text not null references billing.provider,
  event_id text not null,
  type text not null,
  charge_id text,
  body text not null,
  received_at timestamptz not null,
  state text not null check (state in ('received', 'processed', 'ignored', 'failed')),
  problem text,
  primary key (provider_id, event_id)
);
create index webhook_event_open on billing.webhook_event (received_at) where state in ('received', 'failed');

-- The test provider's own books, as if they were elsewhere: demos have it.
create table billing.sandbox_charge (
  id text primary key,
  key text not null unique,
  request_hash text not null,
  customer text not null,
  currency char(3) not null,
  amount_minor bigint not null,
  state text not null,
  decline_class text,
  decline_code text,
  made_at timestamptz not null
);
create table billing.sandbox_refund (
  id text primary key,
  key text not null unique,
  charge_id text not null references billing.sandbox_charge,
  amount_minor bigint not null check (amount_minor > 0)
);
