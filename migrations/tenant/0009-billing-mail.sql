-- E-mail goes through an outbox: what is to be sent is written with the change that it tells of.
create table billing.mail_server (
  -- There is one.
  id boolean primary key default true check (id),
  -- smtp:// or smtps:// with user and password, under AES-256-GCM.
  sealed_url bytea not null,
  sender text not null,
  -- What happened before is not told of.
  since timestamptz not null
);

create table billing.mail (
  -- Also the left part of its Message-ID: sent again after a crash, it is recognised as the same.
  id text primary key,
  customer_id text not null references billing.account,
  kind text not null check (kind in ('invoice', 'receipt', 'paymentFailed', 'reminder', 'statement')),
  -- What it tells of, once: a document, a payment, an attempt, a step.
  about text not null,
  recipient text not null,
  subject text not null,
  body text not null,
  -- Attached as PDF.
  document_id text references billing.document,
  state text not null check (state in ('queued', 'sent', 'failed')),
  problem text,
  queued_at timestamptz not null,
  sent_at timestamptz,
  unique (kind, about),
  check ((state = 'sent') = (sent_at is not null))
);
create index mail_customer on billing.mail (customer_id, id);
create index mail_open on billing.mail (id) where state <> 'sent';
