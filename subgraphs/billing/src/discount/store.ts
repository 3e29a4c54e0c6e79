import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { Day } from '../calendar/rules.ts';
import { idArray } from '../database/id-array.ts';
import type { DiscountValue } from './rules.ts';

export type Discount = Selectable<TenantDatabase['billing.discount']>;

interface Row {
  readonly id: string;
  readonly serviceLineId: string;
  readonly name: string;
  readonly percent: string | null;
  readonly amount: bigint | null;
  readonly from: Day;
  readonly to: Day | null;
  readonly settledBefore: Day | null;
}

/** Discounts by service line, in the order of application. */
export async function discountsOfLines(db: Executor<TenantDatabase>, customerIds: readonly string[]) {
  const { rows } = await sql<Row>`
    select d.id, d.service_line_id as "serviceLineId", d.name, trim_scale(d.percent)::text as percent,
      d.amount_minor as amount, d.from_day - date '1970-01-01' as "from", d.to_day - date '1970-01-01' as "to",
      l.settled_before - date '1970-01-01' as "settledBefore"
    from billing.discount d
    join billing.service_line l on l.id = d.service_line_id || '/' || d.id
    where d.customer_id = any(${idArray(customerIds)}) order by d.service_line_id, d.ordinal`.execute(db);
  const discounts = rows.map(({ percent, amount, to, ...row }) => {
    const value: DiscountValue =
      percent === null ? { type: 'fixed', amount: amount ?? 0n } : { type: 'percent', percent };
    return { ...row, value, ...(to === null ? {} : { to }) };
  });
  return Map.groupBy(discounts, ({ serviceLineId }) => serviceLineId);
}

/** Adds a discount after the others of its service, with a line of charges of its own. */
export async function insertDiscount(
  transaction: Transaction<TenantDatabase>,
  discount: Omit<Discount, 'ordinal'>,
): Promise<Discount> {
  const { serviceLineId, customerId } = discount;
  await transaction
    .insertInto('billing.serviceLine')
    .values({ id: `${serviceLineId}/${discount.id}`, customerId })
    .execute();
  return transaction
    .insertInto('billing.discount')
    .values({
      ...discount,
      ordinal: sql<number>`(select coalesce(max(ordinal), 0) + 1 from billing.discount where service_line_id = ${serviceLineId})`,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function discountById(db: Executor<TenantDatabase>, id: string): Promise<Discount | null> {
  const row = await db.selectFrom('billing.discount').selectAll().where('id', '=', id).executeTakeFirst();
  return row ?? null;
}

/** Ends a discount on a local day (ISO); what is billed beyond it is looked at again. */
export async function endDiscountOn(
  transaction: Transaction<TenantDatabase>,
  { id, serviceLineId }: Discount,
  on: string,
): Promise<Discount> {
  await sql`
    update billing.service_line set settled_before = least(settled_before, ${on}::date)
    where id = ${`${serviceLineId}/${id}`} and settled_before is not null`.execute(transaction);
  return transaction
    .updateTable('billing.discount')
    .set({ toDay: on })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function discountsOfServices(
  db: Executor<TenantDatabase>,
  serviceLineIds: readonly string[],
): Promise<Discount[]> {
  return db
    .selectFrom('billing.discount')
    .selectAll()
    .where('serviceLineId', 'in', serviceLineIds)
    .orderBy('serviceLineId')
    .orderBy('ordinal')
    .execute();
}
