import { newId } from '@dotmac/platform';
import { ConflictError, NotFoundError, ValidationError } from '@dotmac/schema';
import { accountsById, lockedAccount, updateAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { formatDay } from '../calendar/rules.ts';
import type { Act } from '../run/issue.ts';
import { dayOfText } from '../run/run.ts';
import { ProviderRefusal, ProviderUnavailable, type StoredMethod } from './port.ts';
import type { Providers } from './providers.ts';
import { isAccountNumber } from './rules-token.ts';
import {
  externalCustomer,
  insertMethod,
  type MethodRow,
  methodsById,
  providerById,
  removeMethodRow,
  saveExternalCustomer,
} from './store.ts';

export interface NewMethod {
  readonly customerId: string;
  readonly providerId: string;
  /** What the provider's own form gave for the card or the account. */
  readonly token: string;
  readonly autopay: boolean;
}

/**
 * Keeps a payment method for charges without the customer. Known to the provider before it is here: who dies in
 * between adds it again.
 * @throws ValidationError, NotFoundError, ConflictError when the provider refuses it or does not answer.
 */
export async function addMethod(
  services: BillingServices,
  providers: Providers,
  { customerId, providerId, token, autopay }: NewMethod,
  act: Act,
): Promise<MethodRow> {
  const { database, secrets, clock } = services;
  if (isAccountNumber(token))
    throw new ValidationError(
      'input.token',
      'This is the number of a card or an account; only a token of the provider’s form is taken',
    );
  if (token.trim() === '' || token.length > 255)
    throw new ValidationError('input.token', 'A token has 1 to 255 characters');
  const [account] = await accountsById(database, [customerId]);
  if (account === undefined) throw new NotFoundError('Customer', customerId);
  const row = await providerById(database, providerId);
  if (row === null || !row.enabled) throw new NotFoundError('PaymentProvider', providerId);
  const provider = await providers.of(row);
  const stored = await orConflict(async () => {
    const { name, email } = account;
    if ((await externalCustomer(database, providerId, customerId)) === null)
      await saveExternalCustomer(
        database,
        providerId,
        customerId,
        await provider.createCustomer({ customerId, name, email }),
      );
    const external = await externalCustomer(database, providerId, customerId);
    return provider.setupMethod(external ?? '', token);
  });
  return database.transaction().execute(async (transaction) => {
    await lockedAccount(transaction, customerId);
    const method = await insertMethod(transaction, secrets, {
      id: newId('pmt', clock),
      providerId,
      customerId,
      token: stored.token,
      type: stored.type,
      label: stored.label,
      expiresOn: expiryOf(stored),
      addedAt: new Date(act.now),
      addedBy: act.actor,
      removedAt: null,
    });
    if (method.customerId !== customerId)
      throw new ConflictError('METHOD_OF_ANOTHER', 'This payment method is another customer’s');
    if (autopay) await updateAccount(transaction, customerId, { autopayMethodId: method.id });
    return method;
  });
}

/** The first day of the month after the last in which it is good. */
function expiryOf({ expires }: StoredMethod): string | null {
  if (expires === null) return null;
  const { year, month } = expires;
  const next = month === 12 ? `${year + 1}-01-01` : `${year}-${String(month + 1).padStart(2, '0')}-01`;
  return formatDay(dayOfText(next));
}

async function orConflict<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ProviderRefusal) throw new ConflictError('METHOD_REFUSED', error.message);
    if (error instanceof ProviderUnavailable)
      throw new ConflictError('PROVIDER_UNAVAILABLE', 'The payment provider does not answer: try again');
    throw error;
  }
}

/** Removes a method; what is under way with it goes on. @throws NotFoundError */
export async function removeMethod(
  { database }: BillingServices,
  methodId: string,
  act: Act,
): Promise<MethodRow> {
  return database.transaction().execute(async (transaction) => {
    const [method] = await methodsById(transaction, [methodId]);
    if (method === undefined) throw new NotFoundError('PaymentMethod', methodId);
    await lockedAccount(transaction, method.customerId);
    await removeMethodRow(transaction, methodId, new Date(act.now));
    const [removed] = await methodsById(transaction, [methodId]);
    return removed ?? method;
  });
}

/** Pays what falls due with this method from now on; null ends it. @throws NotFoundError */
export async function chooseAutopay(
  { database }: BillingServices,
  customerId: string,
  methodId: string | null,
): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    if ((await lockedAccount(transaction, customerId)) === null)
      throw new NotFoundError('Customer', customerId);
    const [method] = methodId === null ? [] : await methodsById(transaction, [methodId]);
    if (methodId !== null && (method?.customerId !== customerId || method.removedAt !== null))
      throw new NotFoundError('PaymentMethod', methodId);
    await updateAccount(transaction, customerId, { autopayMethodId: methodId });
  });
}
