import type { TenantDatabase } from '@dotmac/migrations';
import type { Transaction } from 'kysely';
import type { BillingServices } from '../builder.ts';
import type { AttemptRow } from '../collection/store.ts';
import { receiveIn } from '../payment/receive.ts';
import type { ProviderCharge, ProviderRefundState } from '../provider/port.ts';
import { writeReturn } from '../return/return.ts';
import { returnByReference } from '../return/store.ts';
import type { Act } from '../run/issue.ts';
import { type ProviderRefundRow, refundById, updateRefund } from './store.ts';

/** A charge whose payment is booked. */
export interface BookedCharge {
  readonly providerId: string;
  readonly customerId: string;
  readonly paymentId: string;
  readonly charge: ProviderCharge;
  /** Null when somebody else asked for the charge. */
  readonly row: AttemptRow | null;
}

/**
 * Books what went back of a charge, whoever had it sent back: here, or at the provider. A refund that failed after it
 * had succeeded is money that came back. The caller holds the account's lock.
 */
export async function settleRefunds(
  transaction: Transaction<TenantDatabase>,
  services: Pick<BillingServices, 'clock' | 'tenant'>,
  booked: BookedCharge,
  act: Act,
): Promise<void> {
  for (const refund of booked.charge.refunds) {
    const found = refund.key === null ? null : await refundById(transaction, refund.key);
    const row = found?.paymentId === booked.paymentId ? found : null;
    const before = await returnByReference(transaction, booked.paymentId, 'refund', refund.id);
    if (refund.state === 'succeeded' && before === null)
      await book(transaction, services, booked, refund, row, act);
    if (refund.state === 'failed' && before !== null)
      await receiveIn(
        transaction,
        services,
        {
          customerId: booked.customerId,
          amount: { minor: before.amountMinor, currency: before.currency },
          method: booked.providerId,
          reference: `${refund.id}:failed`,
          invoiceId: null,
        },
        act,
      );
    if (row === null) continue;
    if (refund.state === 'pending' && row.state === 'requested')
      await updateRefund(transaction, row.id, { state: 'pending', refundId: refund.id });
    if (refund.state === 'failed' && (row.state === 'requested' || row.state === 'pending'))
      await updateRefund(transaction, row.id, {
        state: 'failed',
        refundId: refund.id,
        failure: 'the provider could not send it',
      });
  }
}

async function book(
  transaction: Transaction<TenantDatabase>,
  services: Pick<BillingServices, 'clock' | 'tenant'>,
  { paymentId, charge }: BookedCharge,
  refund: ProviderRefundState,
  row: ProviderRefundRow | null,
  act: Act,
): Promise<void> {
  const made = await writeReturn(
    transaction,
    services,
    {
      kind: 'refund',
      paymentId,
      amount: { minor: refund.amount, currency: charge.currency },
      fee: 0n,
      reference: refund.id,
      reason: row?.reason ?? 'refunded at the provider',
      providerRefundId: row?.id,
    },
    act,
  );
  if (row !== null)
    await updateRefund(transaction, row.id, {
      state: 'succeeded',
      refundId: refund.id,
      returnId: made.id,
      failure: null,
    });
}
