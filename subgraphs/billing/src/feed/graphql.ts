import type { EventWithCursor } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import { CustomerRef } from '../account/type.ts';
import { type BillingContext, builder } from '../builder.ts';
import type { Document } from '../document/store.ts';
import { InvoiceRef } from '../document/type.ts';
import { billingLoaders } from '../loaders.ts';
import type { Payment } from '../payment/store.ts';
import { PaymentRef } from '../payment/type.ts';

const types = ['invoice.issued', 'invoice.paid', 'payment.received', 'dunning.step.executed'] as const;
type Feed = EventWithCursor<TenantEvents>;
type FeedEvent = Extract<Feed, { type: (typeof types)[number] }>;

const BillingEventTypeEnum = builder.enumType('BillingEventType', {
  values: {
    INVOICE_ISSUED: { value: 'invoice.issued' },
    INVOICE_PAID: { value: 'invoice.paid' },
    PAYMENT_RECEIVED: { value: 'payment.received' },
    DUNNING_STEP_EXECUTED: { value: 'dunning.step.executed' },
  },
} as const);

const names = {
  'invoice.issued': 'InvoiceIssued',
  'invoice.paid': 'InvoicePaid',
  'payment.received': 'PaymentReceived',
  'dunning.step.executed': 'DunningStepExecuted',
} as const satisfies Record<FeedEvent['type'], string>;

const BillingEventRef = builder.interfaceRef<FeedEvent>('BillingEvent').implement({
  description: 'Something that happened to money.',
  resolveType: (event) => names[event.type],
  fields: (t) => ({
    cursor: t.expose('cursor', { type: 'Cursor' }),
    occurredAt: t.expose('occurredAt', { type: 'DateTime' }),
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

builder.subscriptionField('billingEvents', (t) =>
  t.field({
    type: BillingEventRef,
    args: {
      after: t.arg({ type: 'Cursor', description: 'Go on after this event; from now on without it.' }),
      types: t.arg({ type: [BillingEventTypeEnum], description: 'All when left out.' }),
    },
    authScopes: { scope: 'billing:read' },
    subscribe: (_root, args, { services }) =>
      services.events.subscribe({ after: args.after, types: args.types ?? types }),
    resolve: (event, _args, context) => {
      // A stream outlives what its loaders remember: every event looks at the world anew.
      Object.assign(context, { loaders: billingLoaders(context.services.database) });
      return event as FeedEvent;
    },
  }),
);
