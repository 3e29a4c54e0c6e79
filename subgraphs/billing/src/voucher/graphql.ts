import { ConflictError, ForbiddenError, requireFingerprint, ValidationError } from '@dotmac/schema';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import { MoneyInput } from '../catalogue/type.ts';
import { orFailure, planFailures } from '../outcome.ts';
import { PaymentRef } from '../payment/type.ts';
import { ApplyModeEnum } from '../run/graphql.ts';
import { createBatch, redeemVoucher, refusalOf } from './redeem.ts';
import { applyRevocation, planRevocation, type RevocationPlan } from './revoke.ts';
import { voucherHash } from './rules.ts';
import { batches, type StoredVoucher, type VoucherBatch, voucherByHash } from './store.ts';

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
      planId: t.exposeID('planId', { nullable: true, description: 'The access plan that each grants.' }),
      seconds: t.expose('seconds', {
        type: 'BigInt',
        nullable: true,
        description: 'Of time, from its first use.',
      }),
      octets: t.expose('octets', { type: 'BigInt', nullable: true }),
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
    planId: t.id({ description: 'Each grants access by this plan.' }),
    seconds: t.field({ type: 'BigInt', description: 'Each grants so much time, from its first use.' }),
    octets: t.field({ type: 'BigInt', description: 'Each grants so much volume.' }),
    clientMutationId: t.string(),
  }),
});
const RedeemVoucherInput = builder.inputType('RedeemVoucherInput', {
  fields: (t) => ({
    customerId: t.id({ required: true }),
    code: t.string({ required: true }),
    serviceId: t.id({
      description:
        'Of this customer: it changes to the plan that the voucher grants, today; else only its worth counts.',
    }),
    clientMutationId: t.string(),
  }),
});

class RevocationPreview {
  readonly plan: RevocationPlan;
  constructor(plan: RevocationPlan) {
    this.plan = plan;
  }
}
builder.objectType(RevocationPreview, {
  name: 'VoucherRevocationPreview',
  description: 'Which vouchers would be revoked, and the money that would go back.',
  fields: (t) => ({
    fingerprint: t.string({ resolve: ({ plan }) => plan.fingerprint }),
    count: t.int({ resolve: ({ plan }) => plan.ids.length }),
    amount: t.field({
      type: 'Money',
      resolve: ({ plan }) => ({ minor: plan.amount, currency: plan.batch.currency }),
    }),
  }),
});
const RevokeVouchersResult = builder.unionType('RevokeVouchersResult', {
  types: [RevocationPreview, VoucherBatchRef, ...planFailures],
  resolveType: (value) => {
    if (value instanceof RevocationPreview) return 'VoucherRevocationPreview';
    return 'redeemed' in value ? 'VoucherBatch' : value.name;
  },
});
const RevokeVouchersInput = builder.inputType('RevokeVouchersInput', {
  fields: (t) => ({
    batchId: t.id({ required: true }),
    codes: t.stringList({ description: 'All of the batch that are left when left out.' }),
    because: t.string({ required: true }),
    method: t.string({ required: true, description: 'How the money goes back, such as cash.' }),
    mode: t.field({ type: ApplyModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan, for APPLY.' }),
    clientMutationId: t.string(),
  }),
});

interface Offer {
  readonly voucher: StoredVoucher;
  readonly refusal: ReturnType<typeof refusalOf>;
}
const OfferRef = builder.objectRef<Offer>('VoucherOffer').implement({
  description: 'What the holder of a code gets for it.',
  fields: (t) => ({
    amount: t.field({
      type: 'Money',
      description: 'It pays so much: open invoices first, the rest is balance.',
      resolve: ({ voucher: { amount, currency } }) => ({ minor: amount, currency }),
    }),
    expiresOn: t.field({
      type: 'LocalDate',
      nullable: true,
      description: 'The first day without it.',
      resolve: ({ voucher }) => voucher.expiresOn,
    }),
    planId: t.id({ nullable: true, resolve: ({ voucher }) => voucher.planId }),
    seconds: t.field({ type: 'BigInt', nullable: true, resolve: ({ voucher }) => voucher.seconds }),
    octets: t.field({ type: 'BigInt', nullable: true, resolve: ({ voucher }) => voucher.octets }),
    refusal: t.string({
      nullable: true,
      description: 'Why it gives nothing: ALREADY_REDEEMED, CANCELLED or EXPIRED; null: it can be redeemed.',
      resolve: ({ refusal }) => refusal ?? null,
    }),
  }),
});

builder.queryField('voucherOffer', (t) =>
  t.field({
    type: OfferRef,
    nullable: true,
    description:
      'What a code gives, before it is redeemed; null when it is none. Whoever knows the code may ask.',
    authScopes: { signedIn: true },
    args: { code: t.arg.string({ required: true }) },
    resolve: async (_root, { code }, context) => {
      const hash = voucherHash(code);
      if (hash === undefined)
        throw new ValidationError('code', 'A code has 16 letters and digits, such as ABCD-EFGH-JKMN-PQRS');
      const voucher = await voucherByHash(context.services.database, hash);
      if (voucher === null) return null;
      return { voucher, refusal: refusalOf(voucher, voucher.currency, actOf(context).today) };
    },
  }),
);

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
      const batch = {
        name,
        count,
        method,
        amount,
        expiresOn: input.expiresOn ?? null,
        planId: input.planId ?? null,
        seconds: input.seconds ?? null,
        octets: input.octets ?? null,
      };
      return createBatch(context.services, batch, actOf(context));
    },
  }),
  revokeVouchers: t.field({
    type: RevokeVouchersResult,
    description: 'They can no longer be redeemed nor used; what was paid for them goes back.',
    authScopes: { scope: 'payments:write' },
    args: { input: t.arg({ type: RevokeVouchersInput, required: true }) },
    resolve: (_root, { input }, context) =>
      orFailure(async () => {
        const { batchId, because, method, mode, fingerprint } = input;
        const request = { batchId, because, method, codes: input.codes ?? null };
        if (mode === 'PLAN')
          return new RevocationPreview(await planRevocation(context.services.database, request));
        return applyRevocation(context.services, request, requireFingerprint(fingerprint), actOf(context));
      }),
  }),
  redeemVoucher: t.field({
    type: PaymentRef,
    description: 'Pays open invoices, the oldest due first; the rest is the balance of the customer.',
    // A subscriber redeems for himself.
    authScopes: (_root, { input }, { principal }) =>
      principal.customerId === input.customerId || { scope: 'payments:write' },
    errors: { types: [ValidationError, ConflictError, ForbiddenError] },
    args: { input: t.arg({ type: RedeemVoucherInput, required: true }) },
    resolve: (_root, { input: { customerId, code, serviceId } }, context) =>
      redeemVoucher(context.services, { customerId, code, serviceId: serviceId ?? null }, actOf(context)),
  }),
}));
