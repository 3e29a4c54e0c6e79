import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openFileSecrets } from '@dotmac/cli/secrets';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, type GraphUser, graphUser, subscribeWs } from './client.ts';
import { type BareStack, startBareStack } from './stack.ts';

/** An installation of its own: everything in it is killed. */
let stack: BareStack;
beforeAll(async () => {
  stack = await startBareStack();
});
afterAll(() => stack?.stop());

const kill = (pid: number) => process.kill(pid, 'SIGKILL');
const json = (...path: string[]) =>
  JSON.parse(readFileSync(join(stack.home, ...path), 'utf8')) as Record<string, unknown>;
const controlPlanePid = () => Number(json('secrets', 'gateway', 'handover.json').pid);

function runtimePid(slug: string): number {
  const [file] = globSync(`hosting/tenants/${slug}/workloads/*/workload.json`, { cwd: stack.home });
  return Number((json(file ?? '').process as { pid: number }).pid);
}

function postmasterPid(slug: string): number {
  const [file] = globSync(`hosting/tenants/${slug}/database/*/**/postmaster.pid`, { cwd: stack.home });
  return Number(readFileSync(join(stack.home, file ?? ''), 'utf8').split('\n')[0]);
}

async function signInAsOperator(tenant?: string): Promise<GraphUser> {
  const password = await openFileSecrets(stack.home).read('platform', 'operator-password');
  const { signIn } = await graphUser(stack.url).data<{ signIn: { token: string } }>(
    'mutation ($input: SignInInput!) { signIn(input: $input) { ... on SignedIn { token } ... on SignInError { message } } }',
    { input: { email: 'operator@dotmac.localhost', password, tenant } },
  );
  return graphUser(stack.url, signIn.token);
}

/** A control plane, a runtime or a database server is started again meanwhile. */
const patienceSeconds = 90;

/** Asks until it is answered: while something is being restarted an answer may fail. */
async function insist<Data>(ask: () => Promise<Data>): Promise<Data> {
  const answer = await eventually<Data | Error>(
    () => ask().catch((error: unknown) => (error instanceof Error ? error : new Error(String(error)))),
    (result) => !(result instanceof Error),
    patienceSeconds,
  );
  if (answer instanceof Error) throw answer;
  return answer;
}

const payments = 30;

test('a tenant comes to life although the control plane is killed, and loses nothing when its own processes are', {
  timeout: 300_000,
}, async () => {
  const operator = await signInAsOperator();
  const input = {
    slug: 'delta',
    name: 'Delta',
    timeZone: 'Europe/Berlin',
    currency: 'EUR',
    country: 'DE',
    ownerEmail: 'owner@delta.example',
  };
  await operator.data(
    'mutation ($input: CreateTenantInput!) { createTenant(input: $input) { ... on Tenant { id } ... on Failure { message } } }',
    { input },
  );
  // In the middle of the saga: its steps go on where they stopped.
  kill(controlPlanePid());
  await insist(async () => {
    const { tenants } = await operator.data<{
      tenants: { edges: { node: { slug: string; state: string } }[] };
    }>('{ tenants { edges { node { slug state } } } }');
    expect(tenants.edges.map(({ node }) => node)).toContainEqual({ slug: 'delta', state: 'ACTIVE' });
  });

  const delta = await insist(() => signInAsOperator('delta'));
  const { createCustomer } = await insist(() =>
    delta.data<{ createCustomer: { id: string } }>(
      'mutation { createCustomer(input: { name: "Payer" }) { ... on Customer { id } ... on Failure { message } } }',
    ),
  );
  const stream = subscribeWs<{ billingEvents: { payment: { reference: string } } }>(
    stack.url,
    delta.token ?? '',
    'subscription { billingEvents(types: [PAYMENT_RECEIVED]) { cursor ... on PaymentReceived { payment { reference } } } }',
  );
  const seen: string[] = [];
  const listening = stream.until(({ billingEvents }) => {
    seen.push(billingEvents.payment.reference);
    return billingEvents.payment.reference === `p${payments}`;
  });

  const pay = (reference: string) =>
    insist(async () => {
      const { recordPayment } = await delta.data<{ recordPayment: { __typename: string } }>(
        'mutation ($input: RecordPaymentInput!) { recordPayment(input: $input) { __typename ... on Failure { message } } }',
        {
          input: {
            customerId: createCustomer.id,
            amount: { amount: '100', currency: 'EUR' },
            method: 'cash',
            reference,
          },
        },
      );
      expect(recordPayment.__typename).toBe('Payment');
    });
  // The first one is repeated until the stream has begun.
  for (let n = 0; seen.length === 0; n++) await pay(`begin${n}`);
  for (let n = 1; n <= payments; n++) {
    if (n === 10) kill(runtimePid('delta'));
    if (n === 20) kill(postmasterPid('delta'));
    await pay(`p${n}`);
  }
  await listening;
  await stream.close();
  expect(seen.filter((reference) => reference.startsWith('p'))).toEqual(
    Array.from({ length: payments }, (_, n) => `p${n + 1}`),
  );
  const { ledgerProof } = await delta.data<{ ledgerProof: { holds: boolean } }>('{ ledgerProof { holds } }');
  expect(ledgerProof.holds).toBe(true);
});
