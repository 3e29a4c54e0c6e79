import { expectResult, type GraphClient } from '../graph-client.ts';

const megabit = 1_000_000n;
const demoPlans = [
  { name: 'Home 50', price: 4500n, downstream: 50n, upstream: 10n },
  { name: 'Home 100', price: 6500n, downstream: 100n, upstream: 20n },
] as const;

/** The plans of the demo by name, made when they are not there. */
export async function seedPlans(owner: GraphClient, currency: string): Promise<ReadonlyMap<string, string>> {
  const known = await owner.ask<{ plans: { id: string; name: string }[] }>('{ plans { id name } }');
  const plans = new Map(known.plans.map(({ id, name }) => [name, id]));
  for (const { name, price, downstream, upstream } of demoPlans) {
    if (plans.has(name)) continue;
    const rate = (megabits: bigint) => ({ speedBitsPerSecond: (megabits * megabit).toString() });
    const terms = {
      price: { amount: price.toString(), currency },
      shaping: { downstream: rate(downstream), upstream: rate(upstream) },
    };
    const data = await owner.ask<{ createPlan: { __typename: string; id: string } }>(
      'mutation ($input: CreatePlanInput!) { createPlan(input: $input) { __typename ... on Plan { id } ... on Failure { code message } } }',
      { input: { name, terms } },
    );
    const { id: planId } = expectResult(data.createPlan, 'Plan');
    plans.set(name, planId);
    // What the demo's ISPs show on their web sites.
    const shown = await owner.ask<{ offerPlan: { __typename: string } }>(
      'mutation ($input: OfferPlanInput!) { offerPlan(input: $input) { __typename ... on Failure { code message } } }',
      { input: { planId, offered: true } },
    );
    expectResult(shown.offerPlan, 'Plan');
  }
  return plans;
}
