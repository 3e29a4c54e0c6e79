-- What a mutation with an Idempotency-Key answered, so that a repetition gets the same answer and does nothing. Rows are
-- kept for a day. No answer and a lease that has run out: the process died in between, and nobody knows the outcome.
create table runtime.idempotency (
  principal_id text not null,
  key text not null,
  -- Which of the operation's mutations in this database: the first, the second …
  position integer not null,
  -- SHA-256 of the client's whole request.
  request_hash text not null,
  answer text,
  leased_until timestamptz not null,
  created_at timestamptz not null,
  primary key (principal_id, key, position)
);
create index idempotency_age on runtime.idempotency (created_at);
