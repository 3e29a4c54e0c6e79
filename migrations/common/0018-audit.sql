-- Who asked for which change, and what became of it: a row for every mutation before it is done, another one with its
-- outcome. One without an outcome was cut off: nobody knows. Values of arguments are not kept; events tell what changed.
create table runtime.audit (
  -- In the order of asking.
  id bigint generated always as identity primary key,
  at timestamptz not null,
  -- user, apiKey, subscriber, system or anonymous, and which.
  actor_kind text not null,
  actor text not null,
  subgraph text not null,
  -- The mutation's field.
  field text not null,
  trace_id text not null
);
create index audit_of_actor on runtime.audit (actor, id);
comment on table runtime.audit is 'append-only';

create table runtime.audit_outcome (
  audit_id bigint primary key references runtime.audit (id),
  at timestamptz not null,
  -- The type of the result, or the code of the error.
  outcome text not null
);
comment on table runtime.audit_outcome is 'append-only';
