import { DriverRegistry, systemClock } from '@dotmac/device';
import { principalWith, startTestRuntime, type TestRuntime } from '@dotmac/harness';
import { startSnmpAgents, towerRouter } from '@dotmac/lab/snmp';
import type { TenantDatabase } from '@dotmac/migrations';
import * as radius from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { SnmpEngine, snmpDriver } from '@dotmac/snmp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { network } from '../index.ts';

const engine = new SnmpEngine({ clock: systemClock });
let lab: Awaited<ReturnType<typeof startSnmpAgents>>;
let tenant: TestRuntime<TenantDatabase, TenantEvents>;
let port = 0;

beforeAll(async () => {
  lab = await startSnmpAgents([towerRouter], { clock: systemClock });
  port = lab.agents[0]?.port ?? 0;
  tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => [
    network(services, { drivers: new DriverRegistry([snmpDriver(engine)]), radius, pollIntervalSeconds: 1 }),
  ]);
});
afterAll(async () => {
  await tenant?.[Symbol.asyncDispose]();
  await engine.close();
  await lab?.close();
});

interface DiscoveryAnswer {
  readonly id: string;
  readonly state: string;
  readonly total: number;
  readonly done: number;
  readonly credentials: readonly string[];
  readonly proposals: readonly {
    readonly id: string;
    readonly host: string;
    readonly credential: number;
    readonly sysName: string | null;
    readonly vendor: string | null;
    readonly knownDevice: object | null;
    readonly device: { readonly id: string } | null;
  }[];
}
interface Result {
  readonly __typename: string;
  readonly code?: string;
  readonly message?: string;
  readonly field?: string;
  readonly addresses?: number;
  readonly fingerprint?: string;
  readonly discovery?: DiscoveryAnswer | null;
}

const selection = `id state total done credentials proposals { id host credential sysName vendor operatingSystem model version profiles
  knownDevice { name } device { id } }`;
const credentials = [
  { user: { name: 'nobody', authPassword: 'wrong-password-1', privPassword: 'wrong-password-2' } },
  { community: 'wrong' },
  { community: 'public' },
];
async function discover(input: object): Promise<Result> {
  const { discoverDevices } = await tenant.data<{ discoverDevices: Result }>(
    'network',
    `mutation ($input: DiscoverDevicesInput!) { discoverDevices(input: $input) { __typename
      ... on DiscoverDevicesResult { addresses seconds ranges credentials fingerprint discovery { ${selection} } }
      ... on Failure { code message } ... on ValidationError { field } ... on ConflictError { reason } } }`,
    { input },
  );
  return discoverDevices;
}
const finished = (id: string) =>
  tenant.eventually(
    async () =>
      (
        await tenant.data<{ discovery: DiscoveryAnswer }>(
          'network',
          `query ($id: ID!) { discovery(id: $id) { ${selection} } }`,
          { id },
        )
      ).discovery,
    ({ state }) => state === 'DONE',
  );
const confirm = async (input: object) =>
  (
    await tenant.data<{ confirmDiscoveredDevice: Record<string, string> }>(
      'network',
      `mutation ($input: ConfirmDiscoveredDeviceInput!) { confirmDiscoveredDevice(input: $input) { __typename
        ... on Device { id name } ... on Failure { code message } ... on ConflictError { reason } } }`,
      { input },
    )
  ).confirmDiscoveredDevice;

test('a range is planned, searched with the credentials in order, and what is found is confirmed by a person', async () => {
  const range = { ranges: ['127.0.0.1-127.0.0.6'], port, credentials };
  const plan = await discover({ ...range, mode: 'PLAN' });
  expect(plan).toMatchObject({
    __typename: 'DiscoverDevicesResult',
    addresses: 6,
    credentials: ['v3 user nobody', 'v2c community', 'v2c community'],
    discovery: null,
  });
  expect(await discover({ ...range, mode: 'APPLY', fingerprint: 'another' })).toMatchObject({
    __typename: 'StalePlanError',
  });
  const { discovery } = await discover({ ...range, mode: 'APPLY', fingerprint: plan.fingerprint });
  expect(discovery).toMatchObject({ state: 'RUNNING', total: 6 });
  expect(await discover({ ...range, mode: 'APPLY', fingerprint: plan.fingerprint })).toMatchObject({
    reason: 'DISCOVERY_RUNNING',
  });
  const found = await finished(discovery?.id ?? '');
  expect(found).toMatchObject({ done: 6, total: 6 });
  expect(found.proposals).toMatchObject([
    {
      host: '127.0.0.1',
      credential: 2,
      vendor: 'MikroTik',
      operatingSystem: 'routeros',
      model: 'RB5009UPr+S+',
      knownDevice: null,
      device: null,
    },
  ]);
  const { devices } = await tenant.data<{ devices: { edges: object[] } }>(
    'network',
    '{ devices { edges { cursor } } }',
  );
  expect(devices.edges).toEqual([]);

  const [proposal] = found.proposals;
  const device = await confirm({ proposalId: proposal?.id, name: 'tower' });
  expect(device).toMatchObject({ __typename: 'Device', name: 'tower' });
  expect(await confirm({ proposalId: proposal?.id, name: 'twice' })).toMatchObject({
    reason: 'ALREADY_CONFIRMED',
  });
  // It is polled with the credential it answered to.
  await tenant.eventually(
    () => tenant.data<{ device: { state: string } }>('network', `{ device(id: "${device.id}") { state } }`),
    ({ device: { state } }) => state === 'ONLINE',
  );
  const again = await discover({ ...range, ranges: ['127.0.0.1'], mode: 'PLAN' });
  const second = await discover({
    ...range,
    ranges: ['127.0.0.1'],
    mode: 'APPLY',
    fingerprint: again.fingerprint,
  });
  expect((await finished(second.discovery?.id ?? '')).proposals[0]?.knownDevice).toEqual({ name: 'tower' });
});

test('what must not be searched is refused by name', async () => {
  const attempt = (input: object) =>
    discover({ mode: 'PLAN', ranges: ['192.168.1.0/24'], credentials, ...input });
  expect(await attempt({ ranges: ['169.254.169.254'] })).toMatchObject({
    field: 'input.ranges.0',
    message: expect.stringMatching(/metadata/),
  });
  expect(await attempt({ ranges: ['8.8.8.0/24'] })).toMatchObject({ message: expect.stringMatching(/pool/) });
  expect(await attempt({ ranges: ['10.0.0.0/8'] })).toMatchObject({
    message: expect.stringMatching(/at most 4096/),
  });
  expect(await attempt({ credentials: [] })).toMatchObject({ field: 'input.credentials' });
  expect(await attempt({ credentials: Array(5).fill({ community: 'x' }) })).toMatchObject({
    field: 'input.credentials',
  });
  await tenant.data(
    'network',
    'mutation { createAddressPool(input: { name: "public", cidr: "203.0.113.0/28" }) { __typename } }',
  );
  expect(await attempt({ ranges: ['203.0.113.0/28'] })).toMatchObject({ addresses: 14 });
  expect(await attempt({ ranges: ['203.0.113.0/27'] })).toMatchObject({ __typename: 'ValidationError' });
});

test('who may only read starts, cancels and confirms nothing, and no credential is shown', async () => {
  const reader = principalWith('network:read');
  for (const mutation of [
    'discoverDevices(input: { mode: PLAN, ranges: ["192.168.1.1"], credentials: [{ community: "x" }] }) { __typename }',
    'cancelDiscovery(id: "dcv_1") { __typename }',
    'confirmDiscoveredDevice(input: { proposalId: "dpr_1" }) { __typename }',
  ]) {
    const { errors } = await tenant.ask('network', `mutation { ${mutation} }`, {}, reader);
    expect(errors?.[0]?.message, mutation).toMatch(/network:write/);
  }
  const nobody = await tenant.ask('network', '{ discoveries { id } }', {}, principalWith('billing:read'));
  expect(nobody.errors?.[0]?.message).toMatch(/network:read/);
  const { data } = await tenant.ask('network', `{ discoveries { ${selection} } }`, {}, reader);
  expect(JSON.stringify(data)).not.toMatch(/public|wrong-password/);
});
