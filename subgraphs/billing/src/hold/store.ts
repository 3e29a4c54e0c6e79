import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import { idArray } from '../database/id-array.ts';
import type { HoldSpan } from './rules.ts';

type HoldKind = 'customer' | 'expired';
export type Hold = Omit<Selectable<TenantDatabase['billing.hold']>, 'kind'> & { readonly kind: HoldKind };

/** The holds of these customers' services, by service. */
export async function holdSpans(
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<Map<string, HoldSpan[]>> {
  const { rows } = await sql<HoldSpan & { serviceLineId: string }>`
    select service_line_id as "serviceLineId", from_day - date '1970-01-01' as "from",
      to_day - date '1970-01-01' as "to", trim_scale(percent)::text as percent
    from billing.hold where customer_id = any(${idArray(customerIds)})
    order by service_line_id, from_day, id`.execute(db);
  return Map.groupBy(rows, ({ serviceLineId }) => serviceLineId);
}

/** The holds that concern a line: its own, and those of the service that it stands beside. */
export const holdsOfLine = (holds: ReadonlyMap<string, HoldSpan[]>, lineId: string): HoldSpan[] => {
  const beside = /^addon:([^:]+):/.exec(lineId)?.[1];
  return [...(holds.get(lineId) ?? []), ...(beside === undefined ? [] : (holds.get(beside) ?? []))];
};

export async function insertHold(transaction: Transaction<TenantDatabase>, hold: Hold): Promise<Hold> {
  return (await transaction
    .insertInto('billing.hold')
    .values(hold)
    .returningAll()
    .executeTakeFirstOrThrow()) as Hold;
}

export async function updateHold(
  transaction: Transaction<TenantDatabase>,
  id: string,
  change: Partial<Pick<Hold, 'toDay' | 'locked'>>,
): Promise<Hold> {
  return (await transaction
    .updateTable('billing.hold')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()) as Hold;
}

export async function holdById(db: Executor<TenantDatabase>, id: string): Promise<Hold | null> {
  const row = await db.selectFrom('billing.hold').selectAll().where('id', '=', id).executeTakeFirst();
  return (row as Hold | undefined) ?? null;
}

/** The holds of these services, oldest first. */
export async function holdsOfServices(
  db: Executor<TenantDatabase>,
  serviceIds: readonly string[],
): Promise<Hold[]> {
  return (await db
    .selectFrom('billing.hold')
    .selectAll()
    .where('serviceLineId', 'in', serviceIds)
    .orderBy('fromDay')
    .orderBy('id')
    .execute()) as Hold[];
}

/** Holds whose lock is not as it should be on a local day (ISO): to be closed, or to be opened. */
export async function holdsToEnforce(db: Executor<TenantDatabase>, today: string): Promise<Hold[]> {
  return (await db
    .selectFrom('billing.hold')
    .selectAll()
    .where('kind', '=', 'customer')
    .where(
      sql<boolean>`locked <> (from_day <= ${today}::date and (to_day is null or to_day > ${today}::date))`,
    )
    .orderBy('id')
    .execute()) as Hold[];
}

/** What happened from this day on is to be looked at again: of a service, its add-ons and its discounts. */
export async function unsettle(
  transaction: Transaction<TenantDatabase>,
  service: { readonly id: string; readonly customerId: string },
  from: string,
): Promise<void> {
  const { id, customerId } = service;
  await sql`
    update billing.service_line set settled_before = least(settled_before, ${from}::date)
    where (id = ${id} or starts_with(id, ${`${id}/`}) or starts_with(id, ${`addon:${id}:`}))
      and customer_id = ${customerId} and settled_before is not null`.execute(transaction);
}
