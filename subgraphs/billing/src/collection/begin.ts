import type { TenantDatabase } from '@dotmac/migrations';
import { newId } from '@dotmac/platform';
import type { Transaction } from 'kysely';
import type { BillingServices } from '../builder.ts';
import { chargeKey } from '../payment/rules-autopay.ts';
import { methodsById } from '../provider/store.ts';
import type { Act } from '../run/issue.ts';
import { dayOfText } from '../run/run.ts';
import { decideCollection } from './rules.ts';
import {
  type AttemptKey,
  attemptCount,
  autopay,
  autopayInvoices,
  claimCollectable,
  insertAttempt,
  insertCollection,
  shieldsByCustomer,
  updateCollection,
} from './store.ts';

/** An invoice that is to be charged now. Amount in minor units. */
export interface Charge {
  readonly documentId: string;
  readonly customerId: string;
  readonly methodId: string;
  readonly currency: string;
  readonly amount: bigint;
  /** The collection that goes on; null begins one. */
  readonly collectionId: string | null;
  readonly begunBy: string;
}

/**
 * Writes the next attempt of an invoice, under the key of the invoice and the attempt's number. Nobody is asked yet.
 * The caller holds the account's lock.
 */
export async function beginAttempt(
  transaction: Transaction<TenantDatabase>,
  services: Pick<BillingServices, 'clock'>,
  charge: Charge,
  act: Act,
): Promise<AttemptKey> {
  const { documentId, customerId, methodId, currency, amount } = charge;
  const [method] = await methodsById(transaction, [methodId]);
  if (method === undefined) throw new Error(`There is no payment method ${methodId}`);
  const collectionId = charge.collectionId ?? newId('col', services.clock);
  if (charge.collectionId === null)
    await insertCollection(transaction, {
      id: collectionId,
      documentId,
      customerId,
      methodId,
      currency,
      state: 'active',
      because: null,
      firstAttemptOn: act.today,
      nextAttemptOn: null,
      begunBy: charge.begunBy,
    });
  else await updateCollection(transaction, collectionId, { nextAttemptOn: null, methodId });
  const ordinal = (await attemptCount(transaction, documentId)) + 1;
  await insertAttempt(transaction, {
    documentId,
    ordinal,
    collectionId,
    customerId,
    providerId: method.providerId,
    key: chargeKey(documentId, ordinal),
    currency,
    amountMinor: amount,
    state: 'requested',
    chargeId: null,
    declineClass: null,
    declineCode: null,
    attemptedOn: act.today,
    sentAt: null,
    settledAt: null,
    paymentId: null,
  });
  return { documentId, ordinal };
}

const chunkSize = 500;

/** Begins an attempt for every invoice that autopay charges today, in chunks of one transaction each. */
export async function beginDueAttempts(services: BillingServices, act: Act): Promise<void> {
  for (let after: string | undefined = ''; after !== undefined; ) {
    const from: string = after;
    after = await services.database
      .transaction()
      .execute((transaction) => beginChunk(transaction, services, from, act));
  }
}

/** @returns the last customer of the chunk, or undefined when there is nobody left. */
async function beginChunk(
  transaction: Transaction<TenantDatabase>,
  services: BillingServices,
  after: string,
  act: Act,
): Promise<string | undefined> {
  const customerIds = await claimCollectable(transaction, act.today, after, chunkSize);
  if (customerIds.length === 0) return undefined;
  const shields = await shieldsByCustomer(transaction, customerIds);
  const today = dayOfText(act.today);
  for (const invoice of await autopayInvoices(transaction, customerIds)) {
    const { id, customerId, collectionId, methodId } = invoice;
    const decision = decideCollection(invoice, shields.get(customerId) ?? [], today);
    if (collectionId !== null && decision.outcome === 'END') {
      const because = decision.because;
      await updateCollection(transaction, collectionId, { state: 'stopped', because, nextAttemptOn: null });
    }
    if (decision.outcome !== 'COLLECT') continue;
    if (methodId === null) {
      if (collectionId !== null)
        await updateCollection(transaction, collectionId, {
          state: 'stopped',
          because: 'methodRemoved',
          nextAttemptOn: null,
        });
      continue;
    }
    const { currency, open } = invoice;
    await beginAttempt(
      transaction,
      services,
      { documentId: id, customerId, methodId, currency, amount: open, collectionId, begunBy: autopay },
      act,
    );
  }
  return customerIds.at(-1);
}
