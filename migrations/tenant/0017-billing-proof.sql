-- When something was posted, by the clock of the tenant: what the books said at an instant can be told afterwards.
-- Null in what was posted before this column: it counts from the end of its day.
alter table billing.ledger_transaction add column posted_at timestamptz;
