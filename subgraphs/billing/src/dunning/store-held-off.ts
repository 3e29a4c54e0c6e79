import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { sql, type Transaction } from 'kysely';
import { type StoredLock, standingLock, type WantedLock } from './store-lock.ts';

/** Remembers a customer's lock as it stands, before a shield takes it away. */
export async function holdOffLock(
  transaction: Transaction<TenantDatabase>,
  customerId: string,
  at: Date,
): Promise<void> {
  await sql`
    insert into billing.lock_held_off (customer_id, because, slow_to, held_off_at)
    select customer_id, because, slow_to, ${at}::timestamptz from billing.lock where customer_id = ${customerId}
    on conflict (customer_id) do update set because = excluded.because, slow_to = excluded.slow_to,
      held_off_at = excluded.held_off_at`.execute(transaction);
}

export async function forgetHeldOff(
  transaction: Transaction<TenantDatabase>,
  customerId: string,
): Promise<void> {
  await transaction.deleteFrom('billing.lockHeldOff').where('customerId', '=', customerId).execute();
}

/**
 * The locks that shields kept off customers whose debt was given up, and that no shield keeps off any more on a local
 * day (ISO), in the order of customers. Of one customer, or of all. What is open is left to the steps of the campaign.
 */
export async function returningLocks(
  db: Executor<TenantDatabase>,
  today: string,
  customerId: string | null = null,
): Promise<WantedLock[]> {
  const { rows } = await sql<StoredLock>`
    select h.customer_id as "customerId", h.because, h.slow_to as "slowTo", h.held_off_at as "requestedAt"
    from billing.lock_held_off h
    where (${customerId}::text is null or h.customer_id = ${customerId})
      and exists (
        select from billing.write_off w where w.customer_id = h.customer_id
          and not exists (select from billing.shield s where s.customer_id = h.customer_id and s.lifted_at is null
            and (s.invoice_ids is null or w.document_id = any(s.invoice_ids))
            and s.from_day <= ${today}::date and (s.until_day is null or s.until_day > ${today}::date))
        group by w.document_id having sum(w.amount_minor) > 0)
    order by h.customer_id`.execute(db);
  return rows.map(standingLock);
}
