-- What each API key asks, so that a change of the graph can be checked against it before it is made. Written by the
-- gateways: documents without the values in them, each once however many keys send it.
create table identity.recorded_document (
  -- SHA-256 of the text, hexadecimal.
  hash text primary key check (hash ~ '^[0-9a-f]{64}$'),
  text text not null check (length(text) <= 32768)
);

create table identity.recorded_operation (
  key_id text not null references identity.api_key,
  hash text not null references identity.recorded_document,
  -- Empty when the document has one operation only.
  operation_name text not null,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  primary key (key_id, hash, operation_name)
);
create index recorded_operation_document on identity.recorded_operation (hash);

-- Keys of whose operations some are not recorded: nothing may be called safe for them.
create table identity.operation_gap (
  key_id text primary key references identity.api_key,
  reason text not null check (reason in ('TOO_MANY', 'TOO_LONG')),
  last_seen_at timestamptz not null
);
