import { newId } from '@dotmac/platform';
import { NotFoundError, ValidationError } from '@dotmac/schema';
import { lockedAccount } from '../account/store.ts';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import { ShieldRef } from '../payment/type.ts';
import { shieldExpired } from '../prepaid/expire.ts';
import { relieve } from './relief.ts';
import { insertShield, liftShieldRow, type ShieldRow } from './store-shield.ts';

const ShieldKindEnum = builder.enumType('ShieldKind', {
  values: {
    GRACE: { value: 'grace' },
    PROMISE_TO_PAY: { value: 'promiseToPay' },
    PAYMENT_ARRANGEMENT: { value: 'paymentArrangement' },
    PAYMENT_PROOF_UNDER_REVIEW: { value: 'paymentProofUnderReview' },
    SERVICE_EXTENSION: { value: 'serviceExtension' },
    OUTAGE: { value: 'outage' },
    DISPUTE: { value: 'dispute' },
  },
} as const);

ShieldRef.implement({
  description: 'Keeps dunning from a customer while it stands.',
  fields: (t) => ({
    id: t.exposeID('id'),
    kind: t.field({ type: ShieldKindEnum, resolve: ({ kind }) => kind as never }),
    from: t.expose('fromDay', { type: 'LocalDate' }),
    until: t.expose('untilDay', {
      type: 'LocalDate',
      nullable: true,
      description: 'The first day without it; without a day it stands until it is lifted.',
    }),
    invoiceIds: t.exposeIDList('invoiceIds', { nullable: true, description: 'Null: the whole account.' }),
    because: t.exposeString('because'),
    liftedAt: t.expose('liftedAt', { type: 'DateTime', nullable: true }),
  }),
});

const GrantShieldInput = builder.inputType('GrantShieldInput', {
  fields: (t) => ({
    customerId: t.id({ required: true }),
    kind: t.field({ type: ShieldKindEnum, required: true }),
    until: t.field({ type: 'LocalDate', description: 'The first day without it.' }),
    invoiceIds: t.idList({ description: 'Only these; an empty list is refused, it does not mean all.' }),
    because: t.string({ required: true }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('grantShield', (t) =>
  t.field({
    type: ShieldRef,
    description:
      'From today on. When it leaves nothing that dunning counts, his services, and those of whom he pays for, open at once.',
    authScopes: { scope: 'billing:write' },
    errors: { types: [ValidationError, NotFoundError] },
    args: { input: t.arg({ type: GrantShieldInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { services, principal } = context;
      const act = actOf(context);
      if (input.until != null && input.until <= act.today)
        throw new ValidationError('input.until', `A shield ends after today, ${act.today}`);
      if (input.invoiceIds?.length === 0)
        throw new ValidationError(
          'input.invoiceIds',
          'Name invoices, or leave the list out for the whole account',
        );
      if (input.because.trim() === '')
        throw new ValidationError('input.because', 'Say why: it is shown and kept');
      const { customerId, kind, because } = input;
      return services.database.transaction().execute(async (transaction) => {
        if ((await lockedAccount(transaction, customerId)) === null)
          throw new NotFoundError('Customer', customerId);
        const shield = await insertShield(transaction, {
          id: newId('shd', services.clock),
          customerId,
          kind,
          fromDay: act.today,
          untilDay: input.until ?? null,
          invoiceIds: input.invoiceIds ?? null,
          because,
          grantedBy: principal.id,
          liftedAt: null,
        });
        if (shield.invoiceIds === null) await shieldExpired(transaction, customerId, act.today);
        await relieve(transaction, customerId, because, act);
        return shield;
      });
    },
  }),
);

const LiftShieldInput = builder.inputType('LiftShieldInput', {
  fields: (t) => ({ shieldId: t.id({ required: true }), clientMutationId: t.string() }),
});

builder.mutationField('liftShield', (t) =>
  t.field({
    type: ShieldRef,
    description: 'Dunning goes on with its next daily run.',
    authScopes: { scope: 'billing:write' },
    errors: { types: [NotFoundError] },
    args: { input: t.arg({ type: LiftShieldInput, required: true }) },
    resolve: (_root, { input: { shieldId } }, { services }) =>
      services.database.transaction().execute(async (transaction): Promise<ShieldRow> => {
        const lifted = await liftShieldRow(transaction, shieldId, new Date(services.clock.now()));
        if (lifted === null) throw new NotFoundError('standing DunningShield', shieldId);
        return lifted;
      }),
  }),
);
