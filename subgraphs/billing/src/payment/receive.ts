import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, newId } from '@dotmac/platform';
import { currencyCode } from '@dotmac/platform/money/currency';
import { ConflictError, NotFoundError, type TenantEvents, ValidationError } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { relieve } from '../dunning/relief.ts';
import { postPayment } from '../ledger/rules-postings.ts';
import { post } from '../ledger/store.ts';
import { restorePrepaid } from '../prepaid/restore.ts';
import { type Act, occurred, paidEvent } from '../run/issue.ts';
import { spreadOver } from '../settlement/settle.ts';
import { insertAllocations, insertCreditItems, openItems, reduceOpenItems } from '../settlement/store.ts';
import { roundCash, roundingOf } from './cash.ts';
import { insertPayment, type Payment, paymentByReference } from './store.ts';

export interface IncomingPayment {
  readonly customerId: string;
  readonly amount: { readonly minor: bigint; readonly currency: string };
  readonly method: string;
  /** The provider's or the bank's own id of the payment: with the method it is known once. */
  readonly reference: string;
  /** Paid first; the rest goes to the oldest. */
  readonly invoiceId: string | null;
}

/**
 * Takes a payment in: allocates it to open invoices, keeps the rest as credit, posts it, tells of it, and asks for the
 * billing lock to be lifted when nothing is overdue any more. All of it in one transaction; a replay of the same
 * message returns the payment that is there.
 * @throws ValidationError, NotFoundError, or ConflictError when the reference names another payment.
 */
export async function receivePayment(
  services: Pick<BillingServices, 'database' | 'clock' | 'tenant'>,
  incoming: IncomingPayment,
  act: Act,
): Promise<Payment> {
  return services.database
    .transaction()
    .execute((transaction) => receiveIn(transaction, services, incoming, act));
}

/** The same within a transaction. `lenient`: a named invoice that is paid already is as good as none. */
export async function receiveIn(
  transaction: Transaction<TenantDatabase>,
  services: Pick<BillingServices, 'clock' | 'tenant'>,
  incoming: IncomingPayment,
  act: Act,
  lenient = false,
): Promise<Payment> {
  const { customerId, method, reference, invoiceId } = incoming;
  const { minor, currency } = incoming.amount;
  check(incoming);
  const account = await lockedAccount(transaction, customerId);
  if (account === null) throw new NotFoundError('Customer', customerId);
  if (account.currency !== currency)
    throw new ValidationError(
      'input.amount.currency',
      `The account is in ${account.currency}, the payment in ${currency}`,
    );
  const payment = await insertPayment(transaction, {
    id: newId('pay', services.clock),
    customerId,
    method,
    reference,
    currency,
    amountMinor: minor,
    receivedOn: act.today,
    receivedAt: new Date(act.now),
  });
  if (payment === null) return replayed(await paymentByReference(transaction, method, reference), incoming);

  const items = await openItems(transaction, [customerId]);
  const named = items.filter(({ id }) => id === invoiceId);
  if (invoiceId !== null && named.length === 0 && !lenient)
    throw new NotFoundError('open Invoice', invoiceId);
  const order = [...named, ...items.filter(({ id }) => id !== invoiceId)];
  const rounding = roundingOf({ method, minor, currency }, order, act.today);
  const due =
    rounding === undefined ? order : await roundCash(transaction, services, payment.id, rounding, order, act);
  const { allocations, paid, rest } = spreadOver(payment.id, minor, currency, due);
  const at = new Date(act.now);
  await insertAllocations(transaction, allocations, at);
  await reduceOpenItems(transaction, allocations);
  if (rest > 0n)
    await insertCreditItems(transaction, [{ sourceId: payment.id, customerId, currency, open: rest }], at);
  const allocated = minor - rest;
  await post(
    transaction,
    [
      postPayment({
        ref: payment.id,
        customer: customerId,
        currency,
        amount: minor,
        gateway: method,
        allocated,
      }),
    ],
    act.today,
    at,
  );
  await appendEvents<TenantEvents>(transaction, [
    {
      type: 'payment.received',
      subject: payment.id,
      payload: {
        paymentId: payment.id,
        customerId,
        amountMinor: `${minor}`,
        currency,
        allocations: allocations.map(({ documentId, amount, net }) => ({
          invoiceId: documentId,
          amountMinor: `${amount}`,
          netMinor: `${net}`,
        })),
      },
      ...occurred(act),
    },
    ...paid.map((invoice) => paidEvent(invoice, act)),
  ]);
  await restorePrepaid(transaction, services, customerId, act);
  await relieve(transaction, customerId, 'paid', act);
  return payment;
}

function check({ amount, method, reference }: IncomingPayment): void {
  if (currencyCode(amount.currency) === undefined)
    throw new ValidationError(
      'input.amount.currency',
      `"${amount.currency}" is not an ISO 4217 code; write one like EUR`,
    );
  if (amount.minor <= 0n) throw new ValidationError('input.amount.amount', 'A payment is more than 0');
  if (!/^[a-z][a-zA-Z0-9-]{0,39}$/.test(method))
    throw new ValidationError('input.method', 'A method is a word such as cash, bankTransfer or stripe');
  if (reference.trim() === '' || reference.length > 200)
    throw new ValidationError('input.reference', 'A payment needs a reference of 1 to 200 characters');
}

function replayed(payment: Payment | null, { customerId, amount, reference }: IncomingPayment): Payment {
  if (payment === null) throw new Error('a payment was there and is gone: payments are append-only');
  const same =
    payment.customerId === customerId &&
    payment.amountMinor === amount.minor &&
    payment.currency === amount.currency;
  if (!same)
    throw new ConflictError('REFERENCE_USED', `The reference ${reference} belongs to another payment`);
  return payment;
}
