import { ConflictError, NotFoundError, requireFingerprint } from '@dotmac/schema';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import type { Document } from '../document/store.ts';
import { InvoiceRef } from '../document/type.ts';
import { orFailure, planFailures } from '../outcome.ts';
import type { Payment } from '../payment/store.ts';
import { PaymentRef } from '../payment/type.ts';
import { mayPayFor } from '../provider/graphql.ts';
import type { MethodRow } from '../provider/store.ts';
import { PaymentMethodRef } from '../provider/type.ts';
import { ApplyModeEnum } from '../run/graphql.ts';
import { type CollectionPlan, collectInvoice, planCollection } from './collect.ts';
import { type AttemptRow, type CollectionRow, collectionsOfDocuments } from './store.ts';

const CollectionStateEnum = builder.enumType('PaymentCollectionState', {
  values: {
    ACTIVE: { value: 'active' },
    SUCCEEDED: { value: 'succeeded' },
    STOPPED: { value: 'stopped' },
  },
} as const);
const AttemptStateEnum = builder.enumType('ChargeAttemptState', {
  values: {
    REQUESTED: { value: 'requested' },
    CANCELLED: { value: 'cancelled', description: 'Nobody was asked: there was no reason any more.' },
    SENT: { value: 'sent', description: 'The provider may know of it; its answer is not here yet.' },
    PENDING: { value: 'pending' },
    FAILED: { value: 'failed' },
    SUCCEEDED: { value: 'succeeded' },
  },
} as const);
const DeclineClassEnum = builder.enumType('DeclineClass', {
  values: {
    SOFT: { value: 'soft' },
    INSUFFICIENT_FUNDS: { value: 'insufficientFunds' },
    AUTHENTICATION_REQUIRED: { value: 'authenticationRequired', description: 'Waits for the customer.' },
    HARD: { value: 'hard', description: 'Never tried again with this method.' },
  },
} as const);

const ChargeAttemptRef = builder.objectRef<AttemptRow>('ChargeAttempt').implement({
  description: 'What a provider was asked for under one key.',
  fields: (t) => ({
    ordinal: t.exposeInt('ordinal', { description: 'Of the invoice: the first, the second …' }),
    amount: t.field({
      type: 'Money',
      resolve: ({ amountMinor, currency }) => ({ minor: amountMinor, currency }),
    }),
    state: t.field({ type: AttemptStateEnum, resolve: ({ state }) => state }),
    attemptedOn: t.expose('attemptedOn', { type: 'LocalDate' }),
    declineClass: t.field({
      type: DeclineClassEnum,
      nullable: true,
      resolve: ({ declineClass }) => declineClass,
    }),
    declineCode: t.exposeString('declineCode', { nullable: true, description: 'The provider’s own word.' }),
    payment: t.field({
      type: PaymentRef,
      nullable: true,
      resolve: async ({ paymentId }, _args, { loaders }) =>
        paymentId === null ? null : ((await loaders.payment.load(paymentId)) as Payment),
    }),
  }),
});

const CollectionRef = builder.objectRef<CollectionRow>('PaymentCollection').implement({
  description: 'The collecting of an invoice with a stored method, over as many attempts as it takes.',
  authScopes: ({ customerId }, { principal }) =>
    principal.customerId === customerId || { scope: 'billing:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    invoice: t.field({
      type: InvoiceRef,
      resolve: async ({ documentId }, _args, { loaders }) =>
        (await loaders.document.load(documentId)) as Document,
    }),
    method: t.field({
      type: PaymentMethodRef,
      resolve: async ({ methodId }, _args, { loaders }) => (await loaders.method.load(methodId)) as MethodRow,
    }),
    state: t.field({ type: CollectionStateEnum, resolve: ({ state }) => state as 'active' }),
    because: t.exposeString('because', { nullable: true, description: 'Why it stopped.' }),
    nextAttemptOn: t.expose('nextAttemptOn', { type: 'LocalDate', nullable: true }),
    attempts: t.field({
      type: [ChargeAttemptRef],
      resolve: async ({ id }, _args, { loaders }) => [...(await loaders.attemptsOfCollection.load(id))],
    }),
  }),
});

builder.objectField(InvoiceRef, 'collections', (t) =>
  t.field({
    type: [CollectionRef],
    description: 'How it was tried to be charged, oldest first.',
    resolve: async ({ id }, _args, { loaders }) => [...(await loaders.collectionsOfDocument.load(id))],
  }),
);

/** A member of a union, told apart by its class. */
class CollectionPreview {
  readonly plan: CollectionPlan;
  constructor(plan: CollectionPlan) {
    this.plan = plan;
  }
}
builder.objectType(CollectionPreview, {
  name: 'CollectionPreview',
  description: 'What would be charged.',
  fields: (t) => ({
    fingerprint: t.string({ resolve: ({ plan }) => plan.fingerprint }),
    amount: t.field({
      type: 'Money',
      resolve: ({ plan: { amount, currency } }) => ({ minor: amount, currency }),
    }),
    method: t.field({ type: PaymentMethodRef, resolve: ({ plan }) => plan.method }),
  }),
});

const CollectInvoiceResult = builder.unionType('CollectInvoiceResult', {
  types: [CollectionPreview, CollectionRef, ConflictError, ...planFailures],
  resolveType: (value) => {
    if (value instanceof CollectionPreview) return 'CollectionPreview';
    return 'methodId' in value ? 'PaymentCollection' : value.name;
  },
});
const CollectInvoiceInput = builder.inputType('CollectInvoiceInput', {
  fields: (t) => ({
    invoiceId: t.id({ required: true }),
    methodId: t.id({ required: true }),
    mode: t.field({ type: ApplyModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan, for APPLY.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('collectInvoice', (t) =>
  t.field({
    type: CollectInvoiceResult,
    description:
      'Charges what is open of an invoice to a stored method, now. It is not tried again by itself.',
    authScopes: { signedIn: true },
    args: { input: t.arg({ type: CollectInvoiceInput, required: true }) },
    resolve: (_root, { input }, context) =>
      orFailure(async () => {
        const { services, providers, loaders } = context;
        const { invoiceId, methodId, mode, fingerprint } = input;
        // A stranger learns nothing of what there is.
        const owed = await loaders.openItem.load(invoiceId);
        if (!mayPayFor(owed?.customerId ?? (await loaders.document.load(invoiceId))?.customerId, context))
          throw new NotFoundError('Invoice', invoiceId);
        if (mode === 'PLAN')
          return new CollectionPreview(await planCollection(services.database, invoiceId, methodId));
        await collectInvoice(
          services,
          providers,
          { invoiceId, methodId, fingerprint: requireFingerprint(fingerprint) },
          actOf(context),
        );
        const made = (await collectionsOfDocuments(services.database, [invoiceId])).at(-1);
        if (made === undefined) throw new Error(`the collection of ${invoiceId} is gone`);
        return made;
      }),
  }),
);
