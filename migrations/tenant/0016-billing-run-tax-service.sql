-- Where the rates of a place of supply are asked for that are not shipped: those of the United States.
create table billing.tax_service (
  -- There is one.
  id boolean primary key default true check (id),
  url text not null,
  -- Under AES-256-GCM; null where the service wants none.
  sealed_token bytea,
  -- Older answers are not billed by any more.
  maximum_age_hours integer not null check (maximum_age_hours between 1 and 8760),
  set_by text not null,
  set_at timestamptz not null
);

-- The newest answer for each place: [{"name": …, "productClass": …, "percent" | "perLineMinor": …, "onTopOf": […], …}].
create table billing.tax_quote (
  jurisdiction text primary key check (jurisdiction ~ '^US(-[A-Z0-9]{1,10})*$'),
  rates jsonb not null,
  source text not null,
  fetched_at timestamptz not null,
  expires_at timestamptz not null check (expires_at > fetched_at)
);
