import { parseDecimal } from '@dotmac/platform/money/decimal';
import { NotFoundError, ValidationError } from '@dotmac/schema';
import { expectCharge, lockedAccount } from '../account/store.ts';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import { MoneyInput } from '../catalogue/type.ts';
import { DiscountRef } from '../service-line/type.ts';
import { grantDiscount } from './grant.ts';
import { discountById, endDiscountOn } from './store.ts';

DiscountRef.implement({
  description: 'Takes part of the price of a service; each works on what the earlier ones leave.',
  authScopes: ({ customerId }, { principal }) =>
    principal.customerId === customerId || { scope: 'billing:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    percent: t.exposeString('percent', { nullable: true }),
    amount: t.field({
      type: 'Money',
      nullable: true,
      description: 'Of a full period.',
      resolve: async ({ amountMinor, customerId }, _args, { loaders }) =>
        amountMinor === null
          ? null
          : { minor: amountMinor, currency: (await loaders.account.load(customerId))?.currency ?? '' },
    }),
    from: t.expose('fromDay', { type: 'LocalDate' }),
    to: t.expose('toDay', { type: 'LocalDate', nullable: true, description: 'The first day without it.' }),
  }),
});

const GrantDiscountInput = builder.inputType('GrantDiscountInput', {
  fields: (t) => ({
    serviceId: t.id({ required: true }),
    name: t.string({ required: true, description: 'Stands on the line.' }),
    percent: t.string({ description: 'Such as 10 or 12.5. Either this or an amount.' }),
    amount: t.field({ type: MoneyInput, description: 'Of a full period, without tax.' }),
    from: t.field({ type: 'LocalDate', description: 'Today when left out.' }),
    until: t.field({ type: 'LocalDate', description: 'The first day without it; for good when left out.' }),
    periods: t.int({ description: 'Instead of a day: so many periods, the one of `from` included.' }),
    clientMutationId: t.string(),
  }),
});
type Grant = typeof GrantDiscountInput.$inferInput;

function checkGrant(input: Grant, currency: string): { percent: string | null; amountMinor: bigint | null } {
  const { percent, amount } = input;
  if (input.name.trim() === '' || input.name.length > 200)
    throw new ValidationError('input.name', 'A discount has a name of 1 to 200 characters');
  if ((percent == null) === (amount == null))
    throw new ValidationError('input.percent', 'A discount is either a percent or an amount');
  if (input.until != null && input.periods != null)
    throw new ValidationError('input.periods', 'Name either a day or a number of periods');
  if (amount != null) {
    if (amount.currency !== currency)
      throw new ValidationError(
        'input.amount.currency',
        `The account is in ${currency}, not in ${amount.currency}`,
      );
    if (amount.amount <= 0n) throw new ValidationError('input.amount.amount', 'A discount is more than 0');
    return { percent: null, amountMinor: amount.amount };
  }
  const text = percent ?? '';
  if (!/^\d{1,3}(\.\d{1,6})?$/.test(text))
    throw new ValidationError('input.percent', `"${text}" is not a percent; write one like 12.5`);
  const { num, den } = parseDecimal(text);
  if (num <= 0n || num > 100n * den)
    throw new ValidationError('input.percent', 'A percent lies above 0 and not above 100');
  return { percent: text, amountMinor: null };
}

builder.mutationFields((t) => ({
  grantDiscount: t.field({
    type: DiscountRef,
    description: 'From its first day on, prorated with the price; what is billed of it already is credited.',
    authScopes: { scope: 'billing:write' },
    errors: { types: [ValidationError, NotFoundError] },
    args: { input: t.arg({ type: GrantDiscountInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { services, principal } = context;
      const act = actOf(context);
      const { serviceId, name } = input;
      return services.database.transaction().execute(async (transaction) => {
        const line = await transaction
          .selectFrom('billing.serviceLine')
          .select('customerId')
          .where('id', '=', serviceId)
          .executeTakeFirst();
        const account = line === undefined ? null : await lockedAccount(transaction, line.customerId);
        if (account === null) throw new NotFoundError('Service', serviceId);
        const value = checkGrant(input, account.currency);
        const from = input.from ?? act.today;
        return grantDiscount(transaction, services, account, {
          serviceLineId: serviceId,
          name,
          ...value,
          from,
          until: input.until ?? null,
          periods: input.periods ?? null,
          grantedBy: principal.id,
        });
      });
    },
  }),
  endDiscount: t.field({
    type: DiscountRef,
    description: 'Ends it on a day, today when left out; what was billed beyond it is charged.',
    authScopes: { scope: 'billing:write' },
    errors: { types: [ValidationError, NotFoundError] },
    args: {
      input: t.arg({
        type: builder.inputType('EndDiscountInput', {
          fields: (f) => ({
            discountId: f.id({ required: true }),
            on: f.field({ type: 'LocalDate' }),
            clientMutationId: f.string(),
          }),
        }),
        required: true,
      }),
    },
    resolve: (_root, { input }, context) => {
      const act = actOf(context);
      const on = input.on ?? act.today;
      return context.services.database.transaction().execute(async (transaction) => {
        const found = await discountById(transaction, input.discountId);
        if (found === null) throw new NotFoundError('Discount', input.discountId);
        await lockedAccount(transaction, found.customerId);
        if (on < found.fromDay)
          throw new ValidationError('input.on', `It does not end before its first day, ${found.fromDay}`);
        const ended = await endDiscountOn(transaction, found, on);
        await expectCharge(transaction, found.customerId, act.today);
        return ended;
      });
    },
  }),
}));
