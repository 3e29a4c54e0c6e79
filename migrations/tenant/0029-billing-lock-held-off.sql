-- What shields keep off customers who were closed or slowed down: a debt that was given up is dunned no more, so no step
-- would bring its lock back. Gone once nothing that dunning counts is overdue.
create table billing.lock_held_off (
  customer_id text primary key references billing.account,
  because text not null,
  slow_to jsonb,
  held_off_at timestamptz not null
);
