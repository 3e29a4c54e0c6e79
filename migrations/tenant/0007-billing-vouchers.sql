-- Vouchers: sold by the batch, redeemed once. Of a code only its hash is kept.
create table billing.voucher_batch (
  id text primary key,
  name text not null check (length(name) between 1 and 200),
  currency char(3) not null,
  -- Of each voucher.
  amount_minor bigint not null check (amount_minor > 0),
  count integer not null check (count between 1 and 10000),
  expires_on date,
  created_on date not null
);
comment on table billing.voucher_batch is 'append-only';

create table billing.voucher (
  id text primary key,
  batch_id text not null references billing.voucher_batch,
  hash text not null unique
);
create index voucher_batch_vouchers on billing.voucher (batch_id);
comment on table billing.voucher is 'append-only';

create table billing.voucher_redemption (
  voucher_id text primary key references billing.voucher,
  payment_id text not null unique references billing.payment
);
comment on table billing.voucher_redemption is 'append-only';

do $$
declare t text;
begin
  foreach t in array array['voucher_batch', 'voucher', 'voucher_redemption'] loop
    execute format('create trigger append_only before update or delete on billing.%I for each row execute function billing.forbid_change()', t);
    execute format('create trigger keep before truncate on billing.%I for each statement execute function billing.forbid_change()', t);
  end loop;
end $$;
