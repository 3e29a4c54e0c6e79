-- What was heard of NASes, kept by the process that hears it, so that its successor goes on.
create table network.nas_health (
  nas_id text primary key references network.nas,
  login_at timestamptz,
  accounting_at timestamptz,
  accepts bigint not null,
  -- Count by reason.
  rejects jsonb not null,
  clock_skew_milliseconds double precision,
  -- Of the newest CoA or Disconnect that was answered at its first sending.
  rtt_milliseconds double precision,
  rtt_at timestamptz,
  -- Requests to it that were never answered, since one was.
  unanswered integer not null,
  -- How long its newest accounting had waited at the NAS (Acct-Delay-Time).
  accounting_delay_seconds integer
) with (fillfactor = 70);

create table network.radius_problem (
  kind text not null,
  source_address text not null,
  nas_id text,
  detail text,
  count bigint not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  primary key (kind, source_address)
);
