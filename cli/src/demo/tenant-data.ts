import { expectResult, type GraphClient } from '../graph-client.ts';
import type { FileSecrets } from '../secrets/file-secrets.ts';
import { seedPlans } from './billing-data.ts';
import { portalEmail, seedCustomers } from './customer-data.ts';
import type { LabState } from './lab-state.ts';
import { seedNetwork } from './network-data.ts';
import { type SignedIn, signIn } from './tenants.ts';

export interface TenantDemo {
  readonly tokens: {
    readonly owner: string;
    readonly noc: string;
    readonly billing: string;
    readonly subscriber: string;
  };
  readonly apiKey: string;
  readonly radius: {
    readonly host: string;
    readonly authPort: number;
    readonly acctPort: number;
    readonly coaPort: number;
    readonly secret: string;
  };
  readonly logins: readonly { readonly username: string; readonly password: string }[];
  readonly devices: readonly { readonly id: string; readonly host: string; readonly port: number }[];
}

/** Of every person of the demo but the owners and the operator. */
export const demoPassword = 'dotmac-demo-1';
/** Enough for a CRM: it may not touch money or devices. */
const keyScopes = [
  'customers:read',
  'customers:write',
  'catalogue:read',
  'billing:read',
  'network:read',
  'network:sessions:read',
];

/** Fills one demo tenant, or finds that it is filled, and collects how to get in. */
export async function seedTenant(options: {
  readonly slug: string;
  readonly currency: string;
  readonly owner: SignedIn;
  readonly anybody: GraphClient;
  readonly secrets: FileSecrets;
  readonly lab: LabState;
}): Promise<TenantDemo> {
  const { slug, currency, owner, anybody, secrets, lab } = options;
  const network = lab.networks[slug];
  if (network === undefined) throw new Error(`Tenant ${slug} has no simulated network`);
  const member = async (role: 'NOC' | 'BILLING') => {
    const email = `${role.toLowerCase()}@${slug}.localhost`;
    await addMember(owner.client, email, role);
    return (await signIn(anybody, email, demoPassword, slug)).token;
  };
  const devices = await seedNetwork(owner.client, network);
  const plans = await seedPlans(owner.client, currency);
  const logins = await seedCustomers(owner.client, plans, demoPassword);
  const subscriber = await signInSubscriber(anybody.as(owner.token), portalEmail);
  return {
    tokens: { owner: owner.token, noc: await member('NOC'), billing: await member('BILLING'), subscriber },
    apiKey: await secrets.ensure(slug, 'demo-api-key', () => createApiKey(owner.client)),
    radius: { ...network.radius, coaPort: network.ports.coa ?? 0 },
    logins,
    devices,
  };
}

async function addMember(owner: GraphClient, email: string, role: string): Promise<void> {
  const data = await owner.ask<{ addMember: { __typename: string } }>(
    'mutation ($input: AddMemberInput!) { addMember(input: $input) { __typename ... on Failure { code message } } }',
    { input: { email, name: `${role} of the demo`, role, password: demoPassword } },
  );
  expectResult(data.addMember, 'Member');
}

async function createApiKey(owner: GraphClient): Promise<string> {
  const data = await owner.ask<{ createApiKey: { __typename: string; text: string } }>(
    `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { __typename ... on CreatedApiKey { text } ... on Failure { code message } } }`,
    { input: { name: 'demo integration', scopes: keyScopes } },
  );
  return expectResult(data.createApiKey, 'CreatedApiKey').text;
}

async function signInSubscriber(tenant: GraphClient, email: string): Promise<string> {
  const data = await tenant.ask<{ signInSubscriber: { __typename: string; token: string } }>(
    `mutation ($input: SignInSubscriberInput!) { signInSubscriber(input: $input) { __typename ... on SubscriberSignedIn { token }
      ... on SubscriberSignInError { code message } } }`,
    { input: { email, password: demoPassword } },
  );
  return expectResult(data.signInSubscriber, 'SubscriberSignedIn').token;
}
