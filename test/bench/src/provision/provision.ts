import { ask, median, newInstallation, rounded } from '../installation.ts';
import type { Report } from '../report.ts';

const tenants = 20;

const createTenant = `mutation ($input: CreateTenantInput!) {
  createTenant(input: $input) { __typename ... on Failure { message } }
}`;
const states = '{ tenants(first: 200) { edges { node { slug state } } } }';

/** One tenant after the other through the graph: from the mutation to `ACTIVE`. */
export async function run(report: Report): Promise<void> {
  await using installation = await newInstallation();
  const { demo } = await installation.start();
  const seconds: number[] = [];
  for (let index = 0; index < tenants; index += 1) {
    const slug = `bench-${index}`;
    const begun = performance.now();
    const input = {
      slug,
      name: slug,
      timeZone: 'America/Toronto',
      currency: 'CAD',
      country: 'CA',
      ownerEmail: `owner@${slug}.localhost`,
    };
    const { createTenant: created } = await ask<{ createTenant: { __typename: string; message?: string } }>(
      demo.graphql,
      demo.operator.token,
      createTenant,
      { input },
    );
    if (created.__typename !== 'Tenant') throw new Error(`${created.__typename}: ${created.message}`);
    while ((await stateOf(demo, slug)) !== 'ACTIVE') await new Promise((again) => setTimeout(again, 25));
    seconds.push((performance.now() - begun) / 1000);
  }
  report.figure({ metric: `provisioning p50 of ${tenants}`, value: rounded(median(seconds)), unit: 's' });
  report.figure({ metric: 'provisioning, worst', value: rounded(Math.max(...seconds)), unit: 's' });
}

async function stateOf(
  { graphql, operator }: { graphql: string; operator: { token: string } },
  slug: string,
): Promise<string | undefined> {
  const { tenants } = await ask<{ tenants: { edges: { node: { slug: string; state: string } }[] } }>(
    graphql,
    operator.token,
    states,
  );
  const state = tenants.edges.find(({ node }) => node.slug === slug)?.node.state;
  if (state === 'FAILED') throw new Error(`Tenant ${slug} could not be provisioned`);
  return state;
}
