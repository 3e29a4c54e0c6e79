-- What a partner is paid: a statement per month and currency, of commission entries that are held no more.

-- In whole units of the statement's currency; what is below it is carried to the next statement.
alter table partners.agreement add column minimum_payout integer not null default 50 check (minimum_payout between 0 and 100000);

-- A line names entry, partner and currency, so that none gets onto a statement of somebody else's.
alter table partners.commission_entry add unique (id, partner_id, currency);

create table partners.statement (
  id text primary key,
  partner_id text not null references partners.partner,
  -- Counts up by partner without a gap.
  number integer not null check (number > 0),
  currency char(3) not null,
  -- Entries that could be paid out before this day (UTC), the first of a month.
  until date not null check (extract(day from until) = 1),
  -- Carried from the statement before; below zero more was taken back than there was.
  opening_minor bigint not null,
  earned_minor bigint not null check (earned_minor >= 0),
  taken_back_minor bigint not null check (taken_back_minor <= 0),
  minimum_minor bigint not null check (minimum_minor >= 0),
  payable_minor bigint not null check (payable_minor = 0 or payable_minor >= greatest(minimum_minor, 1)),
  carried_minor bigint not null,
  previous_hash text,
  hash text not null unique,
  issued_at timestamptz not null,
  issued_by text not null,
  check (opening_minor + earned_minor + taken_back_minor = payable_minor + carried_minor),
  check (payable_minor = 0 or carried_minor = 0),
  check ((previous_hash is null) = (number = 1)),
  unique (partner_id, number),
  unique (partner_id, currency, until),
  unique (id, partner_id, currency)
);
comment on table partners.statement is 'append-only';

create table partners.statement_line (
  -- An entry is on one statement at most.
  entry_id text primary key,
  statement_id text not null,
  partner_id text not null,
  currency char(3) not null,
  foreign key (statement_id, partner_id, currency) references partners.statement (id, partner_id, currency),
  foreign key (entry_id, partner_id, currency) references partners.commission_entry (id, partner_id, currency)
);
create index statement_line_statement on partners.statement_line (statement_id);
comment on table partners.statement_line is 'append-only';

create table partners.statement_approval (
  statement_id text primary key references partners.statement,
  approved_at timestamptz not null,
  approved_by text not null
);
comment on table partners.statement_approval is 'append-only';

-- Only what was approved is paid, and once.
create table partners.statement_payment (
  statement_id text primary key references partners.statement_approval,
  -- The transfer, as the bank knows it.
  reference text not null check (length(reference) between 1 and 140),
  paid_at timestamptz not null,
  paid_by text not null
);
comment on table partners.statement_payment is 'append-only';

create function partners.forbid_change() returns trigger language plpgsql as $$
begin
  raise exception 'partners.% is append-only', tg_table_name;
end $$;

do $$
declare t text;
begin
  foreach t in array array['statement', 'statement_line', 'statement_approval', 'statement_payment'] loop
    execute format('create trigger append_only before update or delete on partners.%I for each row execute function partners.forbid_change()', t);
    execute format('create trigger keep before truncate on partners.%I for each statement execute function partners.forbid_change()', t);
  end loop;
end $$;
