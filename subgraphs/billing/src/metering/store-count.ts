import type { TenantDatabase } from '@dotmac/migrations';
import { type Executor, type Page, pageBy } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import { idArray } from '../database/id-array.ts';

export type MeteredDay = Selectable<TenantDatabase['billing.meteredDay']>;

/** Takes over what the event log says of services since it was last read. */
export async function keepActivity(transaction: Transaction<TenantDatabase>): Promise<void> {
  await sql`
    insert into billing.service_activity (source_position, service_id, customer_id, kind, effective_on, locked, happened_at)
    select position, payload->>'serviceId', payload->>'customerId',
      case type when 'service.activated' then 'started' when 'service.cancelled' then 'ended' else 'locks' end,
      (payload->>'on')::date, jsonb_array_length(payload->'locks') > 0, occurred_at
    from events.event
    where position > (select coalesce(max(source_position), 0) from billing.service_activity)
      and type in ('service.activated', 'service.cancelled', 'service.locks.changed')
    order by position`.execute(transaction);
}

/**
 * Services that were active at the close of a local day (ISO), which is at an instant, by what is known now; of some
 * customers, or of all.
 */
async function activeServices(
  db: Executor<TenantDatabase>,
  localDate: string,
  close: Date,
  customerIds: readonly string[] | null,
): Promise<{ customerId: string; serviceId: string }[]> {
  const only = customerIds === null ? sql`` : sql`where customer_id = any(${idArray(customerIds)})`;
  const { rows } = await sql<{ customerId: string; serviceId: string }>`
    select customer_id as "customerId", service_id as "serviceId" from (
      select service_id, customer_id,
        (array_agg(kind order by source_position desc) filter (where effective_on <= ${localDate}::date))[1] = 'started' as runs,
        (array_agg(locked order by source_position desc) filter (where kind = 'locks' and happened_at < ${close}))[1] as locked
      from billing.service_activity ${only} group by service_id, customer_id) service
    where runs and locked is not true order by service_id`.execute(db);
  return rows;
}

/** Customers with a service that was active at the close of a local day (ISO), which is at an instant; in order. */
export async function activeCustomers(
  db: Executor<TenantDatabase>,
  localDate: string,
  close: Date,
): Promise<string[]> {
  const services = await activeServices(db, localDate, close, null);
  return [...new Set(services.map(({ customerId }) => customerId))].sort();
}

/** The services that make these customers count on a local day, by customer. */
export async function reasonsToCount(
  db: Executor<TenantDatabase>,
  localDate: string,
  close: Date,
  customerIds: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  if (customerIds.length === 0) return found;
  for (const { customerId, serviceId } of await activeServices(db, localDate, close, customerIds)) {
    const own = found.get(customerId);
    if (own === undefined) found.set(customerId, [serviceId]);
    else own.push(serviceId);
  }
  return found;
}

/** Whose stay ends with a local day (ISO), and whose begins. */
export async function keepStays(
  transaction: Transaction<TenantDatabase>,
  localDate: string,
  customerIds: readonly string[],
): Promise<void> {
  await sql`
    update billing.metered_stay set to_day = ${localDate}::date
    where to_day is null and customer_id <> all(${idArray(customerIds)})`.execute(transaction);
  await sql`
    insert into billing.metered_stay (customer_id, from_day)
    select id, ${localDate}::date from unnest(${idArray(customerIds)}) as counted (id)
    where not exists (select from billing.metered_stay where customer_id = id and to_day is null)`.execute(
    transaction,
  );
}

export async function insertMeteredDay(
  transaction: Transaction<TenantDatabase>,
  day: MeteredDay,
): Promise<void> {
  await transaction.insertInto('billing.meteredDay').values(day).execute();
}

/** Days of [from, to), in order. */
export async function meteredDays(
  db: Executor<TenantDatabase>,
  from: string,
  to: string,
): Promise<MeteredDay[]> {
  return db
    .selectFrom('billing.meteredDay')
    .selectAll()
    .where('localDate', '>=', from)
    .where('localDate', '<', to)
    .orderBy('localDate')
    .execute();
}

/** A page of those who were counted on a local day (ISO), by id in the order of its octets: that of the digest. */
export function countedCustomers(
  db: Executor<TenantDatabase>,
  localDate: string,
  page: Page,
): Promise<{ id: string }[]> {
  const counted = db
    .selectFrom('billing.meteredStay')
    .select(sql<string>`customer_id collate "C"`.as('id'))
    .where('fromDay', '<=', localDate)
    .where((where) => where.or([where('toDay', 'is', null), where('toDay', '>', localDate)]));
  return pageBy(db.selectFrom(counted.as('counted')).select('id'), 'id', 'asc', page).execute();
}

/** Everybody who was counted on a local day (ISO), in order. */
export async function countedOn(db: Executor<TenantDatabase>, localDate: string): Promise<string[]> {
  const all = await countedCustomers(db, localDate, { limit: Number.MAX_SAFE_INTEGER, inverted: false });
  return all.map(({ id }) => id);
}

/** Every stay there was, by customer. */
export async function allStays(
  db: Executor<TenantDatabase>,
): Promise<{ readonly customerId: string; readonly from: string; readonly to: string | null }[]> {
  return db
    .selectFrom('billing.meteredStay')
    .select(['customerId', 'fromDay as from', 'toDay as to'])
    .orderBy('customerId')
    .orderBy('fromDay')
    .execute();
}
