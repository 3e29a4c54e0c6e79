import type { PlatformDatabase } from '@dotmac/migrations';
import type { EventWithCursor } from '@dotmac/platform';
import { type PlatformEvents, ValidationError } from '@dotmac/schema';
import type { Kysely } from 'kysely';
import { builder } from '../builder.ts';
import { TenantRef } from '../partner/graphql.ts';
import type { Partner } from '../partner/store.ts';
import { PartnerRef } from '../partner/type.ts';
import { clawBack, earnCommission } from './earn.ts';
import type { EarnedSoFar } from './rules.ts';
import { arithmetic, type CommissionExplanation, explanationOf } from './rules-explanation.ts';
import {
  balancesOfPartner,
  type CommissionBalance,
  type CommissionEntry,
  entriesById,
  entriesOfPartner,
} from './store.ts';

const EntryKindEnum = builder.enumType('CommissionEntryKind', {
  values: {
    PAYMENT: {},
    REFUND: { description: 'A refund or a chargeback took back what its payment had earned.' },
    ADJUSTMENT: {},
  },
} as const);

const InputRef = builder
  .objectRef<CommissionExplanation['inputs'][number]>('CommissionExplanationInput')
  .implement({ fields: (t) => ({ name: t.exposeString('name'), value: t.exposeString('value') }) });

const ExplanationRef = builder.objectRef<CommissionExplanation>('CommissionExplanation').implement({
  description:
    'Why an entry is what it is: it can be recomputed from this alone. Amounts are in minor units.',
  fields: (t) => ({
    rule: t.exposeString('rule'),
    version: t.exposeInt('version'),
    formula: t.exposeString('formula', {
      description: '+ - * / ( ) and round(x) half away from zero, over names of inputs and numbers.',
    }),
    arithmetic: t.string({ description: 'The formula with its numbers put in.', resolve: arithmetic }),
    inputs: t.field({ type: [InputRef], resolve: ({ inputs }) => [...inputs] }),
  }),
});

export const CommissionEntryRef = builder.objectRef<CommissionEntry>('CommissionEntry').implement({
  description:
    'What a partner earned by one payment of a tenant. Never changed; a refund is an entry of its own.',
  authScopes: (entry, { principal }) =>
    principal.partnerId === entry.partnerId || { $any: { scope: 'platform:read', system: true } },
  fields: (t) => ({
    id: t.exposeID('id'),
    partner: t.field({
      type: PartnerRef,
      resolve: async ({ partnerId }, _args, { loaders }) =>
        (await loaders.partner.load(partnerId)) as Partner,
    }),
    tenant: t.field({ type: TenantRef, resolve: ({ tenantId }) => ({ id: tenantId }) }),
    kind: t.field({
      type: EntryKindEnum,
      resolve: ({ sourceKind }) => sourceKind as 'PAYMENT' | 'REFUND' | 'ADJUSTMENT',
    }),
    base: t.field({
      type: 'Money',
      description: 'Cash received, net of tax; below zero what went back.',
      resolve: (entry) => ({ minor: entry.baseMinor, currency: entry.currency }),
    }),
    rateBasisPoints: t.exposeInt('rateBasisPoints'),
    amount: t.field({
      type: 'Money',
      resolve: (entry) => ({ minor: entry.amountMinor, currency: entry.currency }),
    }),
    explain: t.field({
      type: ExplanationRef,
      resolve: async (entry, _args, { loaders }) =>
        explanationOf(entry, (await loaders.earnedBefore.load(entry.id)) as EarnedSoFar),
    }),
    source: t.exposeID('sourceId', { description: "The payment in the operator's own books." }),
    earnedAt: t.expose('earnedAt', { type: 'DateTime' }),
    availableAt: t.expose('availableAt', { type: 'DateTime' }),
  }),
});

builder.queryField('commissions', (t) =>
  t.field({
    type: [CommissionEntryRef],
    description: 'Of the partner for whom the principal acts, newest first.',
    authScopes: { scope: 'partner:read' },
    resolve: (_root, _args, { services, principal }) =>
      principal.partnerId === null ? [] : entriesOfPartner(services.database, principal.partnerId),
  }),
);

const BalanceRef = builder.objectRef<CommissionBalance>('CommissionBalance').implement({
  description:
    'The sum of entries in one currency: held, because refunds and disputes may still take it, available or paid.',
  fields: (t) => ({
    earned: t.field({
      type: 'Money',
      resolve: ({ earnedMinor, currency }) => ({ minor: earnedMinor, currency }),
    }),
    available: t.field({
      type: 'Money',
      description: 'Below zero it is carried, and netted with what comes.',
      resolve: ({ availableMinor, currency }) => ({ minor: availableMinor, currency }),
    }),
    paid: t.field({
      type: 'Money',
      description: 'By statements that are paid.',
      resolve: ({ paidMinor, currency }) => ({ minor: paidMinor, currency }),
    }),
    held: t.field({
      type: 'Money',
      resolve: ({ earnedMinor, availableMinor, paidMinor, currency }) => ({
        minor: earnedMinor - availableMinor - paidMinor,
        currency,
      }),
    }),
  }),
});

builder.queryField('commissionBalances', (t) =>
  t.field({
    type: [BalanceRef],
    description: 'Of the partner for whom the principal acts, by currency.',
    authScopes: { scope: 'partner:read' },
    resolve: (_root, _args, { services, principal }) =>
      principal.partnerId === null
        ? []
        : balancesOfPartner(services.database, principal.partnerId, new Date(services.clock.now())),
  }),
);

type CommissionEvent = Extract<EventWithCursor<PlatformEvents>, { type: 'commission.earned' }>;

const CommissionEventRef = builder.objectRef<CommissionEvent>('CommissionEvent').implement({
  fields: (t) => ({
    cursor: t.expose('cursor', { type: 'Cursor' }),
    occurredAt: t.expose('occurredAt', { type: 'DateTime' }),
    snapshot: t.expose('snapshot', {
      type: 'SnapshotPlace',
      nullable: true,
      description: 'Set on what stood when the stream began with `initial`; null for what happens.',
    }),
    entry: t.field({
      type: CommissionEntryRef,
      resolve: async ({ payload }, _args, { services }) => {
        const [entry] = await entriesById(services.database, [payload.entryId]);
        return entry as CommissionEntry;
      },
    }),
  }),
});

function asEarned({ id, partnerId, tenantId, amountMinor, currency, sourceId, earnedAt }: CommissionEntry) {
  return {
    type: 'commission.earned',
    subject: partnerId,
    payload: { entryId: id, partnerId, tenantId, amountMinor: `${amountMinor}`, currency, source: sourceId },
    occurredAt: earnedAt.getTime(),
    actor: 'system:snapshot',
  } as const;
}

builder.subscriptionField('commissionEvents', (t) =>
  t.field({
    type: CommissionEventRef,
    description: 'Commission as it is earned, of the partner for whom the principal acts.',
    args: {
      after: t.arg({ type: 'Cursor', description: 'Go on after this event; from now on without it.' }),
      initial: t.arg.boolean({ description: 'Begin with what was earned so far, the last 500 at most.' }),
    },
    authScopes: { scope: 'partner:read' },
    subscribe: (_root, { after, initial }, { services, principal }) => {
      const { partnerId } = principal;
      if (partnerId === null)
        throw new ValidationError('after', 'Commission belongs to partners: act for one');
      return services.events.subscribe({
        after,
        types: ['commission.earned'],
        subject: partnerId,
        initial: {
          wanted: initial === true,
          read: async (transaction: Kysely<PlatformDatabase>) =>
            (await entriesOfPartner(transaction, partnerId)).toReversed().map(asEarned),
        },
      });
    },
    resolve: (event) => event as CommissionEvent,
  }),
);

const RecordTenantPaymentInput = builder.inputType('RecordTenantPaymentInput', {
  fields: (t) => ({
    paymentId: t.id({ required: true, description: 'Idempotency key: a payment earns once.' }),
    tenantId: t.id({ required: true }),
    netAmount: t.field({
      type: 'BigInt',
      required: true,
      description: 'Cash received net of tax, minor units; negative for a refund.',
    }),
    currency: t.string({ required: true }),
    receivedAt: t.field({ type: 'DateTime', required: true }),
  }),
});

builder.mutationField('recordTenantPayment', (t) =>
  t.field({
    type: CommissionEntryRef,
    nullable: true,
    description:
      "Called by the relay from the operator's own books; null when nobody earns by it or it was told before.",
    authScopes: { system: true },
    args: { input: t.arg({ type: RecordTenantPaymentInput, required: true }) },
    resolve: (_root, { input }, { services, principal }) =>
      earnCommission(services, { ...input, netMinor: input.netAmount, actor: principal.id }),
  }),
);

const RecordTenantReturnInput = builder.inputType('RecordTenantReturnInput', {
  fields: (t) => ({
    returnId: t.id({ required: true, description: 'Idempotency key: a return takes back once.' }),
    paymentId: t.id({ required: true, description: 'Of which the money went back.' }),
    tenantId: t.id({ required: true }),
    netAmount: t.field({
      type: 'BigInt',
      required: true,
      description: 'What went back net of tax, minor units, above zero.',
    }),
    currency: t.string({ required: true }),
  }),
});

builder.mutationField('recordTenantReturn', (t) =>
  t.field({
    type: CommissionEntryRef,
    nullable: true,
    description:
      'Called by the relay for a refund or a chargeback: takes back what the payment earned; null when it earned nothing, or it was told before.',
    authScopes: { system: true },
    args: { input: t.arg({ type: RecordTenantReturnInput, required: true }) },
    resolve: (_root, { input }, { services, principal }) => {
      if (input.netAmount < 0n) throw new ValidationError('input.netAmount', 'What goes back is not below 0');
      return clawBack(services, { ...input, netMinor: input.netAmount, actor: principal.id });
    },
  }),
);
