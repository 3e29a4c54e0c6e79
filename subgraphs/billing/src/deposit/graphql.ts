import { newId } from '@dotmac/platform';
import { ConflictError, NotFoundError, requireFingerprint, ValidationError } from '@dotmac/schema';
import { lockedAccount } from '../account/store.ts';
import { DepositRef } from '../account/type.ts';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import { MoneyInput } from '../catalogue/type.ts';
import { postDeposit } from '../ledger/rules-postings.ts';
import { post } from '../ledger/store.ts';
import { MovementPreview } from '../movement/graphql.ts';
import { orFailure, planFailures } from '../outcome.ts';
import { ApplyModeEnum } from '../run/graphql.ts';
import { applyRelease, planRelease } from './release.ts';
import { insertDeposit } from './store.ts';

DepositRef.implement({
  description: 'Money held as a security: owed to the customer until it is applied or given back.',
  authScopes: ({ customerId }, { principal }) =>
    principal.customerId === customerId || { scope: 'billing:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    amount: t.field({
      type: 'Money',
      resolve: ({ amountMinor, currency }) => ({ minor: amountMinor, currency }),
    }),
    held: t.field({
      type: 'Money',
      description: 'What is left of it.',
      resolve: ({ heldMinor, currency }) => ({ minor: heldMinor, currency }),
    }),
    receivedOn: t.expose('receivedOn', { type: 'LocalDate' }),
  }),
});

const ReceiveDepositInput = builder.inputType('ReceiveDepositInput', {
  fields: (t) => ({
    customerId: t.id({ required: true }),
    amount: t.field({ type: MoneyInput, required: true }),
    method: t.string({ required: true, description: 'Such as cash, bankTransfer or stripe.' }),
    reference: t.string({ required: true, description: 'Sent again, it is the same deposit.' }),
    clientMutationId: t.string(),
  }),
});

const ReleaseDepositResult = builder.unionType('ReleaseDepositResult', {
  types: [MovementPreview, DepositRef, ...planFailures],
  resolveType: (value) => {
    if (value instanceof MovementPreview) return 'MovementPreview';
    return 'heldMinor' in value ? 'Deposit' : value.name;
  },
});
const DepositReleaseKindEnum = builder.enumType('DepositReleaseKind', {
  values: { APPLY: { value: 'applied' }, REFUND: { value: 'refunded' } },
} as const);
const ReleaseDepositInput = builder.inputType('ReleaseDepositInput', {
  fields: (t) => ({
    depositId: t.id({ required: true }),
    kind: t.field({ type: DepositReleaseKindEnum, required: true }),
    amountMinor: t.field({ type: 'BigInt', description: 'All that is held when left out.' }),
    reason: t.string({ required: true }),
    mode: t.field({ type: ApplyModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan, for APPLY.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationFields((t) => ({
  receiveDeposit: t.field({
    type: DepositRef,
    authScopes: { scope: 'payments:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: ReceiveDepositInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { services } = context;
      const act = actOf(context);
      const { customerId, method, reference } = input;
      const { amount, currency } = input.amount;
      if (amount <= 0n) throw new ValidationError('input.amount.amount', 'A deposit is more than 0');
      if (!/^[a-z][a-zA-Z0-9-]{0,39}$/.test(method))
        throw new ValidationError('input.method', 'A method is a word such as cash, bankTransfer or stripe');
      if (reference.trim() === '' || reference.length > 200)
        throw new ValidationError('input.reference', 'A deposit needs a reference of 1 to 200 characters');
      return services.database.transaction().execute(async (transaction) => {
        const account = await lockedAccount(transaction, customerId);
        if (account === null) throw new NotFoundError('Customer', customerId);
        if (account.currency !== currency)
          throw new ValidationError(
            'input.amount.currency',
            `The account is in ${account.currency}, the deposit in ${currency}`,
          );
        const { deposit, isNew } = await insertDeposit(transaction, {
          id: newId('dep', services.clock),
          customerId,
          method,
          reference,
          currency,
          amountMinor: amount,
          receivedOn: act.today,
        });
        if (!isNew && (deposit.customerId !== customerId || deposit.amountMinor !== amount))
          throw new ConflictError('REFERENCE_USED', `The reference ${reference} belongs to another deposit`);
        if (isNew) {
          const posting = { ref: deposit.id, customer: customerId, currency, amount, gateway: method };
          await post(transaction, [postDeposit(posting)], act.today, new Date(act.now));
        }
        return deposit;
      });
    },
  }),
  releaseDeposit: t.field({
    type: ReleaseDepositResult,
    description: 'Applies a deposit to open invoices, the oldest due first, or gives it back.',
    authScopes: { scope: 'payments:write' },
    args: { input: t.arg({ type: ReleaseDepositInput, required: true }) },
    resolve: (_root, { input }, context) =>
      orFailure(async () => {
        const { depositId, kind, reason } = input;
        const request = { depositId, kind, reason, amount: input.amountMinor ?? null };
        if (input.mode === 'PLAN') {
          const plan = await planRelease(context.services.database, request);
          return new MovementPreview(plan.movement, plan.fingerprint);
        }
        return applyRelease(context.services, request, requireFingerprint(input.fingerprint), actOf(context));
      }),
  }),
}));
