import { expectResult, type GraphClient, GraphError } from '../graph-client.ts';

export interface SignedIn {
  readonly client: GraphClient;
  readonly token: string;
}

/** Signs a member of staff, an operator or a partner in. @throws GraphError */
export async function signIn(
  anybody: GraphClient,
  email: string,
  password: string,
  tenant?: string,
): Promise<SignedIn> {
  const data = await anybody.ask<{ signIn: { __typename: string; token: string } }>(
    `mutation ($input: SignInInput!) { signIn(input: $input) { __typename ... on SignedIn { token }
      ... on SignInError { code message } ... on Failure { code message } } }`,
    { input: { email, password, ...(tenant === undefined ? {} : { tenant }) } },
  );
  const { token } = expectResult(data.signIn, 'SignedIn');
  return { token, client: anybody.as(token) };
}

export interface TenantWanted {
  readonly slug: string;
  readonly name: string;
  readonly timeZone: string;
  readonly currency: string;
  readonly country: string;
  readonly ownerEmail: string;
  /** The partner's approved lead that it comes from. */
  readonly leadId?: string | null;
}

export interface TenantSeen {
  readonly id: string;
  readonly slug: string;
  readonly state: string;
  readonly radius: { readonly authPort: number; readonly accountingPort: number };
  readonly provisioning: readonly {
    readonly failure: string | null;
    readonly steps: readonly { readonly name: string; readonly state: string }[];
  }[];
}

const tenantFields =
  'id slug state radius { authPort accountingPort } provisioning { failure steps { name state } }';

export async function tenantsBySlug(operator: GraphClient): Promise<Map<string, TenantSeen>> {
  const data = await operator.ask<{ tenants: { edges: { node: TenantSeen }[] } }>(
    `{ tenants(first: 100) { edges { node { ${tenantFields} } } } }`,
  );
  return new Map(data.tenants.edges.map(({ node }) => [node.slug, node]));
}

/** Asks for a tenant through the real provisioning path; it comes to life afterwards. */
export async function requestTenant(operator: GraphClient, wanted: TenantWanted): Promise<void> {
  const data = await operator.ask<{ createTenant: { __typename: string } }>(
    'mutation ($input: CreateTenantInput!) { createTenant(input: $input) { __typename ... on Failure { code message } } }',
    { input: wanted },
  );
  expectResult(data.createTenant, 'Tenant');
}

const patienceMilliseconds = 120_000;

/** Waits until the client's tenant answers: one that is ACTIVE may still be on its way back. @throws GraphError */
export async function untilAnswers(member: GraphClient): Promise<void> {
  const deadline = performance.now() + patienceMilliseconds;
  for (;;) {
    try {
      return void (await member.ask('{ customers(first: 1) { edges { node { id } } } }'));
    } catch (error) {
      const starting = error instanceof GraphError && error.code === 'SUBGRAPH_UNAVAILABLE';
      if (!starting || performance.now() > deadline) throw error;
    }
    await new Promise((again) => setTimeout(again, 50));
  }
}

/** Waits until all of these are provisioned. @throws Error naming the one that failed and why. */
export async function untilActive(
  operator: GraphClient,
  slugs: readonly string[],
): Promise<Map<string, TenantSeen>> {
  const deadline = performance.now() + patienceMilliseconds;
  for (;;) {
    const tenants = await tenantsBySlug(operator);
    const failed = slugs.find((slug) => tenants.get(slug)?.state === 'FAILED');
    if (failed !== undefined)
      throw new Error(
        `Tenant ${failed} could not be provisioned: ${tenants.get(failed)?.provisioning[0]?.failure}`,
      );
    if (slugs.every((slug) => tenants.get(slug)?.state === 'ACTIVE')) return tenants;
    if (performance.now() > deadline)
      throw new Error(
        `These tenants are still not active: ${slugs.filter((slug) => tenants.get(slug)?.state !== 'ACTIVE').join(', ')}`,
      );
    await new Promise((again) => setTimeout(again, 150));
  }
}
