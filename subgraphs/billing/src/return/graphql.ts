import { actOf } from '../act.ts';
import { type BillingContext, builder } from '../builder.ts';
import { MoneyInput } from '../catalogue/type.ts';
import type { Payment } from '../payment/store.ts';
import { PaymentRef, PaymentReturnRef } from '../payment/type.ts';
import { ApplyModeEnum } from '../run/graphql.ts';
import { applyReturn, planReturn, type ReturnRequest } from './return.ts';
import type { ReturnKind } from './rules.ts';
import { planOrApplyReturn, returnInput, returnOrder, returnResult } from './type.ts';

const ReturnKindEnum = builder.enumType('PaymentReturnKind', {
  values: {
    REFUND: { value: 'refund' },
    CHARGEBACK: { value: 'chargeback' },
    REVERSAL: { value: 'reversal' },
  },
} as const);

PaymentReturnRef.implement({
  description: 'Money of a payment that went back. Whatever it had paid is owed again.',
  authScopes: ({ customerId }, { principal }) =>
    principal.customerId === customerId || { scope: 'billing:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    kind: t.field({ type: ReturnKindEnum, resolve: ({ kind }) => kind as ReturnKind }),
    payment: t.field({
      type: PaymentRef,
      resolve: async ({ paymentId }, _args, { loaders }) =>
        (await loaders.payment.load(paymentId)) as Payment,
    }),
    amount: t.field({
      type: 'Money',
      resolve: ({ amountMinor, currency }) => ({ minor: amountMinor, currency }),
    }),
    fee: t.field({
      type: 'Money',
      description: 'What the bank kept for it.',
      resolve: ({ feeMinor, currency }) => ({ minor: feeMinor, currency }),
    }),
    reference: t.exposeString('reference'),
    reason: t.exposeString('reason'),
    returnedOn: t.expose('returnedOn', { type: 'LocalDate' }),
  }),
});

const ReturnResult = returnResult('PaymentReturnResult', PaymentReturnRef, 'PaymentReturn');
const RefundPaymentInput = returnInput(
  'RefundPaymentInput',
  'The refund’s own id: sent again, it is the same refund; two equal ones differ by it.',
);
const RecordChargebackInput = builder.inputType('RecordChargebackInput', {
  fields: (t) => ({
    paymentId: t.id({ required: true }),
    amount: t.field({ type: MoneyInput, required: true }),
    feeMinor: t.field({ type: 'BigInt', description: 'What the bank keeps, in minor units.' }),
    reference: t.string({ required: true, description: 'The bank’s id of the dispute.' }),
    reason: t.string({ required: true }),
    mode: t.field({ type: ApplyModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan, for APPLY.' }),
    clientMutationId: t.string(),
  }),
});

const planOrApply = (
  request: ReturnRequest,
  input: Parameters<typeof planOrApplyReturn>[0],
  context: BillingContext,
) =>
  planOrApplyReturn(
    input,
    () => planReturn(context.services.database, request),
    (fingerprint) => applyReturn(context.services, request, fingerprint, actOf(context)),
  );

builder.mutationFields((t) => ({
  refundPayment: t.field({
    type: ReturnResult,
    description:
      'Gives money of a payment back: what no invoice took of it and what credit notes left first; the rest is owed again.',
    authScopes: { scope: 'payments:write' },
    args: { input: t.arg({ type: RefundPaymentInput, required: true }) },
    resolve: (_root, { input }, context) =>
      planOrApply({ kind: 'refund', fee: 0n, ...returnOrder(input) }, input, context),
  }),
  recordChargeback: t.field({
    type: ReturnResult,
    description: 'The bank took a payment back, and may have kept a fee. What it had paid is owed again.',
    authScopes: { scope: 'payments:write' },
    args: { input: t.arg({ type: RecordChargebackInput, required: true }) },
    resolve: (_root, { input }, context) =>
      planOrApply({ kind: 'chargeback', fee: input.feeMinor ?? 0n, ...returnOrder(input) }, input, context),
  }),
}));
