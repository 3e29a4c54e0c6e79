-- A change of plan that was previewed and confirmed: at once, or on the first day of the next period.
create table billing.plan_change (
  id text primary key,
  service_line_id text not null references billing.service_line,
  customer_id text not null references billing.account,
  plan_id text not null references billing.plan,
  on_day date not null,
  state text not null check (state in ('scheduled', 'ordered', 'cancelled')),
  confirmed_by text not null,
  confirmed_at timestamptz not null
);
create unique index plan_change_scheduled on billing.plan_change (service_line_id) where state = 'scheduled';
create index plan_change_due on billing.plan_change (on_day) where state = 'scheduled';

-- Rented devices are charged by the month beside everything else of the customer, from their delivery to their return.
alter table billing.equipment drop constraint equipment_kind_check;
alter table billing.equipment add constraint equipment_kind_check check (kind in ('sale', 'instalments', 'loan', 'rental'));
