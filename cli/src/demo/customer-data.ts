import { expectResult, type GraphClient } from '../graph-client.ts';

export interface DemoLogin {
  readonly username: string;
  readonly password: string;
}

const people = [
  { name: 'Ada Lovelace', username: 'ada', plan: 'Home 100' },
  { name: 'Grace Hopper', username: 'grace', plan: 'Home 50' },
  { name: 'Edsger Dijkstra', username: 'edsger', plan: 'Home 50' },
] as const;

const emailOf = (username: string) => `${username}@example.net`;
/** The subscriber who can sign in to the portal of every demo. */
export const portalEmail = emailOf('ada');

interface CustomerSeen {
  readonly email: string | null;
  readonly services: readonly {
    readonly id: string;
    readonly access: { readonly username: string } | null;
  }[];
}

/** Customers with a service each, made when they are not there, and how their routers log in. */
export async function seedCustomers(
  owner: GraphClient,
  plans: ReadonlyMap<string, string>,
  password: string,
): Promise<DemoLogin[]> {
  const known = new Set((await customers(owner)).map(({ email }) => email));
  for (const { name, username, plan } of people) {
    if (known.has(emailOf(username))) continue;
    const customerId = await createCustomer(owner, name, emailOf(username), password);
    await orderService(owner, customerId, plans.get(plan) ?? '', username);
  }
  const services = await untilAccessIsReady(owner);
  return Promise.all(services.map((serviceId) => revealLogin(owner, serviceId)));
}

async function customers(owner: GraphClient): Promise<readonly CustomerSeen[]> {
  const data = await owner.ask<{ customers: { edges: { node: CustomerSeen }[] } }>(
    '{ customers(first: 100) { edges { node { email services { id access { username } } } } } }',
  );
  return data.customers.edges.map(({ node }) => node);
}

async function createCustomer(
  owner: GraphClient,
  name: string,
  email: string,
  portalPassword: string,
): Promise<string> {
  const data = await owner.ask<{ createCustomer: { __typename: string; id: string } }>(
    'mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { __typename ... on Customer { id } ... on Failure { code message } } }',
    { input: { name, email, portalPassword } },
  );
  return expectResult(data.createCustomer, 'Customer').id;
}

async function orderService(
  owner: GraphClient,
  customerId: string,
  planId: string,
  username: string,
): Promise<void> {
  const data = await owner.ask<{ orderService: { __typename: string } }>(
    'mutation ($input: OrderServiceInput!) { orderService(input: $input) { __typename ... on Failure { code message } } }',
    { input: { customerId, planId, username } },
  );
  expectResult(data.orderService, 'Service');
}

const patienceMilliseconds = 120_000;

/** Network prepares access after the order; @returns the ids of the demo people's services when all are ready. */
async function untilAccessIsReady(owner: GraphClient): Promise<string[]> {
  const emails = new Set(people.map(({ username }) => emailOf(username)));
  const deadline = performance.now() + patienceMilliseconds;
  for (;;) {
    const services = (await customers(owner))
      .filter(({ email }) => emails.has(email ?? ''))
      .flatMap((customer) => customer.services);
    if (services.length >= people.length && services.every(({ access }) => access !== null))
      return services.map(({ id }) => id);
    if (performance.now() > deadline)
      throw new Error(`Access is still not ready: ${JSON.stringify(services)}`);
    await new Promise((again) => setTimeout(again, 50));
  }
}

async function revealLogin(owner: GraphClient, serviceId: string): Promise<DemoLogin> {
  const data = await owner.ask<{ revealAccessPassword: { __typename: string } & DemoLogin }>(
    `mutation ($input: RevealAccessPasswordInput!) { revealAccessPassword(input: $input) {
      __typename ... on RevealedPassword { username password } ... on Failure { code message } } }`,
    { input: { serviceId, reason: 'sign-ins of the demo' } },
  );
  const { username, password } = expectResult(data.revealAccessPassword, 'RevealedPassword');
  return { username, password };
}
