import type { PlatformDatabase } from '@dotmac/migrations';
import { appendEvents, newId } from '@dotmac/platform';
import type { PlatformEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import type { PartnersServices } from '../builder.ts';
import { commissionOf, inFirstYear } from './rules.ts';
import {
  type CommissionEntry,
  earnedSoFar,
  entryOfPayment,
  insertEntry,
  lockedAttribution,
} from './store.ts';

/** Money of a tenant's payment that went back. */
export interface TenantReturn {
  /** The return's id in tenant zero. */
  readonly returnId: string;
  /** The payment that it is of. */
  readonly paymentId: string;
  readonly tenantId: string;
  /** Net of tax, above zero. */
  readonly netMinor: bigint;
  readonly currency: string;
  readonly actor: string;
}

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
    return record(
      transaction,
      {
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
      },
      actor,
    );
  });
}

/**
 * Takes commission back for money that went back, once however often it is told: by the formula by which it was earned,
 * so that what went back whole leaves nothing. Only what earned is taken back, and that at any time, as the first year
 * is the payment's. Nobody waits for it to become available.
 * @returns the entry, below zero; null when the payment earned nobody anything, or it is taken back already.
 */
export async function clawBack(
  { database, clock }: PartnersServices,
  { returnId, paymentId, tenantId, netMinor, currency, actor }: TenantReturn,
): Promise<CommissionEntry | null> {
  return database.transaction().execute(async (transaction) => {
    await lockedAttribution(transaction, tenantId);
    const earned = await entryOfPayment(transaction, tenantId, paymentId);
    if (earned === undefined || earned.currency !== currency) return null;
    const { partnerId, role, rateBasisPoints } = earned;
    const before = await earnedSoFar(transaction, partnerId, tenantId, currency);
    const now = clock.now();
    return record(
      transaction,
      {
        id: newId('cme', clock),
        partnerId,
        tenantId,
        role,
        sourceKind: 'REFUND',
        sourceId: returnId,
        baseMinor: -netMinor,
        rateBasisPoints,
        amountMinor: commissionOf(-netMinor, rateBasisPoints, before),
        currency,
        earnedAt: new Date(now),
        availableAt: new Date(now),
      },
      actor,
    );
  });
}

/** Writes an entry and tells of it; null when it is there already. */
async function record(
  transaction: Transaction<PlatformDatabase>,
  row: Omit<CommissionEntry, 'ordinal'>,
  actor: string,
): Promise<CommissionEntry | null> {
  const entry = await insertEntry(transaction, row);
  if (entry === null) return null;
  const { id, partnerId, tenantId, amountMinor, currency, sourceId, earnedAt } = entry;
  await appendEvents<PlatformEvents>(transaction, [
    {
      type: 'commission.earned',
      subject: partnerId,
      payload: {
        entryId: id,
        partnerId,
        tenantId,
        amountMinor: amountMinor.toString(),
        currency,
        source: sourceId,
      },
      occurredAt: earnedAt.getTime(),
      actor,
    },
  ]);
  return entry;
}
