import { requireBundle } from '@dotmac/schema';
import { CustomerRef } from '../account/type.ts';
import { builder } from '../builder.ts';
import { today } from '../catalogue/graphql.ts';
import { allStays } from '../metering/store-count.ts';
import { type Cohort, cohortsOf } from './rules.ts';

interface CohortMonth {
  readonly monthsSince: number;
  readonly ids: readonly string[];
}
const CohortMonthRef = builder.objectRef<CohortMonth>('CustomerCohortMonth').implement({
  fields: (t) => ({
    monthsSince: t.exposeInt('monthsSince'),
    kept: t.int({
      description: 'Counted at the end of that month, or today.',
      resolve: ({ ids }) => ids.length,
    }),
    customers: t.field({ type: [CustomerRef], resolve: ({ ids }) => ids.map((id) => ({ id })) }),
  }),
});
const CohortRef = builder.objectRef<Cohort>('CustomerCohort').implement({
  description: 'Customers who were first counted in one month. Of the bundle ADVANCED_ANALYTICS.',
  fields: (t) => ({
    month: t.exposeString('month', { description: '2026-11' }),
    size: t.int({ resolve: ({ customerIds }) => customerIds.length }),
    months: t.field({
      type: [CohortMonthRef],
      resolve: ({ kept }) => kept.map((ids, monthsSince) => ({ monthsSince, ids })),
    }),
  }),
});

builder.queryField('customerCohorts', (t) =>
  t.field({
    type: [CohortRef],
    description: 'How many of those who came in a month stayed, oldest first. Needs ADVANCED_ANALYTICS.',
    authScopes: { scope: 'billing:read' },
    resolve: async (_root, _args, { services, principal }) => {
      requireBundle(principal, 'ADVANCED_ANALYTICS');
      return cohortsOf(await allStays(services.database), today(services));
    },
  }),
);
