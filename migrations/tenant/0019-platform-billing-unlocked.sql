-- What premium bundles unlock.

-- Advanced CRM: what somebody promised to do for a customer, and by when.
create table subscribers.follow_up (
  id text primary key,
  customer_id text not null references subscribers.customer,
  what text not null check (length(what) between 1 and 1000),
  due_on date not null,
  created_by text not null,
  created_at timestamptz not null,
  done_by text,
  done_at timestamptz,
  outcome text check (length(outcome) <= 1000),
  check ((done_at is null) = (done_by is null))
);
create index follow_up_customer on subscribers.follow_up (customer_id, due_on);
create index follow_up_due on subscribers.follow_up (due_on, id) where done_at is null;

-- Field Operations: a visit to a customer, from the order to its end.
create table subscribers.work_order (
  id text primary key,
  customer_id text not null references subscribers.customer,
  what text not null check (length(what) between 1 and 1000),
  state text not null check (state in ('PENDING', 'ASSIGNED', 'TRAVELLING', 'IN_PROGRESS', 'BLOCKED', 'COMPLETED', 'FAILED')),
  planned_on date,
  technician text,
  report text check (length(report) <= 4000),
  created_by text not null,
  created_at timestamptz not null,
  changed_at timestamptz not null,
  check (technician is not null or state in ('PENDING', 'FAILED'))
);
create index work_order_customer on subscribers.work_order (customer_id);
create index work_order_open on subscribers.work_order (planned_on, id) where state not in ('COMPLETED', 'FAILED');
