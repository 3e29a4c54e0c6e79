import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { sql, type Transaction } from 'kysely';
import type { PlanVersion } from '../catalogue/store.ts';
import { versionOf } from '../catalogue/store.ts';

/** What happened to a line, as it is written down. */
export interface NewServiceEvent {
  readonly serviceLineId: string;
  readonly customerId: string;
  readonly type: 'start' | 'change' | 'cancel';
  /** Local date, ISO. */
  readonly effectiveOn: string;
  readonly planId: string | null;
  readonly planVersionId: string | null;
  readonly sourcePosition: bigint | null;
}

/**
 * Appends what happened to a service line, and makes the line with its first event. The account must exist.
 * @returns false when the event with this source position is there already.
 */
export async function appendServiceEvent(
  transaction: Transaction<TenantDatabase>,
  event: NewServiceEvent,
): Promise<boolean> {
  await transaction
    .insertInto('billing.serviceLine')
    .values({ id: event.serviceLineId, customerId: event.customerId })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  // The periods that this day touches are no longer settled.
  await sql`
    update billing.service_line set settled_before = least(settled_before, ${event.effectiveOn}::date)
    where (id = ${event.serviceLineId} or starts_with(id, ${`${event.serviceLineId}/`}))
      and customer_id = ${event.customerId} and settled_before is not null`.execute(transaction);
  const result = await sql`
    insert into billing.service_event (service_line_id, ordinal, type, effective_on, plan_id, plan_version_id, source_position)
    select ${event.serviceLineId}, coalesce(max(ordinal), 0) + 1, ${event.type}, ${event.effectiveOn}::date,
      ${event.planId}, ${event.planVersionId}, ${event.sourcePosition?.toString() ?? null}::bigint
    from billing.service_event where service_line_id = ${event.serviceLineId}
    on conflict (source_position) do nothing`.execute(transaction);
  return result.numAffectedRows === 1n;
}

/** Whether a line is charged at present: its last event is not its end. */
export async function isRunning(db: Executor<TenantDatabase>, serviceLineId: string): Promise<boolean> {
  const last = await db
    .selectFrom('billing.serviceEvent')
    .select('type')
    .where('serviceLineId', '=', serviceLineId)
    .orderBy('ordinal', 'desc')
    .limit(1)
    .executeTakeFirst();
  return last !== undefined && last.type !== 'cancel';
}

/** The services of a customer that are charged at present: without their add-ons and discounts. */
export async function runningServices(db: Executor<TenantDatabase>, customerId: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select l.id from billing.service_line l
    cross join lateral (select type from billing.service_event e where e.service_line_id = l.id
      order by ordinal desc limit 1) last
    where l.customer_id = ${customerId} and last.type <> 'cancel' and l.id !~ '[:/]'
    order by l.id`.execute(db);
  return rows.map(({ id }) => id);
}

/** The plan version of a `billing.service_event` called `event`: the one it names, else the plan's first. */
export const versionOfEvent = sql<string>`coalesce(event.plan_version_id, (select id from billing.plan_version first where first.plan_id = event.plan_id and first.version = 1))`;

/** The version that each service line is charged by now; lines without one are left out. */
export async function currentVersions(
  db: Executor<TenantDatabase>,
  serviceLineIds: readonly string[],
): Promise<{ serviceLineId: string; customerId: string; version: PlanVersion }[]> {
  const rows = await db
    .selectFrom('billing.serviceEvent as event')
    .innerJoin('billing.serviceLine as line', 'line.id', 'event.serviceLineId')
    .innerJoin('billing.planVersion as version', (join) => join.on('version.id', '=', versionOfEvent))
    .selectAll('version')
    .select(['event.serviceLineId', 'line.customerId'])
    .distinctOn('event.serviceLineId')
    .where('event.serviceLineId', 'in', serviceLineIds)
    .orderBy('event.serviceLineId')
    .orderBy('event.ordinal', 'desc')
    .execute();
  return rows.map((row) => ({
    serviceLineId: row.serviceLineId,
    customerId: row.customerId,
    version: versionOf(row),
  }));
}

/** The customer of a service that is charged, or null. */
export async function customerOfLine(db: Executor<TenantDatabase>, lineId: string): Promise<string | null> {
  const row = await db
    .selectFrom('billing.serviceLine')
    .select('customerId')
    .where('id', '=', lineId)
    .executeTakeFirst();
  return row?.customerId ?? null;
}
