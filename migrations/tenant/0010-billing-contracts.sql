-- What was agreed about how long a service runs, and what leaving early costs.
create table billing.contract (
  id text primary key,
  service_line_id text not null references billing.service_line,
  customer_id text not null references billing.account,
  started_on date not null,
  months integer not null check (months between 1 and 120),
  notice_days integer not null check (notice_days between 0 and 365),
  -- After the term it renews by so many months, or runs on monthly when 0.
  renew_months integer not null check (renew_months between 0 and 120),
  fee_kind text not null check (fee_kind in ('none', 'fixed', 'remainingMonths', 'declining')),
  fee_minor bigint check (fee_minor > 0),
  fee_percent numeric(9, 6) check (fee_percent > 0 and fee_percent <= 100),
  -- Of the version that was sold: what the fee is counted by does not move with the price.
  monthly_rate_minor bigint check (monthly_rate_minor >= 0),
  currency char(3) not null,
  agreed_by text not null,
  agreed_at timestamptz not null,
  waived_because text,
  waived_by text,
  -- The day on which the service ended, or another contract took this one's place.
  ended_on date,
  check (case fee_kind when 'none' then fee_minor is null when 'remainingMonths' then fee_percent is not null and monthly_rate_minor is not null else fee_minor is not null end),
  check ((waived_because is null) = (waived_by is null))
);
create unique index contract_running on billing.contract (service_line_id) where ended_on is null;
create index contract_service on billing.contract (service_line_id);

-- Devices that a customer bought, at once or in instalments, or has on loan until he brings them back.
create table billing.equipment (
  id text primary key,
  customer_id text not null references billing.account,
  -- With whose end the instalments that are left fall due.
  service_line_id text references billing.service_line,
  kind text not null check (kind in ('sale', 'instalments', 'loan')),
  description text not null check (length(description) between 1 and 150),
  serial text,
  currency char(3) not null,
  -- Of the device; of one on loan, what it costs not to bring it back.
  price_minor bigint not null check (price_minor > 0),
  instalments integer not null check (instalments between 1 and 60),
  delivered_on date not null,
  returned_on date,
  charged_on date,
  recorded_by text not null,
  check (kind = 'instalments' or instalments = 1),
  check (returned_on is null or charged_on is null)
);
create index equipment_customer on billing.equipment (customer_id);
create index equipment_instalments on billing.equipment (id) where kind = 'instalments';
