import type { TenantDatabase } from '@dotmac/migrations';
import { type EventConsumer, localDateAt } from '@dotmac/platform';
import type { EventOf, TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import type { BillingServices } from '../builder.ts';
import { documentsById } from '../document/store.ts';
import { summariesOfDocuments } from '../payer/store.ts';
import { openItemsById } from '../settlement/store.ts';
import { type NewMail, queueMail } from './queue.ts';
import { mailServer } from './store.ts';

/** Tells customers what happened to their money, as long as there is a mail server. */
export function mailConsumer(services: BillingServices): EventConsumer<TenantDatabase, TenantEvents> {
  return {
    name: 'billing.write-letters',
    types: [
      'invoice.issued',
      'payment.received',
      'payment.attempt.failed',
      'dunning.step.executed',
      'prepaid.balance.low',
      'prepaid.expired',
      'platform.trial.ending',
    ],
    async handle(event, transaction) {
      const server = await mailServer(transaction);
      if (server === null || event.occurredAt < server.since) return;
      const mail = await mailOf(transaction, services, event);
      if (mail !== null) await queueMail(transaction, services, mail);
    },
  };
}

async function mailOf(
  transaction: Transaction<TenantDatabase>,
  { tenant }: BillingServices,
  event: EventOf<TenantEvents>,
): Promise<NewMail | null> {
  const numberOf = async (id: string) => (await documentsById(transaction, [id]))[0]?.number ?? '';
  switch (event.type) {
    case 'invoice.issued': {
      const { invoiceId, number, grossMinor, dueOn } = event.payload;
      const [summary] = await summariesOfDocuments(transaction, [invoiceId]);
      // A list that names all of them is one letter, with whatever invoice of it this comes first.
      if (summary !== undefined) {
        const numbers = (await documentsById(transaction, summary.documentIds))
          .map((one) => one.number)
          .sort();
        const facts = { kind: 'summary', numbers, total: summary.totalMinor, dueOn: summary.dueOn } as const;
        return { customerId: summary.payerId, facts, about: summary.id, documentId: null };
      }
      const [item] = await openItemsById(transaction, [invoiceId]);
      const facts = { kind: 'invoice', number, gross: BigInt(grossMinor), dueOn } as const;
      const customerId = item?.customerId ?? event.payload.customerId;
      return { customerId, facts, about: invoiceId, documentId: invoiceId };
    }
    case 'payment.received': {
      const { paymentId, customerId, amountMinor, allocations } = event.payload;
      const numbers = await Promise.all(allocations.map(({ invoiceId }) => numberOf(invoiceId)));
      const on = localDateAt(event.occurredAt.getTime(), tenant?.timeZone ?? 'UTC');
      const facts = { kind: 'receipt', amount: BigInt(amountMinor), on, numbers } as const;
      return { customerId, facts, about: paymentId, documentId: null };
    }
    case 'payment.attempt.failed': {
      const { customerId, invoiceId, attempt, amountMinor, nextAttemptOn } = event.payload;
      const number = await numberOf(invoiceId);
      const facts = { kind: 'paymentFailed', number, amount: BigInt(amountMinor), nextAttemptOn } as const;
      return { customerId, facts, about: `${invoiceId}:${attempt}`, documentId: null };
    }
    case 'dunning.step.executed': {
      const { customerId, invoiceId, step } = event.payload;
      const [invoice] = await documentsById(transaction, [invoiceId]);
      const [item] = await openItemsById(transaction, [invoiceId]);
      if (invoice === undefined || item === undefined || item.openMinor === 0n) return null;
      const { number, dueOn } = invoice;
      const facts = { kind: 'reminder', number, open: item.openMinor, dueOn } as const;
      return { customerId, facts, about: `${invoiceId}:${step}`, documentId: invoiceId };
    }
    case 'prepaid.balance.low':
    case 'prepaid.expired': {
      const { customerId, balanceMinor, neededMinor, on } = event.payload;
      const isExpired = event.type === 'prepaid.expired';
      const amounts = { balance: BigInt(balanceMinor), needed: BigInt(neededMinor) };
      const facts = { kind: 'lowBalance', on, isExpired, ...amounts } as const;
      return { customerId, facts, about: `${customerId}:${event.type}:${on}`, documentId: null };
    }
    case 'platform.trial.ending': {
      const { customerId, paidFrom, daysLeft } = event.payload;
      const facts = { kind: 'trialEnding', paidFrom, daysLeft } as const;
      return { customerId, facts, about: `${customerId}:${paidFrom}:${daysLeft}`, documentId: null };
    }
    default:
      return null;
  }
}
