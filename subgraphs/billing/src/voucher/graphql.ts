import { ConflictError, ForbiddenError, ValidationError } from '@dotmac/schema';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import { MoneyInput } from '../catalogue/type.ts';
import { PaymentRef } from '../payment/type.ts';
import { createBatch, redeemVoucher } from './redeem.ts';
import { batches, type VoucherBatch } from './store.ts';

const VoucherBatchRef = builder
  .objectRef<VoucherBatch & { readonly redeemed: number }>('VoucherBatch')
  .implement({
    fields: (t) => ({
      id: t.exposeID('id'),
      name: t.exposeString('name'),
      amount: t.field({
        type: 'Money',
        description: 'Of each voucher.',
        resolve: ({ amountMinor, currency }) => ({ minor: amountMinor, currency }),
      }),
      count: t.exposeInt('count'),
      redeemed: t.exposeInt('redeemed'),
      expiresOn: t.expose('expiresOn', {
        type: 'LocalDate',
        nullable: true,
        description: 'The first day without it.',
      }),
    }),
  });
interface Created {
  readonly batch: VoucherBatch;
  readonly codes: readonly string[];
}
const CreatedRef = builder.objectRef<Created>('VouchersCreated').implement({
  fields: (t) => ({
    batch: t.field({ type: VoucherBatchRef, resolve: ({ batch }) => ({ ...batch, redeemed: 0 }) }),
    codes: t.stringList({
      description: 'Shown this once: only their hashes are kept.',
      resolve: ({ codes }) => [...codes],
    }),
  }),
});
const CreateVouchersInput = builder.inputType('CreateVouchersInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    amount: t.field({ type: MoneyInput, required: true, description: 'Of each voucher.' }),
    count: t.int({ required: true }),
    expiresOn: t.field({ type: 'LocalDate' }),
    method: t.string({ required: true, description: 'How the batch was paid, such as cash.' }),
    clientMutationId: t.string(),
  }),
});
const RedeemVoucherInput = builder.inputType('RedeemVoucherInput', {
  fields: (t) => ({
    customerId: t.id({ required: true }),
    code: t.string({ required: true }),
    clientMutationId: t.string(),
  }),
});

builder.queryField('voucherBatches', (t) =>
  t.field({
    type: [VoucherBatchRef],
    authScopes: { scope: 'billing:read' },
    resolve: (_root, _args, { services }) => batches(services.database),
  }),
);

builder.mutationFields((t) => ({
  createVouchers: t.field({
    type: CreatedRef,
    authScopes: { scope: 'payments:write' },
    errors: { types: [ValidationError] },
    args: { input: t.arg({ type: CreateVouchersInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { name, count, method } = input;
      const amount = { minor: input.amount.amount, currency: input.amount.currency };
      const batch = { name, count, method, amount, expiresOn: input.expiresOn ?? null };
      return createBatch(context.services, batch, actOf(context));
    },
  }),
  redeemVoucher: t.field({
    type: PaymentRef,
    description: 'Pays open invoices, the oldest due first; the rest is the balance of the customer.',
    // A subscriber redeems for himself.
    authScopes: (_root, { input }, { principal }) =>
      principal.customerId === input.customerId || { scope: 'payments:write' },
    errors: { types: [ValidationError, ConflictError, ForbiddenError] },
    args: { input: t.arg({ type: RedeemVoucherInput, required: true }) },
    resolve: (_root, { input }, context) => redeemVoucher(context.services, input, actOf(context)),
  }),
}));
