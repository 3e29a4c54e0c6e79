-- Customers and the services they have. A service is a contract for one access line; who is online with it, and what
-- it costs, is the business of `network` and `billing`.
create schema subscribers;

create sequence subscribers.customer_number start 1001;

create table subscribers.customer (
  id text primary key,
  number bigint not null unique default nextval('subscribers.customer_number'),
  name text not null check (length(name) between 1 and 200),
  email text check (email = lower(email)),
  phone text,
  state text not null check (state in ('PROSPECT', 'ACTIVE', 'INACTIVE', 'CLOSED')),
  street text,
  city text,
  region text,
  postal_code text,
  country char(2),
  -- argon2id; null while the customer has no access to the portal.
  password_hash text,
  created_at timestamptz not null
);
create unique index customer_email on subscribers.customer (email) where email is not null and state <> 'CLOSED';

create table subscribers.service (
  id text primary key,
  customer_id text not null references subscribers.customer,
  plan_id text not null,
  state text not null check (state in ('ORDERED', 'ACTIVE', 'CANCELLED')),
  ordered_at timestamptz not null,
  activated_on date,
  cancelled_on date,
  check ((state = 'ORDERED') = (activated_on is null) or state = 'CANCELLED')
);
create index service_customer on subscribers.service (customer_id);

-- Why a service is closed to its customer. It is open when it has no row here; each reason has its own lifter.
create table subscribers.service_lock (
  service_id text not null references subscribers.service,
  reason text not null check (reason in ('BILLING', 'ABUSE', 'TECHNICAL', 'CUSTOMER_REQUEST', 'LEGAL')),
  because text not null,
  locked_at timestamptz not null,
  locked_by text not null,
  primary key (service_id, reason)
);
