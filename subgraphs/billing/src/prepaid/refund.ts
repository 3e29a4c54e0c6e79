import type { TenantDatabase } from '@dotmac/migrations';
import { type Executor, newId } from '@dotmac/platform';
import { ConflictError, NotFoundError, StalePlanError, ValidationError } from '@dotmac/schema';
import { lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { postPrepaidRefund } from '../ledger/rules-postings.ts';
import { type Movement, movementFingerprint } from '../movement/rules.ts';
import { writeMovement } from '../movement/store.ts';
import { smaller } from '../payment/rules.ts';
import type { Act } from '../run/issue.ts';
import { creditItems } from '../settlement/store.ts';
import { insertPrepaidRefund, type Prepaid, prepaidOfCustomers, prepaidRefundByReference } from './store.ts';

export interface RefundRequest {
  readonly customerId: string;
  /** Minor units; the whole balance when null. */
  readonly amount: bigint | null;
  readonly method: string;
  readonly reference: string;
  readonly reason: string;
}

/**
 * What would move: from the oldest money of the balance on, never more than it is.
 * @throws ValidationError, NotFoundError
 */
export async function planPrepaidRefund(
  db: Executor<TenantDatabase>,
  { customerId, amount, method, reference, reason }: RefundRequest,
): Promise<{ readonly movement: Movement; readonly fingerprint: string }> {
  if (!/^[a-z][a-zA-Z0-9-]{0,39}$/.test(method))
    throw new ValidationError('input.method', 'A method is a word such as cash or bankTransfer');
  if (reference.trim() === '' || reference.length > 200)
    throw new ValidationError('input.reference', 'It needs a reference of 1 to 200 characters');
  if (reason.trim() === '') throw new ValidationError('input.reason', 'Say why: it is kept');
  const [prepaid] = await prepaidOfCustomers(db, [customerId]);
  if (prepaid === undefined) throw new NotFoundError('prepaid Customer', customerId);
  const { balance, currency } = prepaid;
  const wanted = amount ?? balance;
  if (wanted <= 0n || wanted > balance)
    throw new ValidationError('input.amountMinor', `${wanted} is not within the balance of ${balance}`);
  let left = wanted;
  const credits = (await creditItems(db, [customerId])).flatMap((one) => {
    const taken = one.currency === currency ? smaller(one.open, left) : 0n;
    left -= taken;
    return taken > 0n ? [{ sourceId: one.sourceId, amount: taken }] : [];
  });
  const movement: Movement = {
    customerId,
    currency,
    amount: wanted,
    credits,
    allocations: [],
    postings: (ref) => [
      postPrepaidRefund({ ref, customer: customerId, currency, amount: wanted, gateway: method }),
    ],
  };
  return {
    movement,
    fingerprint: movementFingerprint([customerId, method, reference, reason, balance], movement),
  };
}

/**
 * Gives the balance back. The same method and reference again is the refund that is there.
 * @throws StalePlanError, ConflictError when the reference names another refund, and what the plan throws.
 */
export async function applyPrepaidRefund(
  services: BillingServices,
  request: RefundRequest,
  fingerprint: string,
  act: Act,
): Promise<Prepaid> {
  const { customerId, method, reference, reason } = request;
  return services.database.transaction().execute(async (transaction) => {
    await lockedAccount(transaction, customerId);
    const standing = async () => {
      const [now] = await prepaidOfCustomers(transaction, [customerId]);
      if (now === undefined) throw new NotFoundError('prepaid Customer', customerId);
      return now;
    };
    const before = await prepaidRefundByReference(transaction, method, reference);
    if (before !== null) {
      if (before.customerId === customerId && (request.amount ?? before.amountMinor) === before.amountMinor)
        return standing();
      throw new ConflictError('REFERENCE_USED', `The reference ${reference} belongs to another refund`);
    }
    const { movement, fingerprint: now } = await planPrepaidRefund(transaction, request);
    if (now !== fingerprint) throw new StalePlanError();
    const id = newId('ppr', services.clock);
    await insertPrepaidRefund(
      transaction,
      {
        id,
        customerId,
        method,
        reference,
        currency: movement.currency,
        amountMinor: movement.amount,
        reason,
        refundedOn: act.today,
        refundedAt: new Date(act.now),
      },
      movement.credits,
    );
    await writeMovement(transaction, id, movement, act);
    return standing();
  });
}
