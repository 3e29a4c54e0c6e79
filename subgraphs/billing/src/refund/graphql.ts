import { ConflictError, ValidationError } from '@dotmac/schema';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import { MoneyInput } from '../catalogue/type.ts';
import { MovementPreview } from '../movement/graphql.ts';
import { orFailure, planFailures } from '../outcome.ts';
import type { Payment } from '../payment/store.ts';
import { PaymentRef } from '../payment/type.ts';
import { ApplyModeEnum } from '../run/graphql.ts';
import { orderRefund, planRefund } from './refund.ts';
import type { ProviderRefundRow } from './store.ts';

const RefundStateEnum = builder.enumType('ProviderRefundState', {
  values: {
    REQUESTED: { value: 'requested' },
    PENDING: { value: 'pending' },
    FAILED: { value: 'failed' },
    SUCCEEDED: { value: 'succeeded' },
  },
} as const);

const ProviderRefundRef = builder.objectRef<ProviderRefundRow>('ProviderRefund').implement({
  description: 'An order to a provider to send money back. It is booked as a return once it has gone.',
  authScopes: ({ customerId }, { principal }) =>
    principal.customerId === customerId || { scope: 'billing:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    payment: t.field({
      type: PaymentRef,
      resolve: async ({ paymentId }, _args, { loaders }) =>
        (await loaders.payment.load(paymentId)) as Payment,
    }),
    amount: t.field({
      type: 'Money',
      resolve: ({ amountMinor, currency }) => ({ minor: amountMinor, currency }),
    }),
    state: t.field({ type: RefundStateEnum, resolve: ({ state }) => state }),
    failure: t.exposeString('failure', { nullable: true }),
    reference: t.exposeString('reference'),
    reason: t.exposeString('reason'),
    requestedOn: t.expose('requestedOn', { type: 'LocalDate' }),
  }),
});

builder.objectField(PaymentRef, 'providerRefunds', (t) =>
  t.field({
    type: [ProviderRefundRef],
    resolve: async ({ id }, _args, { loaders }) => [...(await loaders.refundsOfPayment.load(id))],
  }),
);

const RefundThroughProviderResult = builder.unionType('RefundThroughProviderResult', {
  types: [MovementPreview, ProviderRefundRef, ConflictError, ...planFailures],
  resolveType: (value) => {
    if (value instanceof MovementPreview) return 'MovementPreview';
    return 'paymentId' in value ? 'ProviderRefund' : value.name;
  },
});
const RefundThroughProviderInput = builder.inputType('RefundThroughProviderInput', {
  fields: (t) => ({
    paymentId: t.id({ required: true }),
    amount: t.field({ type: MoneyInput, required: true }),
    reference: t.string({
      required: true,
      description: 'The caller’s own: sent again, it is the same refund; two equal ones differ by it.',
    }),
    reason: t.string({ required: true }),
    mode: t.field({ type: ApplyModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan, for APPLY.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('refundThroughProvider', (t) =>
  t.field({
    type: RefundThroughProviderResult,
    description:
      'Has the provider send money of a payment back. `refundPayment` records what was sent back elsewhere.',
    authScopes: { scope: 'payments:write' },
    args: { input: t.arg({ type: RefundThroughProviderInput, required: true }) },
    resolve: (_root, { input }, context) =>
      orFailure(async () => {
        const { paymentId, reference, reason, mode, fingerprint } = input;
        const amount = { minor: input.amount.amount, currency: input.amount.currency };
        const order = { paymentId, amount, reference, reason };
        if (mode === 'PLAN') {
          const plan = await planRefund(context.services, order);
          return new MovementPreview(plan.movement, plan.fingerprint);
        }
        if (fingerprint == null)
          throw new ValidationError('input.fingerprint', 'APPLY needs the fingerprint of a PLAN');
        return orderRefund(context.services, order, fingerprint, actOf(context));
      }),
  }),
);
