-- What bounds a plan, what a service used of it, and what is sold beside a service.
alter table billing.plan drop constraint plan_kind_check;
alter table billing.plan
  add constraint plan_kind_check check (kind in ('ACCESS', 'BUNDLE', 'RATE_CARD', 'ADD_ON'));

-- One mechanism at most; octets and amounts within are decimal strings.
alter table billing.plan_version
  add column bound jsonb
    check (bound->>'mechanism' in ('VOLUME', 'CONTENTION', 'COMMITTED_RATE', 'ADDRESS_BLOCK'));

-- The newest word of accounting about a service and local day.
create table billing.usage_day (
  service_line_id text not null,
  day date not null,
  downstream_octets bigint not null check (downstream_octets >= 0),
  upstream_octets bigint not null check (upstream_octets >= 0),
  -- [[hour, downstream, upstream], …] where it is known by the hour.
  hours jsonb,
  complete boolean not null,
  -- Place in the event log of what said so: an older word does not overwrite a newer one.
  source_position bigint not null,
  primary key (service_line_id, day)
);

-- More volume for the period in which it is bought; it is charged as a fee.
create table billing.usage_top_up (
  id text primary key,
  service_line_id text not null references billing.service_line,
  customer_id text not null references billing.account,
  reference text not null,
  octets bigint not null check (octets > 0),
  bought_on date not null,
  fee_id text not null references billing.fee,
  unique (customer_id, reference)
);
create index usage_top_up_line on billing.usage_top_up (service_line_id, bought_on);
comment on table billing.usage_top_up is 'append-only';

-- What was last asked of the network for a service with a cap.
create table billing.usage_allowance (
  service_line_id text primary key references billing.service_line,
  state text not null check (state in ('WITHIN', 'THROTTLED', 'BLOCKED')),
  -- The version and period that it was judged by.
  version_id text not null,
  period_from date not null,
  because text not null
);
create index usage_allowance_reached on billing.usage_allowance (service_line_id) where state <> 'WITHIN';

-- A discount that anybody may be granted by its code.
create table billing.promotion (
  id text primary key,
  code text not null unique check (code ~ '^[A-Z0-9-]{3,40}$'),
  name text not null check (length(name) between 1 and 200),
  percent numeric(9, 6) check (percent > 0 and percent <= 100),
  amount_minor bigint check (amount_minor > 0),
  currency char(3),
  periods integer check (periods between 1 and 1200),
  -- Local days on which it may be taken, half-open.
  from_day date not null,
  to_day date check (to_day > from_day),
  -- Null: any.
  plan_ids text[],
  max_redemptions integer check (max_redemptions > 0),
  check ((percent is null) <> (amount_minor is null) and (amount_minor is null) = (currency is null))
);
comment on table billing.promotion is 'append-only';

-- Once per service.
create table billing.promotion_redemption (
  promotion_id text not null references billing.promotion,
  service_line_id text not null references billing.service_line,
  discount_id text not null unique references billing.discount,
  redeemed_on date not null,
  primary key (promotion_id, service_line_id)
);
comment on table billing.promotion_redemption is 'append-only';

do $$
declare t text;
begin
  foreach t in array array['usage_top_up', 'promotion', 'promotion_redemption'] loop
    execute format('create trigger append_only before update or delete on billing.%I for each row execute function billing.forbid_change()', t);
    execute format('create trigger keep before truncate on billing.%I for each statement execute function billing.forbid_change()', t);
  end loop;
end $$;
