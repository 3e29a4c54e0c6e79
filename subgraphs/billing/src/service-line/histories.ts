import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type RawBuilder, sql } from 'kysely';
import type { Day } from '../calendar/rules.ts';
import { versionOf } from '../catalogue/store.ts';
import { idArray } from '../database/id-array.ts';
import { withHolds } from '../hold/rules.ts';
import { holdSpans, holdsOfLine } from '../hold/store.ts';
import type { StoredServiceEvent, Version } from './rules.ts';

/** What happened to a line, in order, and how far it is settled. */
export interface LineHistory {
  readonly id: string;
  readonly customerId: string;
  readonly settledBefore: Day | null;
  readonly events: readonly StoredServiceEvent[];
}

/** The lines of these customers that something happened to. */
export const historiesOfCustomers = (
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<LineHistory[]> => histories(db, sql`l.customer_id = any(${idArray(customerIds)})`);

export const historiesOfLines = (
  db: Executor<TenantDatabase>,
  lineIds: readonly string[],
): Promise<LineHistory[]> => histories(db, sql`l.id = any(${idArray(lineIds)})`);

interface EventRow {
  readonly lineId: string;
  readonly customerId: string;
  readonly settledBefore: Day | null;
  readonly type: 'start' | 'change' | 'cancel';
  readonly on: Day;
  readonly versionId: string | null;
}

async function histories(db: Executor<TenantDatabase>, which: RawBuilder<unknown>): Promise<LineHistory[]> {
  const { rows } = await sql<EventRow>`
    select l.id as "lineId", l.customer_id as "customerId", l.settled_before - date '1970-01-01' as "settledBefore",
      e.type, e.effective_on - date '1970-01-01' as "on",
      coalesce(e.plan_version_id, (
        select v.id from billing.plan_version v where v.plan_id = e.plan_id and v.version = 1)) as "versionId"
    from billing.service_line l
    join billing.service_event e on e.service_line_id = l.id
    where ${which}
    order by l.id, e.effective_on, e.ordinal`.execute(db);
  const versions = await versionsById(db, rows);
  const holds = await holdSpans(db, [...new Set(rows.map(({ customerId }) => customerId))]);
  const lines: LineHistory[] = [];
  // The events of a line follow one another.
  for (let at = 0; at < rows.length; ) {
    const { lineId: id, customerId, settledBefore } = rows[at] as EventRow;
    const events: StoredServiceEvent[] = [];
    for (let row = rows[at]; row?.lineId === id; row = rows[++at]) {
      const version = row.versionId === null ? null : (versions.get(row.versionId) ?? null);
      events.push({ type: row.type, on: row.on, version });
    }
    lines.push({
      id,
      customerId,
      settledBefore,
      events: holds.size === 0 ? events : withHolds(events, holdsOfLine(holds, id)),
    });
  }
  return lines;
}

async function versionsById(
  db: Executor<TenantDatabase>,
  events: readonly EventRow[],
): Promise<Map<string, Version>> {
  const ids = [...new Set(events.flatMap(({ versionId }) => versionId ?? []))];
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('billing.planVersion as version')
    .innerJoin('billing.plan as plan', 'plan.id', 'version.planId')
    .selectAll('version')
    .select('plan.name as planName')
    .where('version.id', 'in', ids)
    .execute();
  return new Map(rows.map((row) => [row.id, { ...versionOf(row), planName: row.planName }]));
}
