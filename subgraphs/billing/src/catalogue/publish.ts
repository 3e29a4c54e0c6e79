import type { TenantDatabase } from '@dotmac/migrations';
import { newId } from '@dotmac/platform';
import { currencyCode } from '@dotmac/platform/money/currency';
import { ConflictError, NotFoundError, ValidationError } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { type BillingContext, builder } from '../builder.ts';
import { checkBundle } from '../bundle/rules.ts';
import { planOfBundle } from '../bundle/store.ts';
import { PlatformBundleEnum } from '../bundle/type.ts';
import { checkRateCard } from '../metering/rules.ts';
import { PRODUCT_CLASSES } from '../tax/rules-jurisdictions.ts';
import { boundFrom, PlanBoundInput } from '../usage/graphql-bound.ts';
import { checkBound } from '../usage/rules-bound.ts';
import { announce } from './events.ts';
import { today } from './graphql.ts';
import { ShapingInput, shapingFrom } from './input.ts';
import { checkShaping, type PlanKind } from './rules.ts';
import {
  insertPlan,
  insertPlanVersion,
  lockedPlan,
  type Plan,
  type PlanVersion,
  type Trial,
  versionsOfPlans,
} from './store.ts';
import { ChargeTimingEnum, IntervalUnitEnum, MoneyInput, PlanKindEnum, PlanRef } from './type.ts';

export const RateBandInput = builder.inputType('RateBandInput', {
  fields: (t) => ({ upTo: t.field({ type: 'BigInt' }), unitPrice: t.string({ required: true }) }),
});
const PlanTrialInput = builder.inputType('PlanTrialInput', {
  fields: (t) => ({
    days: t.int({ required: true, description: 'From the first day of an ISP on, 1 to 365.' }),
    coversBundles: t.boolean({ defaultValue: false }),
  }),
});
const PlanTermsInput = builder.inputType('PlanTermsInput', {
  fields: (t) => ({
    price: t.field({
      type: MoneyInput,
      required: true,
      description: 'For a full interval, without tax unless it says so; 0 for a rate card.',
    }),
    taxInclusive: t.boolean({
      defaultValue: false,
      description:
        'The price, and those of overage and top-ups, are what is paid: their tax is part of them.',
    }),
    intervalUnit: t.field({ type: IntervalUnitEnum, defaultValue: 'month' }),
    intervalCount: t.int({ defaultValue: 1 }),
    timing: t.field({ type: ChargeTimingEnum, defaultValue: 'inAdvance' }),
    productClass: t.string({ defaultValue: 'internetAccess' }),
    shaping: t.field({ type: ShapingInput }),
    bound: t.field({ type: PlanBoundInput, description: 'What limits an access plan besides its speed.' }),
    bands: t.field({ type: [RateBandInput] }),
    minimum: t.field({ type: MoneyInput }),
    trial: t.field({ type: PlanTrialInput, description: 'Of a rate card only.' }),
    effectiveFrom: t.field({ type: 'LocalDate', description: 'Today when left out; never in the past.' }),
  }),
});

type TermsInput = typeof PlanTermsInput.$inferInput;

/** @throws ValidationError */
function trialFrom(input: TermsInput['trial'], kind: PlanKind, field: string): Trial | null {
  if (input == null) return null;
  if (kind !== 'RATE_CARD') throw new ValidationError(field, 'Only a rate card has a trial');
  if (input.days < 1 || input.days > 365)
    throw new ValidationError(`${field}.days`, `must be 1 to 365, not ${input.days}`);
  return { days: input.days, coversBundles: input.coversBundles ?? false };
}

/** @throws ValidationError */
function termsFrom(
  input: TermsInput,
  kind: PlanKind,
  onOrAfter: string,
): Omit<PlanVersion, 'id' | 'planId' | 'version' | 'publishedAt'> {
  const field = 'input.terms';
  const { amount, currency } = input.price;
  if (currencyCode(currency) === undefined)
    throw new ValidationError(
      `${field}.price.currency`,
      `"${currency}" is not an ISO 4217 code; write one like EUR`,
    );
  if (amount < 0n) throw new ValidationError(`${field}.price.amount`, 'A price is not below 0');
  if (input.minimum != null && input.minimum.currency !== currency)
    throw new ValidationError(`${field}.minimum.currency`, `The minimum is in ${currency}, like the price`);
  const effectiveFrom = input.effectiveFrom ?? onOrAfter;
  if (effectiveFrom < onOrAfter)
    throw new ValidationError(`${field}.effectiveFrom`, `A version cannot begin before today, ${onOrAfter}`);
  const intervalCount = input.intervalCount ?? 1;
  if (intervalCount < 1 || intervalCount > 1200)
    throw new ValidationError(`${field}.intervalCount`, `must be 1 to 1200, not ${intervalCount}`);
  const productClass = input.productClass ?? 'internetAccess';
  if (!PRODUCT_CLASSES.some((one) => one === productClass))
    throw new ValidationError(
      `${field}.productClass`,
      `"${productClass}" is none of ${PRODUCT_CLASSES.join(', ')}, which decide the tax`,
    );
  const shaping = input.shaping == null ? null : shapingFrom(input.shaping);
  if (shaping !== null) checkShaping(shaping, `${field}.shaping`);
  const bands =
    input.bands?.map(({ upTo, unitPrice }) => (upTo == null ? { unitPrice } : { upTo, unitPrice })) ?? null;
  if ((kind === 'RATE_CARD') !== (bands !== null))
    throw new ValidationError(`${field}.bands`, 'A rate card, and only it, has bands');
  const taxInclusive = input.taxInclusive ?? false;
  if (taxInclusive && kind === 'RATE_CARD')
    throw new ValidationError(`${field}.taxInclusive`, 'The prices of a rate card are without tax');
  if ((kind === 'ACCESS') !== (shaping !== null))
    throw new ValidationError(`${field}.shaping`, 'An access plan, and only it, has speeds');
  const bound = input.bound == null ? null : boundFrom(input.bound, currency, `${field}.bound`);
  if (bound !== null) {
    if (shaping === null)
      throw new ValidationError(`${field}.bound`, 'Only an access plan is bounded by a mechanism');
    checkBound(bound, shaping, `${field}.bound`);
  }
  const wrong = bands === null ? undefined : checkRateCard({ version: '', bands });
  if (wrong !== undefined) throw new ValidationError(`${field}.${wrong.field}`, wrong.message);
  return {
    effectiveFrom,
    currency,
    priceMinor: amount,
    interval: { unit: input.intervalUnit ?? 'month', count: intervalCount },
    timing: input.timing ?? 'inAdvance',
    productClass,
    taxInclusive,
    shaping,
    bound,
    bands,
    minimumMinor: input.minimum?.amount ?? null,
    trial: trialFrom(input.trial, kind, `${field}.trial`),
  };
}

const CreatePlanInput = builder.inputType('CreatePlanInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    kind: t.field({ type: PlanKindEnum, defaultValue: 'ACCESS' }),
    bundle: t.field({
      type: PlatformBundleEnum,
      description: 'Which one a plan of the kind BUNDLE sells, in tenant zero.',
    }),
    terms: t.field({ type: PlanTermsInput, required: true }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('createPlan', (t) =>
  t.field({
    type: PlanRef,
    description: 'A new plan with its first version, on sale.',
    authScopes: { scope: 'catalogue:write' },
    errors: { types: [ValidationError] },
    args: { input: t.arg({ type: CreatePlanInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const name = input.name.trim();
      if (name === '' || name.length > 200)
        throw new ValidationError('input.name', 'A plan needs a name of 1 to 200 characters');
      const kind = input.kind ?? 'ACCESS';
      const { services } = context;
      const terms = termsFrom(input.terms, kind, today(services));
      const bundle = input.bundle ?? null;
      if (bundle !== null && kind !== 'BUNDLE')
        throw new ValidationError('input.bundle', 'Only a plan of the kind BUNDLE sells one');
      if (bundle !== null) checkBundle(bundle, terms, 'input.terms');
      return services.database.transaction().execute(async (transaction) => {
        const id = newId('pln', services.clock);
        if (bundle !== null && (await planOfBundle(transaction, bundle)) !== null)
          throw new ValidationError(
            'input.bundle',
            `${bundle} is sold already: publish a version of its plan`,
          );
        const plan = await insertPlan(transaction, {
          id,
          name,
          kind,
          bundle,
          createdAt: new Date(services.clock.now()),
        });
        await publish(transaction, context, plan, { ...terms, version: 1 });
        return plan;
      });
    },
  }),
);

const PublishPlanVersionInput = builder.inputType('PublishPlanVersionInput', {
  fields: (t) => ({
    planId: t.id({ required: true }),
    terms: t.field({ type: PlanTermsInput, required: true }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('publishPlanVersion', (t) =>
  t.field({
    type: PlanRef,
    description:
      'Who has the plan already keeps the version he bought; new sales take this one from its day on.',
    authScopes: { scope: 'catalogue:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: PublishPlanVersionInput, required: true }) },
    resolve: (_root, { input }, context) =>
      context.services.database.transaction().execute(async (transaction) => {
        const plan = await lockedPlan(transaction, input.planId);
        if (plan === null) throw new NotFoundError('Plan', input.planId);
        const terms = termsFrom(input.terms, plan.kind, today(context.services));
        if (plan.bundle !== null) checkBundle(plan.bundle, terms, 'input.terms');
        const last = (await versionsOfPlans(transaction, [plan.id])).at(-1);
        if (last !== undefined && terms.effectiveFrom <= last.effectiveFrom)
          throw new ConflictError(
            'OVERLAPPING_VERSION',
            `Version ${last.version} begins on ${last.effectiveFrom}; the next one begins later`,
          );
        await publish(transaction, context, plan, { ...terms, version: (last?.version ?? 0) + 1 });
        return plan;
      }),
  }),
);

async function publish(
  transaction: Transaction<TenantDatabase>,
  { services, principal, traceId }: BillingContext,
  plan: Plan,
  terms: Omit<PlanVersion, 'id' | 'planId' | 'publishedAt'>,
): Promise<void> {
  const now = services.clock.now();
  const version = { ...terms, id: newId('plv', services.clock), planId: plan.id, publishedAt: new Date(now) };
  await insertPlanVersion(transaction, version);
  // A version of a later day is announced by the daily work of that day.
  if (version.effectiveFrom > today(services)) return;
  const act = { now, today: version.effectiveFrom, actor: principal.id, traceId };
  await announce(transaction, [{ planName: plan.name, version }], act);
}
