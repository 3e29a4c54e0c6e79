import { expectResult, type GraphClient } from '../graph-client.ts';

/**
 * What the operator sells to ISPs, in the books of tenant zero: an example rate card (price per active subscriber and
 * month, falling with volume) and one premium bundle. Prices are examples; a real operator publishes his own.
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
const resellerBundle = 'Reseller Platform';

const operatorPlans = [
  {
    name: 'Active subscribers (example card)',
    kind: 'RATE_CARD',
    terms: {
      price: { amount: '0', currency },
      timing: 'IN_ARREARS',
      productClass: 'other',
      bands: [
        { upTo: '100', unitPrice: '150' },
        { upTo: '500', unitPrice: '120' },
        { upTo: '2000', unitPrice: '95' },
        { unitPrice: '70' },
      ],
    },
  },
  {
    name: resellerBundle,
    kind: 'BUNDLE',
    terms: { price: { amount: '20000', currency }, productClass: 'other' },
  },
];
