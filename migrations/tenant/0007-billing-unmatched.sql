-- Money on the bank account: every line of a statement once, whoever sends the file how often.
create table billing.bank_line (
  id text primary key,
  -- SHA-256 over what the bank says, and which of equal lines of its file it is.
  hash text not null unique,
  account text not null,
  booked_on date not null,
  currency char(3) not null,
  amount_minor bigint not null check (amount_minor > 0),
  payer text,
  remittance text not null,
  imported_on date not null
);
comment on table billing.bank_line is 'append-only';

-- Whose it is. A match is undone by a return of its payment of the kind `reversal`; until the next it is in suspense.
create table billing.bank_match (
  line_id text not null references billing.bank_line,
  ordinal integer not null,
  payment_id text not null unique references billing.payment,
  because text not null check (because in ('reference', 'number', 'amountAndName', 'person')),
  primary key (line_id, ordinal)
);
comment on table billing.bank_match is 'append-only';

alter table billing.payment_return drop constraint payment_return_kind_check;
alter table billing.payment_return
  add constraint payment_return_kind_check check (kind in ('refund', 'chargeback', 'reversal'));

do $$
declare t text;
begin
  foreach t in array array['bank_line', 'bank_match'] loop
    execute format('create trigger append_only before update or delete on billing.%I for each row execute function billing.forbid_change()', t);
    execute format('create trigger keep before truncate on billing.%I for each statement execute function billing.forbid_change()', t);
  end loop;
end $$;
