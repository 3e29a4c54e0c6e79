-- When a payment in cash goes back as a whole, so does what it was rounded by: a row of its own, which names the other.
alter table billing.cash_rounding
  drop constraint cash_rounding_payment_id_key,
  add column reverses text unique references billing.cash_rounding;
create unique index cash_rounding_payment on billing.cash_rounding (payment_id) where reverses is null;
