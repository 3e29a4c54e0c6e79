import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { formatDay } from '../calendar/rules.ts';
import { receiveIn } from '../payment/receive.ts';
import type { ProviderCharge } from '../provider/port.ts';
import { customerOfExternal } from '../provider/store.ts';
import { type BookedCharge, settleRefunds } from '../refund/settle.ts';
import { writeReturn } from '../return/return.ts';
import { returnByReference } from '../return/store.ts';
import { type Act, occurred } from '../run/issue.ts';
import { dayOfText } from '../run/run.ts';
import { afterDecline, isForward } from './rules.ts';
import {
  type AttemptRow,
  attemptOfCharge,
  attemptsOfCollections,
  autopay,
  collectionById,
  updateAttempt,
  updateCollection,
} from './store.ts';

/**
 * Brings the books to what a provider knows of a charge: the attempt's outcome, the payment, its refunds and what the
 * bank took back. Everything has a reference of its own, so that it does not matter how often, in which order and
 * from how many sides the news arrives.
 * @returns whose charge it is; null when nobody's here.
 */
export async function settleCharge(
  services: Pick<BillingServices, 'database' | 'clock' | 'tenant'>,
  providerId: string,
  charge: ProviderCharge,
  act: Act,
): Promise<string | null> {
  return services.database.transaction().execute(async (transaction) => {
    const known = await attemptOfCharge(transaction, providerId, charge);
    const customerId =
      known?.customerId ?? (await customerOfExternal(transaction, providerId, charge.customer ?? ''));
    if (customerId === null) return null;
    await lockedAccount(transaction, customerId);
    const row = known === null ? null : await attemptOfCharge(transaction, providerId, charge);
    if (charge.state === 'succeeded') {
      const paymentId = await bookPayment(transaction, services, providerId, customerId, charge, row, act);
      await settleRefunds(transaction, services, { providerId, paymentId, charge, row, customerId }, act);
      await bookDisputes(transaction, services, { providerId, paymentId, charge, row, customerId }, act);
    } else if (row !== null && isForward(row.state, charge.state)) {
      if (charge.state === 'failed') await decline(transaction, row, charge, act);
      else
        await updateAttempt(transaction, row, {
          state: 'pending',
          chargeId: charge.id,
        });
    }
    return customerId;
  });
}

async function bookPayment(
  transaction: Transaction<TenantDatabase>,
  services: Pick<BillingServices, 'clock' | 'tenant'>,
  providerId: string,
  customerId: string,
  charge: ProviderCharge,
  row: AttemptRow | null,
  act: Act,
): Promise<string> {
  const { id, amount, currency } = charge;
  const payment = await receiveIn(
    transaction,
    services,
    {
      customerId,
      amount: { minor: amount, currency },
      method: providerId,
      reference: id,
      invoiceId: row?.documentId ?? null,
    },
    act,
    true,
  );
  if (row !== null && isForward(row.state, 'succeeded')) {
    await updateAttempt(transaction, row, {
      state: 'succeeded',
      chargeId: id,
      settledAt: new Date(act.now),
      paymentId: payment.id,
    });
    await updateCollection(transaction, row.collectionId, {
      state: 'succeeded',
      because: null,
      nextAttemptOn: null,
    });
  }
  return payment.id;
}

async function decline(
  transaction: Transaction<TenantDatabase>,
  row: AttemptRow,
  charge: ProviderCharge,
  act: Act,
): Promise<void> {
  const { class: declineClass, code: declineCode } = charge.decline ?? {
    class: 'soft' as const,
    code: 'unknown',
  };
  await updateAttempt(transaction, row, {
    state: 'failed',
    chargeId: charge.id,
    declineClass,
    declineCode,
    settledAt: new Date(act.now),
  });
  const collection = await collectionById(transaction, row.collectionId);
  let nextAttemptOn: string | null = null;
  if (collection?.state === 'active') {
    const attempts = await attemptsOfCollections(transaction, [collection.id]);
    const then = afterDecline(
      dayOfText(collection.firstAttemptOn),
      attempts.filter((one) => one.state !== 'cancelled').length,
      declineClass,
      collection.begunBy === autopay,
    );
    if ('nextAttemptOn' in then) {
      nextAttemptOn = formatDay(then.nextAttemptOn);
      await updateCollection(transaction, collection.id, { nextAttemptOn });
    } else await updateCollection(transaction, collection.id, { state: 'stopped', because: then.because });
  }
  await appendEvents<TenantEvents>(transaction, [
    {
      type: 'payment.attempt.failed',
      subject: row.documentId,
      payload: {
        customerId: row.customerId,
        invoiceId: row.documentId,
        attempt: row.ordinal,
        amountMinor: `${row.amountMinor}`,
        currency: row.currency,
        declineClass,
        declineCode,
        nextAttemptOn,
      },
      ...occurred(act),
    },
  ]);
}

/** A dispute takes its amount at once; a won one brings it back as money of its own. */
async function bookDisputes(
  transaction: Transaction<TenantDatabase>,
  services: Pick<BillingServices, 'clock' | 'tenant'>,
  { providerId, paymentId, customerId, charge, row }: BookedCharge,
  act: Act,
): Promise<void> {
  const { currency } = charge;
  for (const dispute of charge.disputes) {
    const { id: reference, amount, fee } = dispute;
    if ((await returnByReference(transaction, paymentId, 'chargeback', reference)) === null)
      await writeReturn(
        transaction,
        services,
        {
          kind: 'chargeback',
          paymentId,
          amount: { minor: amount, currency },
          fee,
          reference,
          reason: 'disputed at the bank',
        },
        act,
      );
    if (dispute.state !== 'won') continue;
    await receiveIn(
      transaction,
      services,
      {
        customerId,
        amount: { minor: amount, currency },
        method: providerId,
        reference: `${reference}:won`,
        invoiceId: row?.documentId ?? null,
      },
      act,
      true,
    );
  }
}
