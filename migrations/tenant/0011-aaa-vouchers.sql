-- Vouchers that are logged in with. Billing sells them and knows what they are worth; the network knows who is let in.
create table billing.voucher_use (
  voucher_id text primary key references billing.voucher,
  used_on date not null
);
comment on table billing.voucher_use is 'append-only';
create trigger append_only before update or delete on billing.voucher_use
  for each row execute function billing.forbid_change();
create trigger keep before truncate on billing.voucher_use
  for each statement execute function billing.forbid_change();

-- The access of a used one is in network.access under its id.
create table network.voucher (
  id text primary key,
  -- SHA-256 (hexadecimal) of the code; the code itself is nowhere.
  hash text not null unique,
  plan_id text not null,
  valid_seconds integer not null check (valid_seconds > 0),
  octets numeric(20, 0) check (octets > 0),
  -- The first local day on which an unused one is worth nothing.
  expires_on date,
  used_at timestamptz,
  -- Redeemed as money, or taken back: nobody logs in with it any more.
  void boolean not null default false
);
