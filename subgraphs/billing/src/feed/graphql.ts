import type { TenantDatabase } from '@dotmac/migrations';
import type { EventWithCursor, NewEvent } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Kysely } from 'kysely';
import { CustomerRef } from '../account/type.ts';
import { type BillingContext, builder } from '../builder.ts';
import { type Document, openInvoices } from '../document/store.ts';
import { InvoiceRef } from '../document/type.ts';
import { billingLoaders } from '../loaders.ts';
import type { Payment } from '../payment/store.ts';
import { PaymentRef } from '../payment/type.ts';

const types = [
  'invoice.issued',
  'invoice.paid',
  'payment.received',
  'payment.applied',
  'payment.returned',
  'payment.attempt.failed',
  'dunning.step.executed',
  'platform.bundles.changed',
] as const;
type Feed = EventWithCursor<TenantEvents>;
type FeedEvent = Extract<Feed, { type: (typeof types)[number] }>;

const BillingEventTypeEnum = builder.enumType('BillingEventType', {
  values: {
    INVOICE_ISSUED: { value: 'invoice.issued' },
    INVOICE_PAID: { value: 'invoice.paid' },
    PAYMENT_RECEIVED: { value: 'payment.received' },
    PAYMENT_APPLIED: { value: 'payment.applied' },
    PAYMENT_RETURNED: { value: 'payment.returned' },
    PAYMENT_ATTEMPT_FAILED: { value: 'payment.attempt.failed' },
    DUNNING_STEP_EXECUTED: { value: 'dunning.step.executed' },
    PLATFORM_BUNDLES_CHANGED: { value: 'platform.bundles.changed', description: 'In tenant zero only.' },
  },
} as const);

const names = {
  'invoice.issued': 'InvoiceIssued',
  'invoice.paid': 'InvoicePaid',
  'payment.received': 'PaymentReceived',
  'payment.applied': 'PaymentApplied',
  'payment.returned': 'PaymentReturned',
  'payment.attempt.failed': 'PaymentAttemptFailed',
  'dunning.step.executed': 'DunningStepExecuted',
  'platform.bundles.changed': 'PlatformBundlesChanged',
} as const satisfies Record<FeedEvent['type'], string>;

const BillingEventRef = builder.interfaceRef<FeedEvent>('BillingEvent').implement({
  description: 'Something that happened to money.',
  resolveType: (event) => names[event.type],
  fields: (t) => ({
    cursor: t.expose('cursor', { type: 'Cursor' }),
    occurredAt: t.expose('occurredAt', { type: 'DateTime' }),
    snapshot: t.expose('snapshot', {
      type: 'SnapshotPlace',
      nullable: true,
      description: 'Set on what stood when the stream began with `initial`; null for what happens.',
    }),
    customer: t.field({ type: CustomerRef, resolve: ({ payload }) => ({ id: payload.customerId }) }),
  }),
});

const invoiceOf = async (id: string, { loaders }: BillingContext) =>
  (await loaders.document.load(id)) as Document;

for (const type of ['invoice.issued', 'invoice.paid'] as const) {
  builder.objectRef<Extract<FeedEvent, { type: typeof type }>>(names[type]).implement({
    interfaces: [BillingEventRef],
    fields: (t) => ({
      invoice: t.field({
        type: InvoiceRef,
        resolve: ({ payload }, _args, context) => invoiceOf(payload.invoiceId, context),
      }),
    }),
  });
}

builder.objectRef<Extract<FeedEvent, { type: 'payment.received' }>>('PaymentReceived').implement({
  interfaces: [BillingEventRef],
  fields: (t) => ({
    payment: t.field({
      type: PaymentRef,
      resolve: async ({ payload }, _args, { loaders }) =>
        (await loaders.payment.load(payload.paymentId)) as Payment,
    }),
  }),
});

builder.objectRef<Extract<FeedEvent, { type: 'payment.applied' }>>('PaymentApplied').implement({
  description: 'Credit that a payment had left paid a later invoice.',
  interfaces: [BillingEventRef],
  fields: (t) => ({
    payment: t.field({
      type: PaymentRef,
      resolve: async ({ payload }, _args, { loaders }) =>
        (await loaders.payment.load(payload.paymentId)) as Payment,
    }),
    invoice: t.field({
      type: InvoiceRef,
      resolve: ({ payload }, _args, context) => invoiceOf(payload.invoiceId, context),
    }),
    net: t.field({
      type: 'Money',
      description: 'The share of it that is net of tax.',
      resolve: ({ payload }) => ({ minor: BigInt(payload.netMinor), currency: payload.currency }),
    }),
  }),
});

builder.objectRef<Extract<FeedEvent, { type: 'payment.returned' }>>('PaymentReturned').implement({
  interfaces: [BillingEventRef],
  fields: (t) => ({
    payment: t.field({
      type: PaymentRef,
      resolve: async ({ payload }, _args, { loaders }) =>
        (await loaders.payment.load(payload.paymentId)) as Payment,
    }),
    returnId: t.id({ resolve: ({ payload }) => payload.returnId }),
    amount: t.field({
      type: 'Money',
      resolve: ({ payload }) => ({ minor: BigInt(payload.amountMinor), currency: payload.currency }),
    }),
    net: t.field({
      type: 'Money',
      description:
        'What of it had paid for something, or was credited, net of tax: commission goes back by it.',
      resolve: ({ payload: { allocations, creditNotes = [], currency } }) => ({
        minor:
          creditNotes.reduce((sum, one) => sum + BigInt(one.netMinor), 0n) -
          allocations.reduce((sum, one) => sum + BigInt(one.netMinor), 0n),
        currency,
      }),
    }),
  }),
});

builder.objectRef<Extract<FeedEvent, { type: 'payment.attempt.failed' }>>('PaymentAttemptFailed').implement({
  interfaces: [BillingEventRef],
  fields: (t) => ({
    invoice: t.field({
      type: InvoiceRef,
      resolve: ({ payload }, _args, context) => invoiceOf(payload.invoiceId, context),
    }),
    declineCode: t.string({ resolve: ({ payload }) => payload.declineCode }),
    nextAttemptOn: t.field({
      type: 'LocalDate',
      nullable: true,
      resolve: ({ payload }) => payload.nextAttemptOn,
    }),
  }),
});

builder.objectRef<Extract<FeedEvent, { type: 'dunning.step.executed' }>>('DunningStepExecuted').implement({
  interfaces: [BillingEventRef],
  fields: (t) => ({
    step: t.string({ resolve: ({ payload }) => payload.step }),
    invoice: t.field({
      type: InvoiceRef,
      description: 'The oldest that is overdue.',
      resolve: ({ payload }, _args, context) => invoiceOf(payload.invoiceId, context),
    }),
  }),
});

builder
  .objectRef<Extract<FeedEvent, { type: 'platform.bundles.changed' }>>('PlatformBundlesChanged')
  .implement({
    description: 'An ISP switched a premium bundle.',
    interfaces: [BillingEventRef],
    fields: (t) => ({
      tenantId: t.id({ resolve: ({ payload }) => payload.tenantId }),
      bundles: t.stringList({
        description: 'All that it has from now on.',
        resolve: ({ payload }) => payload.bundles,
      }),
    }),
  });

function asIssued({
  id,
  number,
  customerId,
  grossMinor,
  currency,
  dueOn,
  issuedAt,
}: Document): NewEvent<TenantEvents> {
  return {
    type: 'invoice.issued',
    subject: id,
    payload: { invoiceId: id, number, customerId, grossMinor: `${grossMinor}`, currency, dueOn },
    occurredAt: issuedAt.getTime(),
    actor: 'system:snapshot',
  };
}

builder.subscriptionField('billingEvents', (t) =>
  t.field({
    type: BillingEventRef,
    args: {
      after: t.arg({ type: 'Cursor', description: 'Go on after this event; from now on without it.' }),
      initial: t.arg.boolean({
        description: 'Begin with the invoices that are open, each as it was issued.',
      }),
      types: t.arg({ type: [BillingEventTypeEnum], description: 'All when left out.' }),
    },
    authScopes: { scope: 'billing:read' },
    subscribe: (_root, { after, initial, types: chosen }, { services }) =>
      services.events.subscribe({
        after,
        types: chosen ?? types,
        initial: {
          wanted: initial === true,
          read: async (transaction: Kysely<TenantDatabase>) =>
            (chosen ?? types).includes('invoice.issued')
              ? (await openInvoices(transaction)).map(asIssued)
              : [],
        },
      }),
    resolve: (event, _args, context) => {
      // A stream outlives what its loaders remember: every event looks at the world anew.
      Object.assign(context, { loaders: billingLoaders(context.services.database) });
      return event as FeedEvent;
    },
  }),
);
