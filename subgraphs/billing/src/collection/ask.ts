import type { TenantDatabase } from '@dotmac/migrations';
import type { Transaction } from 'kysely';
import { lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { documentsById } from '../document/store.ts';
import { type PaymentProvider, type ProviderCharge, ProviderRefusal } from '../provider/port.ts';
import type { Providers } from '../provider/providers.ts';
import { externalCustomer, type MethodRow, methodsById, openToken } from '../provider/store.ts';
import type { Act } from '../run/issue.ts';
import { dayOfText } from '../run/run.ts';
import { openItemsById } from '../settlement/store.ts';
import { settleCharge } from './reconcile.ts';
import { isHeld } from './rules.ts';
import {
  type AttemptKey,
  type AttemptRow,
  attempt,
  autopay,
  collectionById,
  shieldsByCustomer,
  updateAttempt,
  updateCollection,
} from './store.ts';

/** Providers forget keys after a day; from half of it on the charge is looked for before it is asked for again. */
const keyMilliseconds = 12 * 3_600_000;

interface Sendable {
  readonly row: AttemptRow;
  readonly method: MethodRow;
  readonly customer: string;
  readonly description: string;
}

/**
 * Asks the provider for an attempt's charge and takes its answer in. Whoever dies in between is followed by another
 * who asks again under the same key.
 * @throws ProviderUnavailable when there was no answer: ask again later.
 */
export async function askForCharge(
  services: BillingServices,
  providers: Providers,
  key: AttemptKey,
  act: Act,
): Promise<void> {
  const sendable = await services.database
    .transaction()
    .execute((transaction) => markSent(transaction, services, key, act));
  if (sendable === null) return;
  const { row } = sendable;
  const provider = await providers.byId(row.providerId);
  if (provider === null) throw new Error(`There is no payment provider ${row.providerId}`);
  const charge = await answerOf(provider, services, sendable, act);
  await settleCharge(services, row.providerId, charge, act);
}

/** Commits that the provider may know of the attempt, unless there is no reason for it any more. */
async function markSent(
  transaction: Transaction<TenantDatabase>,
  services: BillingServices,
  key: AttemptKey,
  act: Act,
): Promise<Sendable | null> {
  const before = await attempt(transaction, key);
  if (before === null) return null;
  await lockedAccount(transaction, before.customerId);
  const row = await attempt(transaction, key);
  if (row === null || (row.state !== 'requested' && row.state !== 'sent')) return null;
  const collection = await collectionById(transaction, row.collectionId);
  const [method] = await methodsById(transaction, [collection?.methodId ?? '']);
  const [document] = await documentsById(transaction, [row.documentId]);
  if (collection === null || method === undefined || document === undefined)
    throw new Error(`The attempt ${row.key} has lost its invoice or method`);
  const customer = await externalCustomer(transaction, row.providerId, row.customerId);
  if (customer === null) throw new Error(`${row.providerId} does not know the customer ${row.customerId}`);
  if (row.state === 'requested') {
    const [item] = await openItemsById(transaction, [row.documentId]);
    const shields = (await shieldsByCustomer(transaction, [row.customerId])).get(row.customerId) ?? [];
    const because =
      (item?.openMinor ?? 0n) < row.amountMinor
        ? 'paid'
        : method.removedAt !== null
          ? 'methodRemoved'
          : collection.begunBy === autopay && isHeld(row.documentId, shields, dayOfText(act.today))
            ? 'shielded'
            : undefined;
    if (because !== undefined) {
      await updateAttempt(transaction, key, { state: 'cancelled' });
      await updateCollection(transaction, collection.id, { state: 'stopped', because });
      return null;
    }
    await updateAttempt(transaction, key, { state: 'sent', sentAt: new Date(services.clock.now()) });
  }
  return { row, method, customer, description: document.number };
}

async function answerOf(
  provider: PaymentProvider,
  services: BillingServices,
  { row, method, customer, description }: Sendable,
  act: Act,
): Promise<ProviderCharge> {
  const { key, amountMinor: amount, currency } = row;
  if (row.sentAt !== null && act.now - row.sentAt.getTime() > keyMilliseconds) {
    const found = await provider.find(key, customer);
    if (found !== null) return found;
  }
  try {
    const token = openToken(services.secrets, method);
    return await provider.charge({ key, customer, token, amount, currency, description });
  } catch (error) {
    if (!(error instanceof ProviderRefusal)) throw error;
    const known = await provider.find(key, customer);
    if (known !== null) return known;
    return {
      id: `refused:${key}`,
      key,
      customer,
      state: 'failed',
      decline: { class: 'hard', code: error.code },
      amount,
      currency,
      refunds: [],
      disputes: [],
    };
  }
}
