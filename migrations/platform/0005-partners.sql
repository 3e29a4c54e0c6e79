-- Partners bring ISPs and earn commission on what those pay.
create schema partners;

create table partners.partner (
  id text primary key,
  name text not null check (length(name) between 1 and 200),
  kind text not null check (kind in ('VENDOR', 'RESELLER', 'INTEGRATION')),
  email text not null unique check (email = lower(email)),
  state text not null check (state in ('APPLIED', 'ACTIVE', 'SUSPENDED', 'TERMINATED')),
  created_at timestamptz not null
);

-- What was agreed, by version: terms are never changed, only followed by others. Rates in basis points.
create table partners.agreement (
  id text primary key,
  partner_id text not null references partners.partner,
  version integer not null check (version > 0),
  sales_rate_basis_points integer not null check (sales_rate_basis_points between 1000 and 2000),
  -- Days until an earning can be paid out: refunds and disputes come first.
  hold_days integer not null default 30 check (hold_days between 0 and 365),
  lead_protection_days integer not null default 90 check (lead_protection_days between 60 and 180),
  valid_from timestamptz not null,
  unique (partner_id, version)
);
comment on table partners.agreement is 'append-only';

create table partners.lead (
  id text primary key,
  partner_id text not null references partners.partner,
  company text not null,
  email text not null check (email = lower(email)),
  state text not null check (state in ('SUBMITTED', 'APPROVED', 'REJECTED', 'WON', 'EXPIRED')),
  registered_at timestamptz not null,
  approved_at timestamptz,
  protected_until timestamptz,
  tenant_id text unique,
  check ((state = 'WON') = (tenant_id is not null))
);
create index lead_partner on partners.lead (partner_id, registered_at);
-- One open registration per company: the earlier one holds.
create unique index lead_open_email on partners.lead (email) where state in ('SUBMITTED', 'APPROVED');

-- Who brought a tenant, under which agreement.
create table partners.attribution (
  tenant_id text not null,
  role text not null check (role in ('SALES')),
  partner_id text not null references partners.partner,
  agreement_id text not null references partners.agreement,
  lead_id text references partners.lead,
  attributed_at timestamptz not null,
  -- The first year begins here; null until the tenant is live.
  live_at timestamptz,
  primary key (tenant_id, role)
);
create index attribution_partner on partners.attribution (partner_id);

create table partners.commission_entry (
  id text primary key,
  partner_id text not null references partners.partner,
  tenant_id text not null,
  role text not null,
  source_kind text not null check (source_kind in ('PAYMENT', 'REFUND', 'ADJUSTMENT')),
  -- The payment in tenant zero; it earns once.
  source_id text not null,
  -- Cash received net of tax, in minor units; negative for a refund.
  base_minor bigint not null,
  rate_basis_points integer not null,
  amount_minor bigint not null,
  currency char(3) not null,
  earned_at timestamptz not null,
  available_at timestamptz not null,
  unique (partner_id, role, source_kind, source_id)
);
create index commission_entry_partner on partners.commission_entry (partner_id, earned_at);
comment on table partners.commission_entry is 'append-only';
