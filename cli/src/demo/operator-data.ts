import type { Bundle } from '@dotmac/schema';
import { expectResult, type GraphClient } from '../graph-client.ts';

/**
 * What the operator sells to ISPs, in the books of tenant zero: an example rate card (price per active subscriber and
 * month, falling with volume, a week to try) and the six premium bundles. Prices are examples; a real operator publishes his own.
 */
export async function seedOperatorPlans(books: GraphClient): Promise<void> {
  const { plans } = await books.ask<{ plans: { name: string }[] }>('{ plans { name } }');
  const known = new Set(plans.map(({ name }) => name));
  for (const input of operatorPlans) {
    if (known.has(input.name)) continue;
    const data = await books.ask<{ createPlan: { __typename: string } }>(
      'mutation ($input: CreatePlanInput!) { createPlan(input: $input) { __typename ... on Failure { code message } } }',
      { input },
    );
    expectResult(data.createPlan, 'Plan');
  }
}

const currency = 'USD';

/** Names and prices of the example, US cents a month, each within its public range. */
const bundleOffers = [
  ['Reseller Platform', 'RESELLER_PLATFORM', '20000'],
  ['Advanced CRM', 'ADVANCED_CRM', '9900'],
  ['Project Management', 'PROJECT_MANAGEMENT', '12500'],
  ['Field Operations', 'FIELD_OPERATIONS', '17500'],
  ['AI Chatbot', 'AI_CHATBOT', '9900'],
  ['Advanced Analytics', 'ADVANCED_ANALYTICS', '6000'],
] as const satisfies readonly (readonly [string, Bundle, string])[];

const operatorPlans = [
  {
    name: 'Active subscribers (example card)',
    kind: 'RATE_CARD',
    terms: {
      price: { amount: '0', currency },
      timing: 'IN_ARREARS',
      productClass: 'other',
      trial: { days: 7 },
      bands: [
        { upTo: '100', unitPrice: '150' },
        { upTo: '500', unitPrice: '120' },
        { upTo: '2000', unitPrice: '95' },
        { unitPrice: '70' },
      ],
    },
  },
  ...bundleOffers.map(([name, bundle, amount]) => ({
    name,
    kind: 'BUNDLE',
    bundle,
    terms: { price: { amount, currency }, productClass: 'other' },
  })),
];
