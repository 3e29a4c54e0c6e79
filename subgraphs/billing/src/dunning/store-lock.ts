import { isDeepStrictEqual } from 'node:util';
import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor, NewEvent } from '@dotmac/platform';
import type { ShapingPayload, TenantEvents } from '@dotmac/schema';
import { type Selectable, sql, type Transaction } from 'kysely';
import { idArray } from '../database/id-array.ts';
import { insertRows } from '../database/insert-rows.ts';
import { type Act, occurred } from '../run/issue.ts';
import { harsher, type Restriction } from './rules-restriction.ts';

/** What billing wants of a customer's services, and why. */
export interface WantedLock {
  readonly customerId: string;
  readonly restriction: Restriction;
  readonly because: string;
}

/** Billing's lock of a customer as it stands. */
export interface StandingLock extends WantedLock {
  readonly requestedAt: Date;
}

/**
 * Makes the customers' locks as hard as wanted; none becomes softer. The caller holds the accounts' locks.
 * @returns the events that ask for what changed.
 */
export async function placeLocks(
  transaction: Transaction<TenantDatabase>,
  wanted: readonly WantedLock[],
  act: Act,
): Promise<NewEvent<TenantEvents>[]> {
  if (wanted.length === 0) return [];
  const before = new Map(
    (
      await locksOfCustomers(
        transaction,
        wanted.map(({ customerId }) => customerId),
      )
    ).map((lock) => [lock.customerId, lock.restriction]),
  );
  const after = new Map<string, WantedLock>();
  for (const lock of wanted) {
    const standing = after.get(lock.customerId)?.restriction ?? before.get(lock.customerId);
    const restriction = standing === undefined ? lock.restriction : harsher(standing, lock.restriction);
    if (!isDeepStrictEqual(restriction, standing)) after.set(lock.customerId, { ...lock, restriction });
  }
  const changed = [...after.values()];
  await deleteLocks(transaction, [...after.keys()]);
  await insertRows(
    transaction,
    'billing.lock',
    { customer_id: 'text', because: 'text', requested_at: 'timestamptz', slow_to: 'jsonb' },
    changed.map(({ customerId, because, restriction }) => ({
      customer_id: customerId,
      because,
      requested_at: new Date(act.now),
      slow_to: restriction.kind === 'SLOW' ? JSON.stringify(restriction.to) : null,
    })),
  );
  return changed.map((lock) => requestOf(lock, act));
}

function requestOf({ customerId, because, restriction }: WantedLock, act: Act): NewEvent<TenantEvents> {
  const about = { subject: customerId, ...occurred(act) };
  return restriction.kind === 'CUT'
    ? { type: 'billing.lock.requested', payload: { customerId, because }, ...about }
    : {
        type: 'billing.slow.requested',
        payload: { customerId, because, to: restriction.to },
        ...about,
      };
}

async function deleteLocks(
  transaction: Transaction<TenantDatabase>,
  customerIds: readonly string[],
): Promise<bigint> {
  if (customerIds.length === 0) return 0n;
  const result = await transaction
    .deleteFrom('billing.lock')
    .where('customerId', 'in', customerIds)
    .executeTakeFirst();
  return result.numDeletedRows;
}

/** @returns whether there was a lock. */
export async function deleteLock(
  transaction: Transaction<TenantDatabase>,
  customerId: string,
): Promise<boolean> {
  return (await deleteLocks(transaction, [customerId])) === 1n;
}

export async function locksOfCustomers(
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<StandingLock[]> {
  const rows = await db
    .selectFrom('billing.lock')
    .selectAll()
    .where('customerId', 'in', customerIds)
    .execute();
  return rows.map(standingLock);
}

export type StoredLock = Selectable<TenantDatabase['billing.lock']>;

export function standingLock({ slowTo, customerId, because, requestedAt }: StoredLock): StandingLock {
  const restriction: Restriction =
    slowTo === null ? { kind: 'CUT' } : { kind: 'SLOW', to: slowTo as unknown as ShapingPayload };
  return { customerId, because, requestedAt, restriction };
}

/**
 * The locks that payers have and these of their members have not, as the members' own; without those of members whom a
 * shield over their whole account covers on a local day (ISO). Null: of all payers.
 */
export async function locksToFollow(
  db: Executor<TenantDatabase>,
  payerIds: readonly string[] | null,
  today: string,
): Promise<(WantedLock & { readonly payerId: string })[]> {
  const { rows } = await sql<StoredLock & { payerId: string }>`
    select a.customer_id as "customerId", a.payer_id as "payerId", l.because, l.requested_at as "requestedAt", l.slow_to as "slowTo"
    from billing.lock l join billing.account a on a.payer_id = l.customer_id
    left join billing.lock own on own.customer_id = a.customer_id
    where (${payerIds === null} or l.customer_id = any(${idArray(payerIds ?? [])}))
      and (own.customer_id is null or (own.slow_to is not null and own.slow_to is distinct from l.slow_to))
      and not exists (select from billing.shield s where s.customer_id = a.customer_id and s.lifted_at is null
        and s.invoice_ids is null and s.from_day <= ${today}::date and (s.until_day is null or s.until_day > ${today}::date))
    order by a.customer_id`.execute(db);
  return rows.map((row) => ({ ...standingLock(row), payerId: row.payerId }));
}
