-- What billing asks of all services of a customer, kept where services are ordered: a new one begins as his others are.
-- Null speeds: closed. Speeds are as events carry them (ShapingPayload).
create table subscribers.billing_lock (
  customer_id text primary key,
  because text not null,
  slow_to jsonb,
  locked_at timestamptz not null,
  locked_by text not null
);

insert into subscribers.billing_lock (customer_id, because, slow_to, locked_at, locked_by)
select customer_id, because, slow_to, requested_at, 'system:billing' from billing.lock;
