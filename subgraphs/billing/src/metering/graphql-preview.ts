import { NotFoundError, ValidationError } from '@dotmac/schema';
import { CustomerRef } from '../account/type.ts';
import { builder } from '../builder.ts';
import { today } from '../catalogue/graphql.ts';
import { RateBandInput } from '../catalogue/publish.ts';
import { plansById, versionOnSale, versionsOfPlans } from '../catalogue/store.ts';
import { MoneyInput } from '../catalogue/type.ts';
import { checkRateCard, graduatedPrice, type RateCard } from './rules.ts';
import { averageCounts } from './store.ts';

/** Days whose counts stand for a month of an ISP. */
const sampleDays = 30;

interface Effect {
  readonly customerId: string;
  readonly tenantId: string;
  readonly subscribers: bigint;
  readonly now: bigint;
  readonly considered: bigint;
  readonly currency: string;
}
const EffectRef = builder.objectRef<Effect>('RateCardEffect').implement({
  description: 'What a month of an ISP costs by the version of today, and by the bands that are considered.',
  fields: (t) => ({
    tenantId: t.exposeID('tenantId'),
    customer: t.field({ type: CustomerRef, resolve: ({ customerId }) => ({ id: customerId }) }),
    subscribers: t.field({
      type: 'BigInt',
      description: `The average of its last ${sampleDays} counts.`,
      resolve: ({ subscribers }) => subscribers,
    }),
    now: t.field({ type: 'Money', resolve: ({ now, currency }) => ({ minor: now, currency }) }),
    considered: t.field({
      type: 'Money',
      resolve: ({ considered, currency }) => ({ minor: considered, currency }),
    }),
  }),
});

builder.queryField('rateCardPreview', (t) =>
  t.field({
    type: [EffectRef],
    description:
      'Which ISPs other bands would concern, and by how much, the most concerned first; ISPs without a count are left out. Changes nothing: `publishPlanVersion` does.',
    authScopes: { scope: 'platform:read' },
    args: {
      planId: t.arg.id({ required: true }),
      bands: t.arg({ type: [RateBandInput], required: true }),
      minimum: t.arg({ type: MoneyInput }),
    },
    resolve: async (_root, { planId, bands, minimum }, { services }) => {
      const [plan] = await plansById(services.database, [planId]);
      if (plan?.kind !== 'RATE_CARD') throw new NotFoundError('rate card', planId);
      const version = versionOnSale(await versionsOfPlans(services.database, [planId]), today(services));
      if (version === undefined) throw new NotFoundError('version of the rate card', planId);
      const { currency, minimumMinor } = version;
      if (minimum != null && minimum.currency !== currency)
        throw new ValidationError('minimum.currency', `The minimum is in ${currency}, like the card`);
      const other = cardOf(
        'considered',
        bands.map(({ upTo, unitPrice }) => (upTo == null ? { unitPrice } : { upTo, unitPrice })),
        minimum?.amount ?? null,
      );
      const wrong = checkRateCard(other);
      if (wrong !== undefined) throw new ValidationError(wrong.field, wrong.message);
      const current = cardOf(version.id, version.bands ?? [], minimumMinor);
      const effects = (await averageCounts(services.database, planId, sampleDays)).map((isp) => ({
        ...isp,
        currency,
        now: graduatedPrice(current, isp.subscribers).amount,
        considered: graduatedPrice(other, isp.subscribers).amount,
      }));
      const size = ({ now, considered }: Effect) => (considered > now ? considered - now : now - considered);
      return effects.sort((a, b) => (size(b) > size(a) ? 1 : size(b) < size(a) ? -1 : 0));
    },
  }),
);

const cardOf = (version: string, bands: RateCard['bands'], minimum: bigint | null): RateCard => ({
  version,
  bands,
  ...(minimum === null ? {} : { minimum }),
});
