-- Money that goes back, and money that will not come. What takes a settlement back is an allocation below zero.
alter table billing.allocation drop constraint allocation_amount_minor_check;
alter table billing.allocation add constraint allocation_amount_minor_check check (amount_minor <> 0);

create table billing.payment_return (
  id text primary key,
  payment_id text not null references billing.payment,
  customer_id text not null references billing.account,
  kind text not null check (kind in ('refund', 'chargeback')),
  -- The provider's or the bank's own id: a replay of its message is the same return.
  reference text not null,
  currency char(3) not null,
  amount_minor bigint not null check (amount_minor > 0),
  -- What the bank keeps for a chargeback.
  fee_minor bigint not null check (fee_minor >= 0),
  reason text not null,
  returned_on date not null,
  returned_at timestamptz not null,
  unique (payment_id, kind, reference)
);
create index payment_return_customer on billing.payment_return (customer_id);
comment on table billing.payment_return is 'append-only';

-- Write-offs above zero; a recovery, which opens the invoice again, below.
create table billing.write_off (
  id text primary key,
  document_id text not null references billing.document,
  customer_id text not null references billing.account,
  currency char(3) not null,
  amount_minor bigint not null check (amount_minor <> 0),
  reason text not null,
  written_on date not null,
  written_at timestamptz not null
);
create index write_off_document on billing.write_off (document_id);
create index write_off_customer on billing.write_off (customer_id);
comment on table billing.write_off is 'append-only';

do $$
declare t text;
begin
  foreach t in array array['payment_return', 'write_off'] loop
    execute format('create trigger append_only before update or delete on billing.%I for each row execute function billing.forbid_change()', t);
    execute format('create trigger keep before truncate on billing.%I for each statement execute function billing.forbid_change()', t);
  end loop;
end $$;
