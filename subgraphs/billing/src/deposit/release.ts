import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, type Executor, newId } from '@dotmac/platform';
import { NotFoundError, StalePlanError, type TenantEvents, ValidationError } from '@dotmac/schema';
import { lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { relieve } from '../dunning/relief.ts';
import { postDepositApplied, postDepositRefund } from '../ledger/rules-postings.ts';
import { type Movement, movementFingerprint } from '../movement/rules.ts';
import { writeMovement } from '../movement/store.ts';
import { type Act, type PaidInvoice, paidEvent } from '../run/issue.ts';
import { spreadOver } from '../settlement/settle.ts';
import { openItems } from '../settlement/store.ts';
import { type Deposit, depositById, insertRelease } from './store.ts';

export interface ReleaseRequest {
  readonly depositId: string;
  readonly kind: 'applied' | 'refunded';
  /** Minor units; all that is held when null. */
  readonly amount: bigint | null;
  readonly reason: string;
}

interface ReleasePlan {
  readonly movement: Movement;
  readonly paid: readonly PaidInvoice[];
  readonly fingerprint: string;
}

/**
 * What would move: to open invoices, oldest due first and never more than they need, or back to the customer.
 * @throws ValidationError, NotFoundError
 */
export async function planRelease(
  db: Executor<TenantDatabase>,
  { depositId, kind, amount, reason }: ReleaseRequest,
): Promise<ReleasePlan> {
  if (reason.trim() === '') throw new ValidationError('input.reason', 'Say why: it is kept');
  const deposit = await depositById(db, depositId);
  if (deposit === null) throw new NotFoundError('Deposit', depositId);
  const { customerId, currency, method, heldMinor } = deposit;
  const wanted = amount ?? heldMinor;
  if (wanted <= 0n || wanted > heldMinor)
    throw new ValidationError('input.amountMinor', `${wanted} is not within the ${heldMinor} that are held`);
  const spread =
    kind === 'refunded' ? null : spreadOver(depositId, wanted, currency, await openItems(db, [customerId]));
  if (spread?.allocations.length === 0)
    throw new ValidationError('input.kind', 'The customer has no open invoice to apply it to');
  const moved = wanted - (spread?.rest ?? 0n);
  const common = { customer: customerId, currency, amount: moved };
  const movement: Movement = {
    customerId,
    currency,
    amount: moved,
    credits: [],
    allocations: spread?.allocations ?? [],
    postings: (ref) => [
      kind === 'applied'
        ? postDepositApplied({ ...common, ref })
        : postDepositRefund({ ...common, ref, gateway: method }),
    ],
  };
  const fingerprint = movementFingerprint([depositId, kind, reason, heldMinor], movement);
  return { movement, paid: spread?.paid ?? [], fingerprint };
}

/** @throws StalePlanError, and what `planRelease` throws. */
export async function applyRelease(
  services: BillingServices,
  request: ReleaseRequest,
  fingerprint: string,
  act: Act,
): Promise<Deposit> {
  return services.database.transaction().execute(async (transaction) => {
    const deposit = await depositById(transaction, request.depositId);
    if (deposit === null) throw new NotFoundError('Deposit', request.depositId);
    await lockedAccount(transaction, deposit.customerId);
    const { movement, paid, fingerprint: now } = await planRelease(transaction, request);
    if (now !== fingerprint) throw new StalePlanError();
    const id = newId('dpr', services.clock);
    await insertRelease(transaction, {
      id,
      depositId: deposit.id,
      kind: request.kind,
      amountMinor: movement.amount,
      reason: request.reason,
      releasedOn: act.today,
    });
    await writeMovement(transaction, id, movement, act);
    await appendEvents<TenantEvents>(
      transaction,
      paid.map((invoice) => paidEvent(invoice, act)),
    );
    await relieve(transaction, deposit.customerId, 'paid', act);
    return (await depositById(transaction, deposit.id)) ?? deposit;
  });
}
