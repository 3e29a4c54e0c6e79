import { NotFoundError } from '@dotmac/schema';
import { type BillingContext, builder } from '../builder.ts';
import { today } from './graphql.ts';
import { lockedPlan, offeredPlans, type Plan, type PlanVersion, setOffered, versionOnSale } from './store.ts';
import { IntervalUnitEnum, PlanKindEnum, PlanRef, RateBandRef, ShapingRef } from './type.ts';

/** A plan as strangers see it: what it is and costs today, and nothing of what it was or will be. */
interface Offer {
  readonly plan: Plan;
  readonly version: PlanVersion;
}

const OfferRef = builder.objectRef<Offer>('Offer');

OfferRef.implement({
  description: 'A plan that is shown to everybody, as it is sold today.',
  fields: (t) => ({
    planId: t.id({ resolve: ({ plan }) => plan.id }),
    name: t.string({ resolve: ({ plan }) => plan.name }),
    kind: t.field({ type: PlanKindEnum, resolve: ({ plan }) => plan.kind }),
    price: t.field({
      type: 'Money',
      nullable: true,
      description: 'For one interval; null for a rate card.',
      extensions: { cacheControl: { inheritMaxAge: true } },
      resolve: ({ version: { bands, priceMinor, currency } }) =>
        bands === null ? { minor: priceMinor, currency } : null,
    }),
    taxInclusive: t.boolean({ resolve: ({ version }) => version.taxInclusive }),
    intervalUnit: t.field({ type: IntervalUnitEnum, resolve: ({ version }) => version.interval.unit }),
    intervalCount: t.int({ resolve: ({ version }) => version.interval.count }),
    shaping: t.field({ type: ShapingRef, nullable: true, resolve: ({ version }) => version.shaping }),
    bands: t.field({
      type: [RateBandRef],
      nullable: true,
      resolve: ({ version: { bands } }) => (bands === null ? null : [...bands]),
    }),
  }),
});

/** Seconds that whoever keeps an answer may go on showing it: a price of yesterday is not shown for long. */
const holdsFor = 60;

builder.queryField('offers', (t) =>
  t.field({
    type: [OfferRef],
    description: 'Plans that are shown to everybody, strangers too, as on the web site.',
    extensions: { cacheControl: { maxAge: holdsFor, scope: 'PUBLIC' } },
    resolve: async (_root, _args, { services, loaders }) => {
      const plans = await offeredPlans(services.database);
      const offers = plans.map(async (plan) => offerOf(plan, { services, loaders }));
      return (await Promise.all(offers)).filter((offer) => offer !== null);
    },
  }),
);

/** Null before the plan's first day. */
async function offerOf(
  plan: Plan,
  { services, loaders }: Pick<BillingContext, 'services' | 'loaders'>,
): Promise<Offer | null> {
  const day = today(services);
  const version = versionOnSale(await loaders.versionsOfPlan.load(plan.id), day);
  return version === undefined || version.effectiveFrom > day ? null : { plan, version };
}

const OfferPlanInput = builder.inputType('OfferPlanInput', {
  fields: (t) => ({
    planId: t.id({ required: true }),
    offered: t.boolean({ required: true }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('offerPlan', (t) =>
  t.field({
    type: PlanRef,
    description: 'Shows a plan to everybody, or no longer. Who may buy it does not change.',
    authScopes: { scope: 'catalogue:write' },
    errors: { types: [NotFoundError] },
    args: { input: t.arg({ type: OfferPlanInput, required: true }) },
    resolve: (_root, { input: { planId, offered } }, { services }) =>
      services.database.transaction().execute(async (transaction) => {
        const plan = await lockedPlan(transaction, planId);
        if (plan === null) throw new NotFoundError('Plan', planId);
        return setOffered(transaction, planId, offered);
      }),
  }),
);
