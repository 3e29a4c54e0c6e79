import { ConflictError, NotFoundError, requireFingerprint, ValidationError } from '@dotmac/schema';
import { CustomerRef } from '../account/type.ts';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import { MovementPreview } from '../movement/graphql.ts';
import { orFailure, planFailures } from '../outcome.ts';
import { ApplyModeEnum } from '../run/graphql.ts';
import { endPrepaid, startPrepaid } from './mode.ts';
import { applyPrepaidRefund, planPrepaidRefund } from './refund.ts';
import { type Prepaid, type PrepaidEntry, prepaidHistory } from './store.ts';

const EntryRef = builder.objectRef<PrepaidEntry>('PrepaidEntry').implement({
  description: 'What moved a prepaid balance: an entry of the ledger.',
  fields: (t) => ({
    on: t.expose('on', { type: 'LocalDate' }),
    kind: t.exposeString('kind', { description: 'Such as payment, application, prepaidRefund.' }),
    ref: t.exposeString('ref', { description: 'Of what was posted: a payment, a payment and its invoice.' }),
    amount: t.field({
      type: 'Money',
      description: 'Above zero the balance grew.',
      resolve: ({ amount, currency }) => ({ minor: amount, currency }),
    }),
    balance: t.field({
      type: 'Money',
      description: 'After it.',
      resolve: ({ balance, currency }) => ({ minor: balance, currency }),
    }),
  }),
});

const PrepaidRef = builder.objectRef<Prepaid>('PrepaidAccount').implement({
  description: 'Of a customer who pays ahead: his balance buys the periods of his services as they begin.',
  authScopes: ({ customerId }, { principal }) =>
    principal.customerId === customerId || { scope: 'billing:read' },
  fields: (t) => ({
    balance: t.field({
      type: 'Money',
      resolve: ({ balance, currency }) => ({ minor: balance, currency }),
    }),
    since: t.expose('since', { type: 'LocalDate' }),
    noticeDays: t.exposeInt('noticeDays', {
      description: 'So many days before a purchase that the balance does not cover he is told.',
    }),
    graceDays: t.exposeInt('graceDays', {
      description: 'So many days his services go on although a purchase is not covered.',
    }),
    unpaidSince: t.expose('unpaidSince', {
      type: 'LocalDate',
      nullable: true,
      description: 'The purchase that waits for a top-up; days of grace are bought with it.',
    }),
    expiredOn: t.expose('expiredOn', {
      type: 'LocalDate',
      nullable: true,
      description:
        'Since when nothing is bought and the services are closed; a top-up that buys them ends it.',
    }),
    nextPurchaseOn: t.field({
      type: 'LocalDate',
      nullable: true,
      resolve: async ({ customerId }, _args, { loaders }) =>
        (await loaders.account.load(customerId))?.nextBillOn ?? null,
    }),
    history: t.field({
      type: [EntryRef],
      description: 'Newest first.',
      args: { first: t.arg.int({ defaultValue: 50 }) },
      resolve: ({ customerId }, { first }, { services }) => {
        const limit = first ?? 50;
        if (limit < 1 || limit > 500) throw new ValidationError('first', `must be 1 to 500, not ${limit}`);
        return prepaidHistory(services.database, customerId, limit);
      },
    }),
  }),
});

builder.objectField(CustomerRef, 'prepaid', (t) =>
  t.field({
    type: PrepaidRef,
    nullable: true,
    description: 'Null when he pays by invoice.',
    authScopes: ({ id }, _args, { principal }) => principal.customerId === id || { scope: 'billing:read' },
    resolve: ({ id }, _args, { loaders }) => loaders.prepaid.load(id),
  }),
);

const StartPrepaidInput = builder.inputType('StartPrepaidInput', {
  fields: (t) => ({
    customerId: t.id({ required: true }),
    noticeDays: t.int({ defaultValue: 3, description: '0 to 31.' }),
    graceDays: t.int({
      defaultValue: 0,
      description: '0 to 31: how long services go on although a purchase is not covered.',
    }),
    clientMutationId: t.string(),
  }),
});
const EndPrepaidInput = builder.inputType('EndPrepaidInput', {
  fields: (t) => ({ customerId: t.id({ required: true }), clientMutationId: t.string() }),
});
const RefundPrepaidInput = builder.inputType('RefundPrepaidBalanceInput', {
  fields: (t) => ({
    customerId: t.id({ required: true }),
    amountMinor: t.field({ type: 'BigInt', description: 'The whole balance when left out.' }),
    method: t.string({ required: true, description: 'How it goes back, such as cash or bankTransfer.' }),
    reference: t.string({ required: true, description: 'Sent again, it is the same refund.' }),
    reason: t.string({ required: true }),
    mode: t.field({ type: ApplyModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan, for APPLY.' }),
    clientMutationId: t.string(),
  }),
});
const RefundPrepaidResult = builder.unionType('RefundPrepaidBalanceResult', {
  types: [MovementPreview, PrepaidRef, ConflictError, ...planFailures],
  resolveType: (value) => {
    if (value instanceof MovementPreview) return 'MovementPreview';
    return 'noticeDays' in value ? 'PrepaidAccount' : value.name;
  },
});

builder.mutationFields((t) => ({
  startPrepaid: t.field({
    type: PrepaidRef,
    description:
      'From now on the customer pays ahead. His credit becomes his balance; payments, vouchers and credit notes fill it.',
    authScopes: { scope: 'billing:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: StartPrepaidInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const noticeDays = input.noticeDays ?? 3;
      if (noticeDays < 0 || noticeDays > 31)
        throw new ValidationError('input.noticeDays', `must be 0 to 31, not ${noticeDays}`);
      const graceDays = input.graceDays ?? 0;
      if (graceDays < 0 || graceDays > 31)
        throw new ValidationError('input.graceDays', `must be 0 to 31, not ${graceDays}`);
      return startPrepaid(context.services, input.customerId, { noticeDays, graceDays }, actOf(context));
    },
  }),
  endPrepaid: t.field({
    type: CustomerRef,
    description: 'From now on the customer pays by invoice: his balance becomes credit.',
    authScopes: { scope: 'billing:write' },
    errors: { types: [NotFoundError, ConflictError] },
    args: { input: t.arg({ type: EndPrepaidInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      await endPrepaid(context.services, input.customerId, actOf(context));
      return { id: input.customerId };
    },
  }),
  refundPrepaidBalance: t.field({
    type: RefundPrepaidResult,
    description: 'Gives unused balance back.',
    authScopes: { scope: 'payments:write' },
    args: { input: t.arg({ type: RefundPrepaidInput, required: true }) },
    resolve: (_root, { input }, context) =>
      orFailure(async () => {
        const { customerId, method, reference, reason, mode, fingerprint } = input;
        const request = { customerId, method, reference, reason, amount: input.amountMinor ?? null };
        if (mode === 'PLAN') {
          const plan = await planPrepaidRefund(context.services.database, request);
          return new MovementPreview(plan.movement, plan.fingerprint);
        }
        return applyPrepaidRefund(context.services, request, requireFingerprint(fingerprint), actOf(context));
      }),
  }),
}));
