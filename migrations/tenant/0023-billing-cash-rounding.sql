-- What a payment in cash settles beyond its coins (above zero), or is more than what it settles (below): a source of an
-- allocation of its own.
create table billing.cash_rounding (
  id text primary key,
  payment_id text not null unique references billing.payment,
  document_id text not null references billing.document,
  currency char(3) not null,
  due_minor bigint not null check (due_minor > 0),
  -- The least coin at the time, and since when it is that.
  coin_minor bigint not null check (coin_minor > 1),
  coin_since date not null,
  amount_minor bigint not null check (amount_minor <> 0 and 2 * abs(amount_minor) <= coin_minor)
);
create index cash_rounding_document on billing.cash_rounding (document_id);
comment on table billing.cash_rounding is 'append-only';
create trigger append_only before update or delete on billing.cash_rounding
  for each row execute function billing.forbid_change();
create trigger keep before truncate on billing.cash_rounding
  for each statement execute function billing.forbid_change();
