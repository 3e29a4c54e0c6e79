import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, type Executor, newId } from '@dotmac/platform';
import { NotFoundError, StalePlanError, type TenantEvents, ValidationError } from '@dotmac/schema';
import { lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { type Movement, movementFingerprint } from '../movement/rules.ts';
import { writeMovement } from '../movement/store.ts';
import { type Act, occurred } from '../run/issue.ts';
import { recovery, writeOff } from './rules.ts';
import { insertWriteOff, type WriteOff, writeOffInvoice } from './store.ts';

export interface WriteOffRequest {
  readonly invoiceId: string;
  /** What a recovery opens again; a write-off takes all that is open. */
  readonly recovered: { readonly minor: bigint; readonly currency: string } | null;
  readonly reason: string;
}

/**
 * What would move.
 * @throws ValidationError, NotFoundError
 */
export async function planWriteOff(
  db: Executor<TenantDatabase>,
  { invoiceId, recovered, reason }: WriteOffRequest,
): Promise<{ readonly movement: Movement; readonly fingerprint: string }> {
  if (reason.trim() === '') throw new ValidationError('input.reason', 'Say why: it is shown and kept');
  const invoice = await writeOffInvoice(db, invoiceId);
  if (invoice === null) throw new NotFoundError('Invoice', invoiceId);
  if (recovered !== null && recovered.currency !== invoice.currency)
    throw new ValidationError(
      'input.amount.currency',
      `The invoice is in ${invoice.currency}, not in ${recovered.currency}`,
    );
  const result = recovered === null ? writeOff(invoice) : recovery(invoice, recovered.minor);
  if (!result.ok) throw new ValidationError(result.field, result.message);
  const { movement } = result;
  // What stands written off is part of it, so that a recovery sent again is stale.
  const request = [invoiceId, reason, recovered === null ? 'writeOff' : 'recovery', invoice.writtenOff];
  return { movement, fingerprint: movementFingerprint(request, movement) };
}

/** @throws StalePlanError, and what `planWriteOff` throws. */
export async function applyWriteOff(
  services: BillingServices,
  request: WriteOffRequest,
  fingerprint: string,
  act: Act,
): Promise<WriteOff> {
  const { invoiceId, recovered, reason } = request;
  return services.database.transaction().execute(async (transaction) => {
    const invoice = await writeOffInvoice(transaction, invoiceId);
    if (invoice === null) throw new NotFoundError('Invoice', invoiceId);
    await lockedAccount(transaction, invoice.customerId);
    const { movement, fingerprint: now } = await planWriteOff(transaction, request);
    if (now !== fingerprint) throw new StalePlanError();
    const made = await insertWriteOff(transaction, {
      id: newId(recovered === null ? 'wof' : 'rcv', services.clock),
      documentId: invoiceId,
      customerId: movement.customerId,
      currency: movement.currency,
      amountMinor: recovered === null ? movement.amount : -movement.amount,
      reason,
      writtenOn: act.today,
      writtenAt: new Date(act.now),
    });
    await writeMovement(transaction, made.id, movement, act);
    await appendEvents<TenantEvents>(transaction, [
      {
        type: recovered === null ? 'invoice.written.off' : 'invoice.recovered',
        subject: made.id,
        payload: {
          invoiceId,
          customerId: made.customerId,
          amountMinor: `${movement.amount}`,
          currency: made.currency,
        },
        ...occurred(act),
      },
    ]);
    return made;
  });
}
