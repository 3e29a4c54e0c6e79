import { newId } from '@dotmac/platform';
import { ConflictError, NotFoundError, ValidationError } from '@dotmac/schema';
import { expectFee, lockedAccount } from '../account/store.ts';
import { actOf } from '../act.ts';
import { type BillingContext, builder } from '../builder.ts';
import { formatDay } from '../calendar/rules.ts';
import { insertFee } from '../fee/store.ts';
import { dayOfText } from '../run/run.ts';
import { customerOfLine } from '../service-line/store.ts';
import { ServiceRef } from '../service-line/type.ts';
import { type JudgedUsage, judgedUsage, judgeUsage } from './judge.ts';
import { countedOctets, type UsageDay } from './rules.ts';
import { insertTopUp, type TopUpRow, topUpByReference } from './store.ts';

const maySee = (customerId: string, { principal }: BillingContext) =>
  principal.customerId === customerId || principal.scopes.includes('billing:read');

interface CountedDay extends UsageDay {
  readonly counted: bigint;
}
const UsageDayRef = builder.objectRef<CountedDay>('UsageDay').implement({
  description: 'What a service used on a local day, in octets.',
  fields: (t) => ({
    day: t.field({ type: 'LocalDate', resolve: ({ day }) => formatDay(day) }),
    downstream: t.field({ type: 'BigInt', resolve: ({ downstream }) => downstream }),
    upstream: t.field({ type: 'BigInt', resolve: ({ upstream }) => upstream }),
    counted: t.field({
      type: 'BigInt',
      description: 'Of the direction that counts, without free hours.',
      resolve: ({ counted }) => counted,
    }),
    complete: t.exposeBoolean('complete', { description: 'Accounting has told the day to its end.' }),
  }),
});

interface Usage extends JudgedUsage {
  readonly state: 'WITHIN' | 'THROTTLED' | 'BLOCKED';
}
const ServiceUsageRef = builder.objectRef<Usage>('ServiceUsage').implement({
  description: 'How a service with a data cap stands in its current period. Octets.',
  fields: (t) => ({
    from: t.field({ type: 'LocalDate', resolve: ({ standing }) => formatDay(standing.window.periodFrom) }),
    to: t.field({
      type: 'LocalDate',
      description: 'The first day of the next period.',
      resolve: ({ standing }) => formatDay(standing.window.periodTo),
    }),
    allowance: t.field({
      type: 'BigInt',
      description: 'All that may be used: of the plan, carried over and topped up.',
      resolve: ({ standing: { own, carried, toppedUp } }) => own + carried + toppedUp,
    }),
    carriedOver: t.field({ type: 'BigInt', resolve: ({ standing }) => standing.carried }),
    toppedUp: t.field({ type: 'BigInt', resolve: ({ standing }) => standing.toppedUp }),
    used: t.field({
      type: 'BigInt',
      description: 'On complete days; what is throttled and charged by.',
      resolve: ({ standing }) => standing.used,
    }),
    usedSoFar: t.field({
      type: 'BigInt',
      description: 'With the days that are not complete, today among them.',
      resolve: ({ standing }) => standing.usedSoFar,
    }),
    left: t.field({ type: 'BigInt', resolve: ({ standing }) => standing.left }),
    state: t.field({
      type: builder.enumType('UsageState', { values: ['WITHIN', 'THROTTLED', 'BLOCKED'] as const }),
      description: 'What the network was last asked for.',
      resolve: ({ state }) => state,
    }),
    days: t.field({
      type: [UsageDayRef],
      resolve: ({ days, bound }) => days.map((day) => ({ ...day, counted: countedOctets(day, bound) })),
    }),
  }),
});

builder.objectField(ServiceRef, 'usage', (t) =>
  t.field({
    type: ServiceUsageRef,
    nullable: true,
    description: 'Null without a data cap.',
    authScopes: { signedIn: true },
    resolve: async ({ id }, _args, context) => {
      const judged = await context.loaders.usage(id, dayOfText(actOf(context).today));
      if (judged === null || !maySee(judged.customerId, context)) return null;
      return { ...judged, state: (await context.loaders.allowance.load(id))?.state ?? 'WITHIN' };
    },
  }),
);

const UsageTopUpRef = builder.objectRef<TopUpRow>('UsageTopUp').implement({
  description: 'More volume for the rest of a period; its price is on the next invoice.',
  fields: (t) => ({
    id: t.exposeID('id'),
    octets: t.field({ type: 'BigInt', resolve: ({ octets }) => octets }),
    boughtOn: t.expose('boughtOn', { type: 'LocalDate' }),
  }),
});

const TopUpUsageInput = builder.inputType('TopUpUsageInput', {
  fields: (t) => ({
    serviceId: t.id({ required: true }),
    reference: t.string({ required: true, description: 'The caller’s own: sent again, it is the same.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('topUpUsage', (t) =>
  t.field({
    type: UsageTopUpRef,
    description:
      'By the subscriber himself or for him, at what the version of his plan offers. It opens at once.',
    authScopes: { signedIn: true },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: TopUpUsageInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { services, principal } = context;
      const { serviceId: lineId, reference } = input;
      if (reference.trim() === '' || reference.length > 200)
        throw new ValidationError('input.reference', 'It needs a reference of 1 to 200 characters');
      return services.database.transaction().execute(async (transaction) => {
        const act = actOf(context);
        const customerId = await customerOfLine(transaction, lineId);
        const may = principal.customerId === customerId || principal.scopes.includes('billing:write');
        // A stranger learns nothing of what there is.
        if (customerId === null || !may) throw new NotFoundError('Service', lineId);
        await lockedAccount(transaction, customerId);
        const known = await topUpByReference(transaction, customerId, reference);
        if (known !== null) return known;
        const judged = await judgedUsage(transaction, { lineId, customerId }, dayOfText(act.today));
        const offer = judged?.bound.topUp;
        if (judged === null || offer === undefined)
          throw new ConflictError('NO_TOP_UP', 'The plan of this service offers no top-up');
        const topUp = { id: newId('top', services.clock), serviceLineId: lineId, customerId, reference };
        const feeId = newId('fee', services.clock);
        await insertFee(transaction, {
          id: feeId,
          customerId,
          reference: `top-up:${topUp.id}`,
          description: `${judged.version.planName}: top-up`,
          productClass: judged.version.productClass,
          currency: offer.currency,
          amountMinor: offer.priceMinor,
          taxInclusive: judged.version.taxInclusive ?? false,
          dueOn: act.today,
          lateInvoiceId: null,
          lateStepId: null,
          explanation: {
            rule: 'usage.top-up',
            version: 1,
            inputs: { price: `${offer.priceMinor}` },
            formula: 'price',
            facts: { planVersion: judged.version.id, octets: `${offer.octets}`, topUp: topUp.id },
          },
        });
        const bought = { ...topUp, octets: offer.octets, boughtOn: act.today, feeId };
        await insertTopUp(transaction, bought);
        await expectFee(transaction, customerId, act.today);
        await judgeUsage(transaction, { lineId, customerId }, act);
        return bought;
      });
    },
  }),
);
