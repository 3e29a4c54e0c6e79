import { newId } from '@dotmac/platform';
import { ConflictError, NotFoundError, StalePlanError, ValidationError } from '@dotmac/schema';
import { lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { settleCharge } from '../collection/reconcile.ts';
import { paymentsById } from '../payment/store.ts';
import { ProviderRefusal } from '../provider/port.ts';
import type { Providers } from '../provider/providers.ts';
import { providerById } from '../provider/store.ts';
import { planReturn, type ReturnRequest } from '../return/return.ts';
import type { Act } from '../run/issue.ts';
import {
  insertRefund,
  type ProviderRefundRow,
  refundById,
  refundByReference,
  updateRefund,
} from './store.ts';

export const refundQueue = 'billing.refund';

export interface RefundOrder {
  readonly paymentId: string;
  readonly amount: { readonly minor: bigint; readonly currency: string };
  /** The caller's own: sent again, it is the same refund. */
  readonly reference: string;
  readonly reason: string;
}

const asReturn = (order: RefundOrder): ReturnRequest => ({ ...order, kind: 'refund', fee: 0n });

/** What would move once the provider has sent the money back. @throws ValidationError, NotFoundError */
export const planRefund = (services: BillingServices, order: RefundOrder) =>
  planReturn(services.database, asReturn(order));

/**
 * Has the provider send money of a payment back. From now on it is not there for another refund; it is booked when the
 * provider says that it has gone.
 * @throws StalePlanError, ConflictError when the reference names another refund, and what `planRefund` throws.
 */
export async function orderRefund(
  services: BillingServices,
  order: RefundOrder,
  fingerprint: string,
  act: Act,
): Promise<ProviderRefundRow> {
  const { paymentId, amount, reference, reason } = order;
  return services.database.transaction().execute(async (transaction) => {
    const [payment] = await paymentsById(transaction, [paymentId]);
    if (payment === undefined) throw new NotFoundError('Payment', paymentId);
    await lockedAccount(transaction, payment.customerId);
    const before = await refundByReference(transaction, paymentId, reference);
    if (before !== null) {
      if (before.amountMinor === amount.minor) return before;
      throw new ConflictError('REFERENCE_USED', `The reference ${reference} belongs to another refund`);
    }
    if ((await providerById(transaction, payment.method)) === null)
      throw new ValidationError(
        'input.paymentId',
        `A payment by ${payment.method} did not come through a provider: refund it where it came from, then record it`,
      );
    const plan = await planReturn(transaction, asReturn(order));
    if (plan.fingerprint !== fingerprint) throw new StalePlanError();
    const row: ProviderRefundRow = {
      id: newId('prf', services.clock),
      paymentId,
      customerId: payment.customerId,
      providerId: payment.method,
      chargeId: payment.reference,
      reference,
      reason,
      currency: amount.currency,
      amountMinor: amount.minor,
      state: 'requested',
      refundId: null,
      failure: null,
      returnId: null,
      requestedOn: act.today,
      requestedAt: new Date(act.now),
    };
    await insertRefund(transaction, row);
    await services.jobs.enqueue(transaction as never, refundQueue, { id: row.id });
    return row;
  });
}

/** Asks the provider for an ordered refund, under its own id, and books the answer. @throws ProviderUnavailable */
export async function askForRefund(
  services: BillingServices,
  providers: Providers,
  id: string,
  act: Act,
): Promise<void> {
  const row = await refundById(services.database, id);
  if (row === null || row.state === 'succeeded' || row.state === 'failed') return;
  const provider = await providers.byId(row.providerId);
  if (provider === null) throw new Error(`There is no payment provider ${row.providerId}`);
  const { chargeId, amountMinor: amount, currency } = row;
  // A key is forgotten after a day: what was done under it is looked for first.
  const charge = await provider.fetch(chargeId);
  if (charge?.refunds.some((one) => one.key === id)) {
    await settleCharge(services, row.providerId, charge, act);
    return;
  }
  try {
    await provider.refund({ key: id, chargeId, amount, currency });
  } catch (error) {
    if (!(error instanceof ProviderRefusal)) throw error;
    await services.database
      .transaction()
      .execute((transaction) =>
        updateRefund(transaction, id, { state: 'failed', failure: `${error.code}: ${error.message}` }),
      );
    return;
  }
  const after = await provider.fetch(chargeId);
  if (after !== null) await settleCharge(services, row.providerId, after, act);
}
