import { requireFingerprint } from '@dotmac/schema';
import { actOf } from '../act.ts';
import { type BillingContext, builder } from '../builder.ts';
import { MoneyInput } from '../catalogue/type.ts';
import type { Document } from '../document/store.ts';
import { InvoiceRef } from '../document/type.ts';
import { MovementPreview } from '../movement/graphql.ts';
import { orFailure, planFailures } from '../outcome.ts';
import { ApplyModeEnum } from '../run/graphql.ts';
import type { WriteOff } from './store.ts';
import { applyWriteOff, planWriteOff, type WriteOffRequest } from './write-off.ts';

const WriteOffRef = builder.objectRef<WriteOff>('WriteOff').implement({
  authScopes: { scope: 'billing:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    invoice: t.field({
      type: InvoiceRef,
      resolve: async ({ documentId }, _args, { loaders }) =>
        (await loaders.document.load(documentId)) as Document,
    }),
    amount: t.field({
      type: 'Money',
      description: 'Below zero it is a recovery.',
      resolve: ({ amountMinor, currency }) => ({ minor: amountMinor, currency }),
    }),
    reason: t.exposeString('reason'),
    writtenOn: t.expose('writtenOn', { type: 'LocalDate' }),
  }),
});

const WriteOffResult = builder.unionType('WriteOffResult', {
  types: [MovementPreview, WriteOffRef, ...planFailures],
  resolveType: (value) => {
    if (value instanceof MovementPreview) return 'MovementPreview';
    return 'documentId' in value ? 'WriteOff' : value.name;
  },
});

const WriteOffInvoiceInput = builder.inputType('WriteOffInvoiceInput', {
  fields: (t) => ({
    invoiceId: t.id({ required: true }),
    reason: t.string({ required: true }),
    mode: t.field({ type: ApplyModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan, for APPLY.' }),
    clientMutationId: t.string(),
  }),
});
const RecoverInvoiceInput = builder.inputType('RecoverInvoiceInput', {
  fields: (t) => ({
    invoiceId: t.id({ required: true }),
    amount: t.field({ type: MoneyInput, required: true }),
    reason: t.string({ required: true }),
    mode: t.field({ type: ApplyModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan, for APPLY.' }),
    clientMutationId: t.string(),
  }),
});

async function planOrApply(
  request: WriteOffRequest,
  {
    mode,
    fingerprint,
  }: { readonly mode: 'PLAN' | 'APPLY'; readonly fingerprint?: string | null | undefined },
  context: BillingContext,
) {
  if (mode === 'PLAN') {
    const plan = await planWriteOff(context.services.database, request);
    return new MovementPreview(plan.movement, plan.fingerprint);
  }
  return applyWriteOff(context.services, request, requireFingerprint(fingerprint), actOf(context));
}

builder.mutationFields((t) => ({
  writeOffInvoice: t.field({
    type: WriteOffResult,
    description: 'Gives up what is open of an invoice: bad debt. A lock stays while it stands.',
    authScopes: { scope: 'billing:write' },
    args: { input: t.arg({ type: WriteOffInvoiceInput, required: true }) },
    resolve: (_root, { input }, context) =>
      orFailure(() => {
        const { invoiceId, reason } = input;
        return planOrApply({ invoiceId, reason, recovered: null }, input, context);
      }),
  }),
  recoverInvoice: t.field({
    type: WriteOffResult,
    description: 'Opens what was written off again, for the payment that comes after all.',
    authScopes: { scope: 'billing:write' },
    args: { input: t.arg({ type: RecoverInvoiceInput, required: true }) },
    resolve: (_root, { input }, context) =>
      orFailure(() => {
        const { invoiceId, reason } = input;
        const recovered = { minor: input.amount.amount, currency: input.amount.currency };
        return planOrApply({ invoiceId, reason, recovered }, input, context);
      }),
  }),
}));
