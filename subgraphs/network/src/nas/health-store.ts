import type { TenantDatabase } from '@dotmac/migrations';
import type { Kysely } from 'kysely';
import { sql, type Transaction } from 'kysely';
import type { NasHealth, RadiusProblem } from './watch.ts';

const timeOf = (at: number | null) => (at === null ? null : new Date(at).toISOString());

/** What the last process heard of NASes. */
export async function keptHealth(db: Kysely<TenantDatabase>): Promise<Map<string, NasHealth>> {
  const rows = await db.selectFrom('network.nasHealth').selectAll().execute();
  return new Map(
    rows.map((row) => [
      row.nasId,
      {
        loginAt: row.loginAt?.getTime() ?? null,
        accountingAt: row.accountingAt?.getTime() ?? null,
        accepts: Number(row.accepts),
        rejects: new Map(Object.entries(row.rejects as Record<string, number>)),
        clockSkewMilliseconds: row.clockSkewMilliseconds,
        rttMilliseconds: row.rttMilliseconds,
        rttAt: row.rttAt?.getTime() ?? null,
        unanswered: row.unanswered,
        accountingDelaySeconds: row.accountingDelaySeconds,
        secrets: {
          since: row.secretSince?.getTime() ?? null,
          currentAt: row.secretHeardAt?.getTime() ?? null,
          previousAt: row.previousSecretHeardAt?.getTime() ?? null,
        },
      },
    ]),
  );
}

/** Problems, the oldest word first; at most `limit`, the newest of all. */
export async function keptProblems(db: Kysely<TenantDatabase>, limit: number): Promise<RadiusProblem[]> {
  const rows = await db
    .selectFrom('network.radiusProblem')
    .selectAll()
    .orderBy('lastAt', 'desc')
    .limit(limit)
    .execute();
  return rows.reverse().map((row) => ({
    ...row,
    kind: row.kind as RadiusProblem['kind'],
    count: Number(row.count),
    firstAt: row.firstAt.getTime(),
    lastAt: row.lastAt.getTime(),
  }));
}

/** Keeps health of NASes that are still registered. */
export async function keepHealth(
  transaction: Transaction<TenantDatabase>,
  healths: readonly (readonly [string, NasHealth])[],
): Promise<void> {
  if (healths.length === 0) return;
  const rows = healths.map(([nasId, health]) => ({
    ...health,
    nasId,
    loginAt: timeOf(health.loginAt),
    accountingAt: timeOf(health.accountingAt),
    rttAt: timeOf(health.rttAt),
    rejects: Object.fromEntries(health.rejects),
    secretSince: timeOf(health.secrets.since),
    secretHeardAt: timeOf(health.secrets.currentAt),
    previousSecretHeardAt: timeOf(health.secrets.previousAt),
  }));
  await sql`
    insert into network.nas_health (nas_id, login_at, accounting_at, accepts, rejects, clock_skew_milliseconds,
      rtt_milliseconds, rtt_at, unanswered, accounting_delay_seconds, secret_since, secret_heard_at, previous_secret_heard_at)
    select r.* from json_to_recordset(${JSON.stringify(rows)}::json) as r ("nasId" text, "loginAt" timestamptz,
      "accountingAt" timestamptz, accepts bigint, rejects jsonb, "clockSkewMilliseconds" float8, "rttMilliseconds" float8,
      "rttAt" timestamptz, unanswered int, "accountingDelaySeconds" int, "secretSince" timestamptz,
      "secretHeardAt" timestamptz, "previousSecretHeardAt" timestamptz)
    join network.nas n on n.id = r."nasId"
    on conflict (nas_id) do update set login_at = excluded.login_at, accounting_at = excluded.accounting_at,
      accepts = excluded.accepts, rejects = excluded.rejects, clock_skew_milliseconds = excluded.clock_skew_milliseconds,
      rtt_milliseconds = excluded.rtt_milliseconds, rtt_at = excluded.rtt_at, unanswered = excluded.unanswered,
      accounting_delay_seconds = excluded.accounting_delay_seconds, secret_since = excluded.secret_since,
      secret_heard_at = excluded.secret_heard_at, previous_secret_heard_at = excluded.previous_secret_heard_at`.execute(
    transaction,
  );
}

/** Keeps problems, and of all of them the newest `limit`: whoever invents addresses fills no disk. */
export async function keepProblems(
  transaction: Transaction<TenantDatabase>,
  problems: readonly RadiusProblem[],
  limit: number,
): Promise<void> {
  if (problems.length === 0) return;
  const rows = problems.map((problem) => ({
    ...problem,
    firstAt: timeOf(problem.firstAt),
    lastAt: timeOf(problem.lastAt),
  }));
  await sql`
    insert into network.radius_problem (kind, source_address, nas_id, detail, count, first_at, last_at)
    select * from json_to_recordset(${JSON.stringify(rows)}::json) as r (kind text, "sourceAddress" text, "nasId" text,
      detail text, count bigint, "firstAt" timestamptz, "lastAt" timestamptz)
    on conflict (kind, source_address) do update set nas_id = excluded.nas_id, detail = excluded.detail,
      count = excluded.count, last_at = excluded.last_at`.execute(transaction);
  await sql`
    delete from network.radius_problem where (kind, source_address) in (
      select kind, source_address from network.radius_problem order by last_at desc offset ${limit})`.execute(
    transaction,
  );
}
