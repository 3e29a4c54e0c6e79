-- What limits a login in time and volume, and which refusals are an accept into the walled garden instead.
alter table network.access
  -- Validity, quotas and hours as LoginTerms; null for the many services that have none.
  add column terms jsonb check (jsonb_typeof(terms) = 'object'),
  -- Why its terms keep it from being online now, as it was brought to the devices; null while they do not.
  add column terms_ended text
    check (terms_ended in ('EXPIRED', 'VOUCHER_USED', 'OUTSIDE_HOURS', 'TIME_QUOTA_USED', 'VOLUME_QUOTA_USED')),
  add check (terms is not null or terms_ended is null);
create index access_terms on network.access (service_id) where terms is not null and closed_at is null;

-- A reason that is not here is treated as DotMac does of itself.
create table network.garden_rule (
  reason text primary key,
  -- Accepted into the walled garden instead of refused.
  admitted boolean not null,
  -- What the accept carries beside the vendor's own garden; null: nothing.
  address_list text,
  filter_id text,
  pool text,
  redirect_url text
);
