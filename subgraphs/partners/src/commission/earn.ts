import { appendEvents, newId } from '@dotmac/platform';
import type { PlatformEvents } from '@dotmac/schema';
import type { PartnersServices } from '../builder.ts';
import { commissionOf, inFirstYear } from './rules.ts';
import { type CommissionEntry, earnedSoFar, insertEntry, lockedAttribution } from './store.ts';

export interface TenantPayment {
  /** The payment's id in tenant zero. */
  readonly paymentId: string;
  readonly tenantId: string;
  /** Cash received, net of tax. */
  readonly netMinor: bigint;
  readonly currency: string;
  readonly receivedAt: Date;
  readonly actor: string;
}

/**
 * Commission for a payment of a tenant's bill, once however often it is told.
 * @returns the entry, or null when nobody earns from this payment or it has earned already.
 */
export async function earnCommission(
  { database, clock }: PartnersServices,
  payment: TenantPayment,
): Promise<CommissionEntry | null> {
  const { paymentId, tenantId, netMinor, currency, receivedAt, actor } = payment;
  return database.transaction().execute(async (transaction) => {
    const attribution = await lockedAttribution(transaction, tenantId);
    if (
      attribution === undefined ||
      attribution.liveAt === null ||
      !inFirstYear(receivedAt, attribution.liveAt)
    )
      return null;
    const { partnerId, role, salesRateBasisPoints, holdDays } = attribution;
    const amountMinor = commissionOf(
      netMinor,
      salesRateBasisPoints,
      await earnedSoFar(transaction, partnerId, tenantId, currency),
    );
    const now = clock.now();
    const entry = await insertEntry(transaction, {
      id: newId('cme', clock),
      partnerId,
      tenantId,
      role,
      sourceKind: netMinor < 0n ? 'REFUND' : 'PAYMENT',
      sourceId: paymentId,
      baseMinor: netMinor,
      rateBasisPoints: salesRateBasisPoints,
      amountMinor,
      currency,
      earnedAt: new Date(now),
      availableAt: new Date(now + holdDays * 86_400_000),
    });
    if (entry === null) return null;
    await appendEvents<PlatformEvents>(transaction, [
      {
        type: 'commission.earned',
        subject: partnerId,
        payload: {
          entryId: entry.id,
          partnerId,
          tenantId,
          amountMinor: amountMinor.toString(),
          currency,
          source: paymentId,
        },
        occurredAt: now,
        actor,
      },
    ]);
    return entry;
  });
}
