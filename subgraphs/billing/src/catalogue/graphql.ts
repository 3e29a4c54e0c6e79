import { localDateAt } from '@dotmac/platform';
import { type BillingContext, builder } from '../builder.ts';
import { PlatformBundleEnum } from '../bundle/type.ts';
import { allPlans, type Plan, type PlanVersion, type Trial, versionOnSale } from './store.ts';
import {
  BurstRef,
  ChargeTimingEnum,
  IntervalUnitEnum,
  PlanBoundRef,
  PlanKindEnum,
  PlanRef,
  PlanVersionRef,
  RateBandRef,
  RateLimitRef,
  ShapingRef,
} from './type.ts';

const onSale = async (plan: Plan, { loaders, services }: BillingContext): Promise<PlanVersion | undefined> =>
  versionOnSale(await loaders.versionsOfPlan.load(plan.id), today(services));

export const today = ({ clock, tenant }: BillingContext['services']): string =>
  localDateAt(clock.now(), tenant?.timeZone ?? 'UTC');

PlanRef.implement({
  description: 'Something that is sold. Whoever bought a version keeps it until he changes his plan.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    kind: t.expose('kind', { type: PlanKindEnum }),
    bundle: t.expose('bundle', { type: PlatformBundleEnum, nullable: true }),
    offered: t.exposeBoolean('offered', { description: 'Shown to everybody: see offers.' }),
    price: t.field({
      type: 'Money',
      nullable: true,
      description: 'Today, for a full interval; null for a rate card.',
      resolve: async (plan, _args, context) => {
        const version = await onSale(plan, context);
        return version === undefined || version.bands !== null
          ? null
          : { minor: version.priceMinor, currency: version.currency };
      },
    }),
    taxInclusive: t.boolean({
      nullable: true,
      description: 'Whether today’s price is what is paid, tax included.',
      resolve: async (plan, _args, context) => (await onSale(plan, context))?.taxInclusive ?? null,
    }),
    shaping: t.field({
      type: ShapingRef,
      nullable: true,
      resolve: async (plan, _args, context) => (await onSale(plan, context))?.shaping ?? null,
    }),
    versions: t.field({
      type: [PlanVersionRef],
      description: 'Oldest first.',
      resolve: async ({ id }, _args, { loaders }) => [...(await loaders.versionsOfPlan.load(id))],
    }),
  }),
});

PlanVersionRef.implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    version: t.exposeInt('version'),
    effectiveFrom: t.expose('effectiveFrom', { type: 'LocalDate' }),
    price: t.field({
      type: 'Money',
      resolve: ({ priceMinor, currency }) => ({ minor: priceMinor, currency }),
    }),
    intervalUnit: t.field({ type: IntervalUnitEnum, resolve: ({ interval }) => interval.unit }),
    intervalCount: t.int({ resolve: ({ interval }) => interval.count }),
    timing: t.expose('timing', { type: ChargeTimingEnum }),
    productClass: t.exposeString('productClass', { description: 'Decides the tax.' }),
    taxInclusive: t.exposeBoolean('taxInclusive', {
      description: 'The price is what is paid, tax included.',
    }),
    shaping: t.expose('shaping', { type: ShapingRef, nullable: true }),
    bound: t.expose('bound', { type: PlanBoundRef, nullable: true }),
    bands: t.field({
      type: [RateBandRef],
      nullable: true,
      resolve: ({ bands }) => (bands === null ? null : [...bands]),
    }),
    minimum: t.field({
      type: 'Money',
      nullable: true,
      resolve: ({ minimumMinor, currency }) =>
        minimumMinor === null ? null : { minor: minimumMinor, currency },
    }),
    trial: t.expose('trial', { type: PlanTrialRef, nullable: true }),
    publishedAt: t.expose('publishedAt', { type: 'DateTime' }),
  }),
});

const PlanTrialRef = builder.objectRef<Trial>('PlanTrial');
PlanTrialRef.implement({
  description: 'Of a rate card: what an ISP that begins under it does not pay for.',
  fields: (t) => ({ days: t.exposeInt('days'), coversBundles: t.exposeBoolean('coversBundles') }),
});

RateBandRef.implement({
  extensions: { cacheControl: { inheritMaxAge: true } },
  description: 'Units above the band before and up to `upTo` cost `unitPrice` each.',
  fields: (t) => ({
    upTo: t.field({ type: 'BigInt', nullable: true, resolve: ({ upTo }) => upTo ?? null }),
    unitPrice: t.exposeString('unitPrice', {
      description: 'Minor units per unit and interval; may have fractions.',
    }),
  }),
});

ShapingRef.implement({
  extensions: { cacheControl: { inheritMaxAge: true } },
  description: 'Speeds in the direction of the subscriber.',
  fields: (t) => ({
    downstream: t.expose('downstream', { type: RateLimitRef }),
    upstream: t.expose('upstream', { type: RateLimitRef }),
  }),
});
RateLimitRef.implement({
  extensions: { cacheControl: { inheritMaxAge: true } },
  fields: (t) => ({
    speedBitsPerSecond: t.field({ type: 'BitsPerSecond', resolve: ({ bitsPerSecond }) => bitsPerSecond }),
    burst: t.field({ type: BurstRef, nullable: true, resolve: ({ burst }) => burst ?? null }),
  }),
});
BurstRef.implement({
  extensions: { cacheControl: { inheritMaxAge: true } },
  fields: (t) => ({
    speedBitsPerSecond: t.field({ type: 'BitsPerSecond', resolve: ({ bitsPerSecond }) => bitsPerSecond }),
    thresholdBitsPerSecond: t.expose('thresholdBitsPerSecond', { type: 'BitsPerSecond' }),
    seconds: t.exposeInt('seconds'),
  }),
});

builder.asEntity(PlanRef, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: async ({ id }, { loaders }) => (await loaders.plan.load(id)) as Plan,
});

builder.queryFields((t) => ({
  plan: t.field({
    type: PlanRef,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    authScopes: { signedIn: true },
    resolve: (_root, { id }, { loaders }) => loaders.plan.load(id),
  }),
  plans: t.field({
    type: [PlanRef],
    description: 'The catalogue.',
    authScopes: { scope: 'catalogue:read' },
    resolve: (_root, _args, { services }) => allPlans(services.database),
  }),
}));
