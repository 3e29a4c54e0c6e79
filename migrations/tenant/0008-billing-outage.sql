-- What subscribers get back for an outage, and the evidence it hangs on.
create table billing.outage_policy (
  -- There is one.
  id boolean primary key default true check (id),
  -- Shorter outages are not worth a credit.
  minimum_minutes integer not null check (minimum_minutes >= 0),
  -- Of what was charged for the time.
  percent numeric(9, 6) not null check (percent > 0 and percent <= 1000)
);
insert into billing.outage_policy (minimum_minutes, percent) values (60, 100);

create table billing.outage_credit (
  id text primary key,
  incident_id text not null,
  service_line_id text not null references billing.service_line,
  customer_id text not null references billing.account,
  summary text not null,
  from_at timestamptz not null,
  to_at timestamptz not null check (to_at > from_at),
  -- Without what another incident's credit of the same service covers.
  down_seconds bigint not null check (down_seconds > 0),
  state text not null default 'PROPOSED' check (state in ('PROPOSED', 'APPROVED', 'REJECTED')),
  decided_by text,
  decided_at timestamptz,
  because text,
  -- Of an approved one.
  credit_note_id text references billing.document deferrable initially deferred,
  unique (incident_id, service_line_id),
  check ((state = 'PROPOSED') = (decided_at is null)),
  check ((state = 'APPROVED') = (credit_note_id is not null))
);
create index outage_credit_service on billing.outage_credit (service_line_id);
create index outage_credit_customer on billing.outage_credit (customer_id);
create index outage_credit_proposed on billing.outage_credit (id) where state = 'PROPOSED';
