-- Customers who pay ahead: what they have is owed to them, and buys the periods of their services as these begin.
create table billing.prepaid (
  customer_id text primary key references billing.account,
  since date not null,
  -- So many days before a purchase that the balance does not cover he is told.
  notice_days integer not null default 3 check (notice_days between 0 and 31),
  -- The purchase of which he was told that the balance does not cover it.
  told_of date,
  -- Since when the balance did not buy what was due; null while everything is bought.
  expired_on date
);
create index prepaid_expired on billing.prepaid (customer_id) where expired_on is not null;

-- The unused balance that was given back.
create table billing.prepaid_refund (
  id text primary key,
  customer_id text not null references billing.account,
  method text not null,
  reference text not null,
  currency char(3) not null,
  amount_minor bigint not null check (amount_minor > 0),
  reason text not null,
  refunded_on date not null,
  refunded_at timestamptz not null,
  unique (method, reference)
);
comment on table billing.prepaid_refund is 'append-only';

-- Of which payments and credit notes.
create table billing.prepaid_refund_part (
  refund_id text not null references billing.prepaid_refund,
  source_id text not null references billing.credit_item,
  amount_minor bigint not null check (amount_minor > 0),
  primary key (refund_id, source_id)
);
create index prepaid_refund_part_source on billing.prepaid_refund_part (source_id);
comment on table billing.prepaid_refund_part is 'append-only';

-- Days of a service that cost nothing, or less: at the customer's wish, or because his balance was used up.
create table billing.hold (
  id text primary key,
  service_line_id text not null references billing.service_line,
  customer_id text not null references billing.account,
  kind text not null check (kind in ('customer', 'expired')),
  from_day date not null,
  -- Exclusive; null until it is ended. From and to on one day is nothing.
  to_day date check (to_day >= from_day),
  -- Of the price that is charged meanwhile.
  percent numeric(9, 6) not null default 0 check (percent >= 0 and percent < 100),
  -- Whether the term of the contract grows by these days.
  extends_contract boolean not null default false,
  -- Whether the service was asked to be closed, and not yet to be opened again.
  locked boolean not null default false,
  because text not null check (length(because) between 1 and 500),
  set_by text not null,
  set_at timestamptz not null
);
create index hold_customer on billing.hold (customer_id);
create index hold_service on billing.hold (service_line_id);
create unique index hold_expired on billing.hold (service_line_id) where kind = 'expired' and to_day is null;

-- What a voucher grants beside its worth: network reads it from the events.
alter table billing.voucher_batch
  add column plan_id text references billing.plan,
  add column seconds bigint check (seconds > 0),
  add column octets bigint check (octets > 0);

create table billing.voucher_revocation (
  voucher_id text primary key references billing.voucher,
  because text not null check (length(because) between 1 and 500),
  revoked_by text not null,
  revoked_on date not null
);
comment on table billing.voucher_revocation is 'append-only';

alter table billing.mail drop constraint mail_kind_check;
alter table billing.mail add constraint mail_kind_check
  check (kind in ('invoice', 'receipt', 'paymentFailed', 'reminder', 'statement', 'lowBalance'));

do $$
declare t text;
begin
  foreach t in array array['prepaid_refund', 'prepaid_refund_part', 'voucher_revocation'] loop
    execute format('create trigger append_only before update or delete on billing.%I for each row execute function billing.forbid_change()', t);
    execute format('create trigger keep before truncate on billing.%I for each statement execute function billing.forbid_change()', t);
  end loop;
end $$;
