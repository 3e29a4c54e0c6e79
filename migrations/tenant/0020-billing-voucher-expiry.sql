-- Vouchers that nobody redeemed nor used until their day: what was paid for them is no longer owed to anybody.
create table billing.voucher_expiry (
  voucher_id text primary key references billing.voucher,
  expired_on date not null
);
comment on table billing.voucher_expiry is 'append-only';
create trigger append_only before update or delete on billing.voucher_expiry
  for each row execute function billing.forbid_change();
create trigger keep before truncate on billing.voucher_expiry
  for each statement execute function billing.forbid_change();
