-- Who pays for whom. What a member is charged is owed by his payer, who is dunned and pays for it.
alter table billing.account
  add column payer_id text references billing.account,
  -- consolidated: one invoice to the payer; summary: a member's own invoices, listed for the payer; passThrough: a
  -- member's own invoices, which a reseller pays.
  add column payer_mode text check (payer_mode in ('consolidated', 'summary', 'passThrough')),
  -- A payer or a member: they are billed together, after everybody else.
  add column grouped boolean not null default false,
  add constraint account_payer check ((payer_id is null) = (payer_mode is null) and payer_id is distinct from customer_id
    and (payer_id is null or grouped));
create index account_payer on billing.account (payer_id) where payer_id is not null;
create index account_grouped on billing.account (next_bill_on) where grouped;

-- What a payer gets with the invoices of his members: their list and sum.
create table billing.summary (
  id text primary key,
  payer_id text not null references billing.account,
  sequence integer not null check (sequence > 0),
  issued_on date not null,
  due_on date not null,
  currency char(3) not null,
  total_minor bigint not null,
  unique (payer_id, sequence)
);
comment on table billing.summary is 'append-only';

create table billing.summary_document (
  document_id text primary key references billing.document,
  summary_id text not null references billing.summary
);
create index summary_document_summary on billing.summary_document (summary_id);
comment on table billing.summary_document is 'append-only';

do $$
declare t text;
begin
  foreach t in array array['summary', 'summary_document'] loop
    execute format('create trigger append_only before update or delete on billing.%I for each row execute function billing.forbid_change()', t);
    execute format('create trigger keep before truncate on billing.%I for each statement execute function billing.forbid_change()', t);
  end loop;
end $$;
