-- Accounting that is committed, answered and not yet in the sessions: many records a row, in the order in which they came,
-- written when NASes have much to say and deleted moments later (`subgraphs/network/src/aaa/accounting-journal.ts`).
create table network.accounting_journal (
  id bigint generated always as identity primary key,
  records bytea not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
-- What lives for a moment is not worth compressing.
alter table network.accounting_journal alter column records set storage external;
