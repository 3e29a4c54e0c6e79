import type { TenantDatabase } from '@dotmac/migrations';
import { type Executor, newId } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { BillingServices } from '../builder.ts';
import { postCashRounding } from '../ledger/rules-postings.ts';
import { post } from '../ledger/store.ts';
import type { CashRoundingBack } from '../movement/rules.ts';
import type { Act } from '../run/issue.ts';
import { insertAllocations, type OpenItem, reduceOpenItems } from '../settlement/store.ts';
import { type CashRounding, cashRounding, leastCoin } from './rules-cash.ts';
import { netShare } from './rules-net.ts';

export type StoredCashRounding = Selectable<TenantDatabase['billing.cashRounding']>;

/** The rounding of a payment over invoices in the order in which it pays them; undefined when it is none. */
export function roundingOf(
  { method, minor, currency }: { readonly method: string; readonly minor: bigint; readonly currency: string },
  items: readonly OpenItem[],
  today: string,
): CashRounding | undefined {
  if (method !== 'cash') return undefined;
  const coin = leastCoin(currency, today);
  const isMixed = items.some((item) => item.currency !== currency);
  return coin === undefined || isMixed ? undefined : cashRounding(minor, items, coin);
}

/**
 * Settles an invoice by what coins cannot pay of it, or has it owe what they paid too much: then the payment pays it in
 * full. @returns the items as they are open after that.
 */
export async function roundCash(
  transaction: Transaction<TenantDatabase>,
  services: Pick<BillingServices, 'clock'>,
  paymentId: string,
  { at, due, coin, amount }: CashRounding,
  items: readonly OpenItem[],
  act: Act,
): Promise<OpenItem[]> {
  const item = items[at];
  if (item === undefined) throw new Error('The invoice that is rounded is not there');
  const id = newId('rnd', services.clock);
  await transaction
    .insertInto('billing.cashRounding')
    .values({
      id,
      paymentId,
      documentId: item.id,
      currency: coin.currency,
      dueMinor: due,
      coinMinor: coin.minor,
      coinSince: coin.since,
      amountMinor: amount,
      reverses: null,
    })
    .execute();
  const net = netShare(item, amount);
  const allocations = [{ sourceId: id, documentId: item.id, amount, net }];
  await insertAllocations(transaction, allocations, new Date(act.now));
  await reduceOpenItems(transaction, allocations);
  const { customerId: customer, currency } = item;
  await post(
    transaction,
    [postCashRounding({ ref: id, customer, currency, amount })],
    act.today,
    new Date(act.now),
  );
  const rounded = {
    ...item,
    open: item.open - amount,
    paid: item.paid + amount,
    paidNet: item.paidNet + net,
  };
  return items.map((one) => (one === item ? rounded : one));
}

/** Takes a rounding back with its payment, whose movement posts it. */
export async function takeRoundingBack(
  transaction: Transaction<TenantDatabase>,
  id: string,
  { reverses, documentId, amount, net }: CashRoundingBack,
  act: Act,
): Promise<void> {
  await sql`
    insert into billing.cash_rounding
      (id, payment_id, document_id, currency, due_minor, coin_minor, coin_since, amount_minor, reverses)
    select ${id}, payment_id, document_id, currency, due_minor, coin_minor, coin_since, -amount_minor, id
    from billing.cash_rounding where id = ${reverses}`.execute(transaction);
  const allocations = [{ sourceId: id, documentId, amount, net }];
  await insertAllocations(transaction, allocations, new Date(act.now));
  await reduceOpenItems(transaction, allocations);
}

/** What these payments were rounded by when they were made. */
export async function roundingsOfPayments(
  db: Executor<TenantDatabase>,
  paymentIds: readonly string[],
): Promise<StoredCashRounding[]> {
  return db
    .selectFrom('billing.cashRounding')
    .selectAll()
    .where('paymentId', 'in', paymentIds)
    .where('reverses', 'is', null)
    .execute();
}
