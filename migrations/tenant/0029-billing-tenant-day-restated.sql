-- A counted day that turned out wrong: what was counted stays, and what holds instead is written beside it.
create table billing.tenant_day_restatement (
  tenant_id text not null,
  local_date date not null,
  revision integer not null check (revision > 0),
  active_subscribers integer not null check (active_subscribers >= 0),
  -- Ids of customers who were missing, and who should not have been counted, by the count before.
  added text[] not null,
  removed text[] not null,
  digest text not null check (digest ~ '^[0-9a-f]{64}$'),
  because text not null,
  restated_by text not null,
  restated_at timestamptz not null,
  primary key (tenant_id, local_date, revision),
  foreign key (tenant_id, local_date) references billing.tenant_day
);
comment on table billing.tenant_day_restatement is 'append-only';
create trigger append_only before update or delete on billing.tenant_day_restatement
  for each row execute function billing.forbid_change();
create trigger keep before truncate on billing.tenant_day_restatement
  for each statement execute function billing.forbid_change();

-- Days as they stand.
create view billing.standing_tenant_day as
  select d.tenant_id, d.local_date, coalesce(r.active_subscribers, d.active_subscribers) as active_subscribers,
    r.revision is not null as is_restated
  from billing.tenant_day d
  left join lateral (select active_subscribers, revision from billing.tenant_day_restatement r
    where r.tenant_id = d.tenant_id and r.local_date = d.local_date order by revision desc limit 1) r on true;
