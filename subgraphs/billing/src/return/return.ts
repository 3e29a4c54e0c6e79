import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, type Executor, newId } from '@dotmac/platform';
import {
  ConflictError,
  NotFoundError,
  StalePlanError,
  type TenantEvents,
  ValidationError,
} from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { type Movement, movementFingerprint, roundingBackId } from '../movement/rules.ts';
import { writeMovement } from '../movement/store.ts';
import { takeRoundingBack } from '../payment/cash.ts';
import { type Act, occurred } from '../run/issue.ts';
import { type ReturnKind, returnPayment } from './rules.ts';
import { insertReturn, type PaymentReturn, returnablePayment, returnByReference } from './store.ts';

const prefixes = { refund: 'rfd', chargeback: 'cbk', reversal: 'rvs' } as const;

export interface ReturnRequest {
  readonly kind: ReturnKind;
  readonly paymentId: string;
  readonly amount: { readonly minor: bigint; readonly currency: string };
  /** What the bank keeps, in minor units of the same currency. */
  readonly fee: bigint;
  /** The provider's own id of it, or the refund's: it is known once. */
  readonly reference: string;
  readonly reason: string;
  /** The order that this return carries out: it no longer counts as under way. */
  readonly providerRefundId?: string | undefined;
}

/**
 * What would move.
 * @throws ValidationError, NotFoundError
 */
export async function planReturn(
  db: Executor<TenantDatabase>,
  request: ReturnRequest,
): Promise<{ readonly movement: Movement; readonly fingerprint: string }> {
  const { kind, paymentId, amount, fee, reference, reason } = request;
  if (reference.trim() === '' || reference.length > 200)
    throw new ValidationError('input.reference', 'It needs a reference of 1 to 200 characters');
  if (reason.trim() === '') throw new ValidationError('input.reason', 'Say why: it is shown and kept');
  const payment = await returnablePayment(db, paymentId, request.providerRefundId);
  if (payment === null) throw new NotFoundError('Payment', paymentId);
  if (payment.currency !== amount.currency)
    throw new ValidationError(
      'input.amount.currency',
      `The payment is in ${payment.currency}, not in ${amount.currency}`,
    );
  const result = returnPayment(payment, kind, amount.minor, fee);
  if (!result.ok) throw new ValidationError(result.field, result.message);
  const { movement } = result;
  return { movement, fingerprint: movementFingerprint([kind, paymentId, reference, reason, fee], movement) };
}

/**
 * Does what the plan with this fingerprint said. The same reference again is the return that is there.
 * @throws StalePlanError, ConflictError when the reference names another return, and what `planReturn` throws.
 */
export async function applyReturn(
  services: Pick<BillingServices, 'database' | 'clock'>,
  request: ReturnRequest,
  fingerprint: string,
  act: Act,
): Promise<PaymentReturn> {
  const { kind, paymentId, amount, fee, reference } = request;
  return services.database.transaction().execute(async (transaction) => {
    const payment = await returnablePayment(transaction, paymentId);
    if (payment === null) throw new NotFoundError('Payment', paymentId);
    await lockedAccount(transaction, payment.customerId);
    const before = await returnByReference(transaction, paymentId, kind, reference);
    if (before !== null) {
      if (before.amountMinor === amount.minor && before.feeMinor === fee) return before;
      throw new ConflictError('REFERENCE_USED', `The reference ${reference} belongs to another ${kind}`);
    }
    const plan = await planReturn(transaction, request);
    if (plan.fingerprint !== fingerprint) throw new StalePlanError();
    return writeReturn(transaction, services, request, act);
  });
}

/** The same without a plan, within a transaction that holds the account's lock. */
export async function writeReturn(
  transaction: Transaction<TenantDatabase>,
  services: Pick<BillingServices, 'clock'>,
  request: ReturnRequest,
  act: Act,
): Promise<PaymentReturn> {
  const { kind, paymentId, amount, fee, reference, reason } = request;
  const { movement } = await planReturn(transaction, request);
  const made = await insertReturn(transaction, {
    id: newId(prefixes[kind], services.clock),
    paymentId,
    customerId: movement.customerId,
    kind,
    reference,
    currency: movement.currency,
    amountMinor: amount.minor,
    feeMinor: fee,
    reason,
    returnedOn: act.today,
    returnedAt: new Date(act.now),
  });
  await writeMovement(transaction, made.id, movement, act);
  if (movement.rounding !== undefined)
    await takeRoundingBack(transaction, roundingBackId(made.id), movement.rounding, act);
  await appendEvents<TenantEvents>(transaction, [
    {
      type: 'payment.returned',
      subject: made.id,
      payload: {
        returnId: made.id,
        paymentId,
        customerId: made.customerId,
        kind,
        amountMinor: `${amount.minor}`,
        feeMinor: `${fee}`,
        currency: made.currency,
        allocations: movement.allocations.map((one) => ({
          invoiceId: one.documentId,
          amountMinor: `${one.amount}`,
          netMinor: `${one.net}`,
        })),
        creditNotes: movement.credits.flatMap(({ sourceId, amount, net }) =>
          net === undefined ? [] : [{ creditNoteId: sourceId, amountMinor: `${amount}`, netMinor: `${net}` }],
        ),
      },
      ...occurred(act),
    },
  ]);
  return made;
}
