import { ConflictError, ValidationError } from '@dotmac/schema';
import { actOf } from '../act.ts';
import { type BillingContext, builder } from '../builder.ts';
import { MoneyInput } from '../catalogue/type.ts';
import { MovementPreview } from '../movement/graphql.ts';
import { orFailure, planFailures } from '../outcome.ts';
import type { Payment } from '../payment/store.ts';
import { PaymentRef, PaymentReturnRef } from '../payment/type.ts';
import { ApplyModeEnum } from '../run/graphql.ts';
import { applyReturn, planReturn, type ReturnRequest } from './return.ts';
import type { ReturnKind } from './rules.ts';

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

const ReturnResult = builder.unionType('PaymentReturnResult', {
  types: [MovementPreview, PaymentReturnRef, ConflictError, ...planFailures],
  resolveType: (value) => {
    if (value instanceof MovementPreview) return 'MovementPreview';
    return 'paymentId' in value ? 'PaymentReturn' : value.name;
  },
});

const RefundPaymentInput = builder.inputType('RefundPaymentInput', {
  fields: (t) => ({
    paymentId: t.id({ required: true }),
    amount: t.field({ type: MoneyInput, required: true }),
    reference: t.string({
      required: true,
      description: 'The refund’s own id: sent again, it is the same refund; two equal ones differ by it.',
    }),
    reason: t.string({ required: true }),
    mode: t.field({ type: ApplyModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan, for APPLY.' }),
    clientMutationId: t.string(),
  }),
});
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

async function planOrApply(
  request: ReturnRequest,
  {
    mode,
    fingerprint,
  }: { readonly mode: 'PLAN' | 'APPLY'; readonly fingerprint?: string | null | undefined },
  context: BillingContext,
) {
  if (mode === 'PLAN') {
    const plan = await planReturn(context.services.database, request);
    return new MovementPreview(plan.movement, plan.fingerprint);
  }
  if (fingerprint == null)
    throw new ValidationError('input.fingerprint', 'APPLY needs the fingerprint of a PLAN');
  return applyReturn(context.services, request, fingerprint, actOf(context));
}

builder.mutationFields((t) => ({
  refundPayment: t.field({
    type: ReturnResult,
    description:
      'Gives money of a payment back: what no invoice took of it and what credit notes left first; the rest is owed again.',
    authScopes: { scope: 'payments:write' },
    args: { input: t.arg({ type: RefundPaymentInput, required: true }) },
    resolve: (_root, { input }, context) =>
      orFailure(() => {
        const { paymentId, reference, reason } = input;
        const amount = { minor: input.amount.amount, currency: input.amount.currency };
        return planOrApply({ kind: 'refund', paymentId, amount, fee: 0n, reference, reason }, input, context);
      }),
  }),
  recordChargeback: t.field({
    type: ReturnResult,
    description: 'The bank took a payment back, and may have kept a fee. What it had paid is owed again.',
    authScopes: { scope: 'payments:write' },
    args: { input: t.arg({ type: RecordChargebackInput, required: true }) },
    resolve: (_root, { input }, context) =>
      orFailure(() => {
        const { paymentId, reference, reason } = input;
        const amount = { minor: input.amount.amount, currency: input.amount.currency };
        const fee = input.feeMinor ?? 0n;
        return planOrApply({ kind: 'chargeback', paymentId, amount, fee, reference, reason }, input, context);
      }),
  }),
}));
