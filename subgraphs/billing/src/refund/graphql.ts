import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import type { Payment } from '../payment/store.ts';
import { PaymentRef } from '../payment/type.ts';
import { planOrApplyReturn, returnInput, returnOrder, returnResult } from '../return/type.ts';
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

const ProviderRefundRef = builder.objectRef<ProviderRefundRow>('ProviderRefund');
ProviderRefundRef.implement({
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

const RefundThroughProviderResult = returnResult(
  'RefundThroughProviderResult',
  ProviderRefundRef,
  'ProviderRefund',
);
const RefundThroughProviderInput = returnInput(
  'RefundThroughProviderInput',
  'The caller’s own: sent again, it is the same refund; two equal ones differ by it.',
);

builder.mutationField('refundThroughProvider', (t) =>
  t.field({
    type: RefundThroughProviderResult,
    description:
      'Has the provider send money of a payment back. `refundPayment` records what was sent back elsewhere.',
    authScopes: { scope: 'payments:write' },
    args: { input: t.arg({ type: RefundThroughProviderInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const order = returnOrder(input);
      return planOrApplyReturn(
        input,
        () => planRefund(context.services, order),
        (fingerprint) => orderRefund(context.services, order, fingerprint, actOf(context)),
      );
    },
  }),
);
