import { createHash } from 'node:crypto';
import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { ConflictError, NotFoundError, StalePlanError } from '@dotmac/schema';
import { lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { documentsById } from '../document/store.ts';
import { canonicalJson } from '../numbering/rules.ts';
import { ProviderUnavailable } from '../provider/port.ts';
import type { Providers } from '../provider/providers.ts';
import { type MethodRow, methodsById, providerById } from '../provider/store.ts';
import type { Act } from '../run/issue.ts';
import { openItemsById } from '../settlement/store.ts';
import { askForCharge } from './ask.ts';
import { beginAttempt } from './begin.ts';
import { chargeQueue } from './jobs.ts';
import { type AttemptKey, attemptCount, attemptsOfCollections, collectionsOfDocuments } from './store.ts';

/** What collecting an invoice now would do. */
export interface CollectionPlan {
  readonly invoiceId: string;
  readonly customerId: string;
  readonly method: MethodRow;
  /** Minor units. */
  readonly amount: bigint;
  readonly currency: string;
  readonly collectionId: string | null;
  readonly fingerprint: string;
}

/** @throws NotFoundError, ConflictError when there is nothing to pay or an attempt is under way. */
export async function planCollection(
  db: Executor<TenantDatabase>,
  invoiceId: string,
  methodId: string,
): Promise<CollectionPlan> {
  const [invoice] = await documentsById(db, [invoiceId]);
  if (invoice?.type !== 'INVOICE') throw new NotFoundError('Invoice', invoiceId);
  const [item] = await openItemsById(db, [invoiceId]);
  // Who owes it pays it, also when it is another's.
  const customerId = item?.customerId ?? invoice.customerId;
  const [method] = await methodsById(db, [methodId]);
  if (method === undefined || method.customerId !== customerId || method.removedAt !== null)
    throw new NotFoundError('PaymentMethod', methodId);
  if ((await providerById(db, method.providerId))?.enabled !== true)
    throw new ConflictError('PROVIDER_DISABLED', `${method.providerId} is switched off`);
  const amount = item?.openMinor ?? 0n;
  if (amount === 0n) throw new ConflictError('NOTHING_OPEN', 'The invoice is paid');
  const active = (await collectionsOfDocuments(db, [invoiceId])).find(({ state }) => state === 'active');
  const attempts = active === undefined ? [] : await attemptsOfCollections(db, [active.id]);
  if (attempts.some(({ state }) => state === 'requested' || state === 'sent' || state === 'pending'))
    throw new ConflictError('UNDER_WAY', 'The invoice is being charged already: wait for the outcome');
  const facts = [invoiceId, methodId, amount, await attemptCount(db, invoiceId)];
  return {
    invoiceId,
    customerId,
    method,
    amount,
    currency: invoice.currency,
    collectionId: active?.id ?? null,
    fingerprint: createHash('sha256').update(canonicalJson(facts)).digest('hex'),
  };
}

/**
 * Charges an invoice now, as planned. The attempt is written before the provider is asked; when that does not answer,
 * it is asked again later.
 * @throws StalePlanError and what `planCollection` throws.
 */
export async function collectInvoice(
  services: BillingServices,
  providers: Providers,
  order: { readonly invoiceId: string; readonly methodId: string; readonly fingerprint: string },
  act: Act,
): Promise<void> {
  const { invoiceId, methodId, fingerprint } = order;
  const { customerId } = await planCollection(services.database, invoiceId, methodId);
  const key = await services.database.transaction().execute(async (transaction): Promise<AttemptKey> => {
    await lockedAccount(transaction, customerId);
    const plan = await planCollection(transaction, invoiceId, methodId);
    if (plan.fingerprint !== fingerprint) throw new StalePlanError();
    const { amount, currency, collectionId } = plan;
    const charge = { documentId: invoiceId, customerId, methodId, currency, amount, collectionId };
    const made = await beginAttempt(transaction, services, { ...charge, begunBy: act.actor }, act);
    await services.jobs.enqueue(transaction as never, chargeQueue, made);
    return made;
  });
  try {
    await askForCharge(services, providers, key, act);
  } catch (error) {
    if (!(error instanceof ProviderUnavailable)) throw error;
    services.logger.warn({ error, invoiceId }, 'a payment provider is away; the charge is asked for again');
  }
}
