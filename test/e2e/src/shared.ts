import { inject } from 'vitest';
import { eventually, type GraphUser, graphUser } from './client.ts';
import { type Lab, labOf } from './lab.ts';
import { type Demo, type DemoTenant, readDemo } from './stack.ts';

/** The installation that all journeys share, and its people. */
export interface Shared {
  readonly home: string;
  readonly demo: Demo;
  readonly operator: GraphUser;
  readonly partner: GraphUser;
  tenant(slug: 'alpha' | 'bravo'): SharedTenant;
}

interface SharedTenant extends DemoTenant {
  readonly owner: GraphUser;
  readonly noc: GraphUser;
  readonly billing: GraphUser;
  readonly subscriber: GraphUser;
  readonly key: GraphUser;
  readonly lab: Lab;
}

export function shared(): Shared {
  const home = inject('home');
  const demo = readDemo(home);
  const as = (token: string) => graphUser(demo.graphql, token);
  return {
    home,
    demo,
    operator: as(demo.operator.token),
    partner: as(demo.partner.token),
    tenant(slug) {
      const tenant = demo.tenants[slug];
      const { owner, noc, billing, subscriber } = tenant.tokens;
      return {
        ...tenant,
        owner: as(owner),
        noc: as(noc),
        billing: as(billing),
        subscriber: as(subscriber),
        key: as(tenant.apiKey),
        lab: labOf(home, slug),
      };
    },
  };
}

/** A customer with a service on a plan, ready to log in. Names are the test's own, so that tests do not meet. */
export async function newSubscriber(
  owner: GraphUser,
  username: string,
  plan: string,
): Promise<{ customerId: string; serviceId: string; password: string }> {
  const { plans } = await owner.data<{ plans: { id: string; name: string }[] }>('{ plans { id name } }');
  const planId = plans.find(({ name }) => name === plan)?.id;
  const { createCustomer } = await owner.data<{ createCustomer: { id: string } }>(
    'mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { ... on Customer { id } ... on Failure { code message } } }',
    { input: { name: `Test ${username}`, email: `${username}@test.example` } },
  );
  const { orderService } = await owner.data<{ orderService: { id: string } }>(
    'mutation ($input: OrderServiceInput!) { orderService(input: $input) { ... on Service { id } ... on Failure { code message } } }',
    { input: { customerId: createCustomer.id, planId, username } },
  );
  const serviceId = orderService.id;
  await eventually(
    () =>
      owner.data<{ service: { state: string } }>('query ($id: ID!) { service(id: $id) { state } }', {
        id: serviceId,
      }),
    ({ service }) => service.state === 'ACTIVE',
  );
  const { revealAccessPassword } = await owner.data<{ revealAccessPassword: { password: string } }>(
    'mutation ($input: RevealAccessPasswordInput!) { revealAccessPassword(input: $input) { ... on RevealedPassword { password } ... on Failure { code message } } }',
    { input: { serviceId, reason: 'to set up the router' } },
  );
  return { customerId: createCustomer.id, serviceId, password: revealAccessPassword.password };
}
