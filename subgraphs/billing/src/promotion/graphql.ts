import { newId } from '@dotmac/platform';
import { parseDecimal } from '@dotmac/platform/money/decimal';
import { ConflictError, NotFoundError, ValidationError } from '@dotmac/schema';
import { lockedAccount } from '../account/store.ts';
import { actOf } from '../act.ts';
import { type BillingContext, builder } from '../builder.ts';
import { MoneyInput } from '../catalogue/type.ts';
import { grantDiscount } from '../discount/grant.ts';
import type { Discount } from '../discount/store.ts';
import { currentVersions, customerOfLine } from '../service-line/store.ts';
import { DiscountRef } from '../service-line/type.ts';
import {
  allPromotions,
  insertPromotion,
  lockedPromotion,
  type Promotion,
  redeem,
  redemptions,
} from './store.ts';

const PromotionRef = builder.objectRef<Promotion>('Promotion').implement({
  description: 'A discount that a service is granted by its code, once.',
  fields: (t) => ({
    id: t.exposeID('id'),
    code: t.exposeString('code'),
    name: t.exposeString('name'),
    percent: t.exposeString('percent', { nullable: true }),
    amount: t.field({
      type: 'Money',
      nullable: true,
      resolve: ({ amountMinor, currency }) =>
        amountMinor === null || currency === null ? null : { minor: amountMinor, currency },
    }),
    periods: t.exposeInt('periods', { nullable: true, description: 'For good without.' }),
    from: t.expose('fromDay', { type: 'LocalDate' }),
    until: t.expose('toDay', { type: 'LocalDate', nullable: true }),
    planIds: t.exposeIDList('planIds', { nullable: true, description: 'Any plan without.' }),
    maxRedemptions: t.exposeInt('maxRedemptions', { nullable: true }),
  }),
});

builder.queryField('promotions', (t) =>
  t.field({
    type: [PromotionRef],
    authScopes: { scope: 'catalogue:read' },
    resolve: (_root, _args, { services }) => allPromotions(services.database),
  }),
);

const CreatePromotionInput = builder.inputType('CreatePromotionInput', {
  fields: (t) => ({
    code: t.string({ required: true, description: 'A-Z, 0-9 and dashes.' }),
    name: t.string({ required: true, description: 'Stands on the line.' }),
    percent: t.string({ description: 'Either this or an amount.' }),
    amount: t.field({ type: MoneyInput, description: 'Of a full period, without tax.' }),
    periods: t.int({ description: 'So many periods from the day it is taken; for good when left out.' }),
    from: t.field({ type: 'LocalDate', description: 'Today when left out.' }),
    until: t.field({ type: 'LocalDate', description: 'The first day on which it cannot be taken.' }),
    planIds: t.idList({ description: 'Any plan when left out; an empty list is refused.' }),
    maxRedemptions: t.int(),
    clientMutationId: t.string(),
  }),
});
type PromotionInput = typeof CreatePromotionInput.$inferInput;

function check({
  code,
  name,
  percent,
  amount,
  periods,
  from,
  until,
  planIds,
  maxRedemptions,
}: PromotionInput): void {
  if (!/^[A-Z0-9-]{3,40}$/.test(code))
    throw new ValidationError('input.code', 'A code has 3 to 40 of A-Z, 0-9 and dashes');
  if (name.trim() === '' || name.length > 200)
    throw new ValidationError('input.name', 'A promotion has a name of 1 to 200 characters');
  if ((percent == null) === (amount == null))
    throw new ValidationError('input.percent', 'A promotion is either a percent or an amount');
  if (percent != null) {
    const value = /^\d{1,3}(\.\d{1,6})?$/.test(percent) ? parseDecimal(percent) : undefined;
    if (value === undefined || value.num <= 0n || value.num > 100n * value.den)
      throw new ValidationError('input.percent', `"${percent}" is no percent above 0 and up to 100`);
  }
  if (amount != null && amount.amount <= 0n)
    throw new ValidationError('input.amount.amount', 'A promotion is more than 0');
  if (periods != null && (periods < 1 || periods > 1200))
    throw new ValidationError('input.periods', `It runs for 1 to 1200 periods, not ${periods}`);
  if (from != null && until != null && until <= from)
    throw new ValidationError('input.until', `It must lie after the first day, ${from}`);
  if (planIds?.length === 0)
    throw new ValidationError('input.planIds', 'An empty list is no plan at all; leave it out for any');
  if (maxRedemptions != null && maxRedemptions < 1)
    throw new ValidationError('input.maxRedemptions', 'It may be taken once at least');
}

builder.mutationField('createPromotion', (t) =>
  t.field({
    type: PromotionRef,
    authScopes: { scope: 'catalogue:write' },
    errors: { types: [ValidationError, ConflictError] },
    args: { input: t.arg({ type: CreatePromotionInput, required: true }) },
    resolve: (_root, { input }, context) => {
      check(input);
      const promotion: Promotion = {
        id: newId('prm', context.services.clock),
        code: input.code,
        name: input.name,
        percent: input.percent ?? null,
        amountMinor: input.amount?.amount ?? null,
        currency: input.amount?.currency ?? null,
        periods: input.periods ?? null,
        fromDay: input.from ?? actOf(context).today,
        toDay: input.until ?? null,
        planIds: input.planIds ?? null,
        maxRedemptions: input.maxRedemptions ?? null,
      };
      return context.services.database.transaction().execute(async (transaction) => {
        if (!(await insertPromotion(transaction, promotion)))
          throw new ConflictError('CODE_TAKEN', `There is a promotion ${input.code} already`);
        return promotion;
      });
    },
  }),
);

const RedeemPromotionInput = builder.inputType('RedeemPromotionInput', {
  fields: (t) => ({
    serviceId: t.id({ required: true }),
    code: t.string({ required: true }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('redeemPromotion', (t) =>
  t.field({
    type: DiscountRef,
    description: 'By the subscriber himself or for him: a discount from today on.',
    authScopes: { signedIn: true },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: RedeemPromotionInput, required: true }) },
    resolve: (_root, { input }, context) => redeemCode(input, context),
  }),
);

function redeemCode(
  { serviceId, code }: typeof RedeemPromotionInput.$inferInput,
  context: BillingContext,
): Promise<Discount> {
  const { services, principal } = context;
  return services.database.transaction().execute(async (transaction) => {
    const { today } = actOf(context);
    const customerId = await customerOfLine(transaction, serviceId);
    const may = principal.customerId === customerId || principal.scopes.includes('billing:write');
    const account = customerId === null || !may ? null : await lockedAccount(transaction, customerId);
    if (account === null) throw new NotFoundError('Service', serviceId);
    const promotion = await lockedPromotion(transaction, code.trim().toUpperCase());
    if (
      promotion === null ||
      today < promotion.fromDay ||
      (promotion.toDay !== null && today >= promotion.toDay)
    )
      throw new ValidationError('input.code', 'There is no such promotion today');
    const [current] = await currentVersions(transaction, [serviceId]);
    const fits = promotion.planIds === null || promotion.planIds.includes(current?.version.planId ?? '');
    if (!fits) throw new ConflictError('OTHER_PLAN', 'The promotion is not for the plan of this service');
    if (promotion.currency !== null && promotion.currency !== account.currency)
      throw new ConflictError('OTHER_CURRENCY', `The promotion is in ${promotion.currency}`);
    const taken = await redemptions(transaction, promotion.id, serviceId);
    if (taken.byService) throw new ConflictError('REDEEMED', 'The service has this promotion already');
    if (promotion.maxRedemptions !== null && taken.count >= promotion.maxRedemptions)
      throw new ConflictError('USED_UP', 'The promotion has been taken as often as it may be');
    const discount = await grantDiscount(transaction, services, account, {
      serviceLineId: serviceId,
      name: promotion.name,
      percent: promotion.percent,
      amountMinor: promotion.amountMinor,
      from: today,
      periods: promotion.periods,
      grantedBy: principal.id,
    });
    await redeem(transaction, {
      promotionId: promotion.id,
      serviceLineId: serviceId,
      discountId: discount.id,
      redeemedOn: today,
    });
    return discount;
  });
}
