import { DriverRegistry, systemClock } from '@dotmac/device';
import { principalWith, startTestRuntime, type TestRuntime } from '@dotmac/harness';
import { type SnmpDeviceDescription, startSnmpAgents } from '@dotmac/lab/snmp';
import type { TenantDatabase } from '@dotmac/migrations';
import * as radius from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { ProfileShelf, SnmpEngine, snmpDriver } from '@dotmac/snmp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { network } from '../index.ts';

const engine = new SnmpEngine({ clock: systemClock });
const shelf = new ProfileShelf();
let lab: Awaited<ReturnType<typeof startSnmpAgents>>;
let tenant: TestRuntime<TenantDatabase, TenantEvents>;

/** Hardware of a maker that nobody knows: everything it has to say is in its private objects. */
const stranger: SnmpDeviceDescription = {
  id: 'stranger',
  sysDescr: 'box',
  sysObjectId: '1.3.6.1.4.1.64999.7',
  sysName: 'stranger',
  interfaces: [{ name: 'eth0', speedBitsPerSecond: 1e9 }],
  objects: {
    '1.3.6.1.4.1.64999.1.1.0': { type: 'string', value: 'Stranger 9000' },
    '1.3.6.1.4.1.64999.1.2.0': { type: 'integer', value: 37 },
  },
};
const profile = (changes: object = {}) => ({
  id: 'stranger',
  match: { enterprise: [64_999] },
  identity: { model: [{ oid: '1.3.6.1.4.1.64999.1.1.0' }] },
  processors: [{ oid: '1.3.6.1.4.1.64999.1.2.0', name: 'CPU' }],
  ...changes,
});

beforeAll(async () => {
  lab = await startSnmpAgents([stranger], { clock: systemClock });
  tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => [
    network(services, {
      drivers: new DriverRegistry([snmpDriver(engine, shelf)]),
      radius,
      profiles: shelf,
      pollIntervalSeconds: 0.4,
    }),
  ]);
});
afterAll(async () => {
  await tenant?.[Symbol.asyncDispose]();
  await engine.close();
  await lab?.close();
});

interface Result {
  readonly __typename: string;
  readonly field?: string;
  readonly message?: string;
  readonly problems: readonly { path: string; message: string }[];
  readonly version: number;
  readonly fingerprint: string;
  readonly profile: { id: string; version: number } | null;
}
async function add(content: string, more: object = { mode: 'PLAN' }): Promise<Result> {
  const { addDeviceProfile } = await tenant.data<{ addDeviceProfile: Result }>(
    'network',
    `mutation ($input: AddDeviceProfileInput!) { addDeviceProfile(input: $input) { __typename ... on Failure { message }
      ... on ValidationError { field } ... on AddDeviceProfileResult { problems { path message } version fingerprint profile { id version } } } }`,
    { input: { content, ...more } },
  );
  return addDeviceProfile;
}
async function apply(content: object): Promise<Result> {
  const json = JSON.stringify(content);
  const { fingerprint } = await add(json);
  return add(json, { mode: 'APPLY', fingerprint });
}
const device = async (id: string) =>
  (
    await tenant.data<{ device: { state: string; model: string | null; processorPercent: number | null } }>(
      'network',
      'query ($id: ID!) { device(id: $id) { state model processorPercent } }',
      { id },
    )
  ).device;

test('a profile that a tenant adds is used by its poller at once, in versions, and no more when it is retired', async () => {
  const { registerDevice } = await tenant.data<{ registerDevice: { id: string } }>(
    'network',
    'mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { ... on Device { id } } }',
    {
      input: {
        name: 'stranger',
        snmp: { host: '127.0.0.1', port: lab.agents[0]?.port, community: 'public' },
      },
    },
  );
  const { id } = registerDevice;
  const before = await tenant.eventually(
    () => device(id),
    ({ state }) => state === 'ONLINE',
  );
  expect(before.processorPercent).toBeNull();
  expect(before.model).not.toBe('Stranger 9000');

  expect(await add(JSON.stringify(profile()))).toMatchObject({ problems: [], version: 1, profile: null });
  expect((await device(id)).processorPercent).toBeNull();
  expect(await apply(profile())).toMatchObject({ profile: { id: 'stranger', version: 1 } });
  const known = await tenant.eventually(
    () => device(id),
    ({ processorPercent }) => processorPercent !== null,
  );
  expect(known).toMatchObject({ model: 'Stranger 9000', processorPercent: 37 });

  const idle = { processors: [{ oid: '1.3.6.1.4.1.64999.1.2.0', name: 'CPU', idle: true }] };
  expect(await apply(profile(idle))).toMatchObject({ profile: { version: 2 } });
  await tenant.eventually(
    () => device(id),
    ({ processorPercent }) => processorPercent === 63,
  );

  const retired = await tenant.data(
    'network',
    'mutation { retireDeviceProfile(id: "stranger") { ... on DeviceProfile { version content versions { version } } } }',
  );
  expect(retired).toEqual({
    retireDeviceProfile: {
      version: 3,
      content: null,
      versions: [{ version: 3 }, { version: 2 }, { version: 1 }],
    },
  });
  expect(await tenant.data('network', '{ deviceProfiles { id } }')).toEqual({ deviceProfiles: [] });
  expect(shelf.own).toEqual([]);
  await tenant.eventually(
    () => device(id),
    ({ processorPercent }) => processorPercent === null,
  );
});

test('a profile with anything wrong is not taken, and every mistake is named with its place', async () => {
  const wrong = profile({ processors: [{ oid: 'not an oid', name: '' }], surprise: true });
  const result = await apply(wrong);
  expect(result.profile).toBeNull();
  expect(result.problems.length).toBeGreaterThanOrEqual(2);
  expect(result.problems.map(({ path }) => path).join()).toMatch(/processors\.0\.oid/);
  expect(await add('{ "id": ')).toMatchObject({
    field: 'input.content',
    message: expect.stringMatching(/no JSON/),
  });
  expect(await add(' '.repeat(300_000))).toMatchObject({ message: expect.stringMatching(/at most/) });
  for (const content of ['null', '[]', '7', '"text"', '{}'])
    expect((await add(content)).problems.length, content).toBeGreaterThan(0);
  expect(await add(JSON.stringify(profile()), { mode: 'APPLY', fingerprint: 'stale' })).toMatchObject({
    __typename: 'StalePlanError',
  });
  expect(await tenant.data('network', '{ deviceProfiles { id } }')).toEqual({ deviceProfiles: [] });
});

test('who may only read adds and retires nothing', async () => {
  const reader = principalWith('network:read');
  for (const mutation of [
    'addDeviceProfile(input: { mode: PLAN, content: "{}" }) { __typename }',
    'retireDeviceProfile(id: "x") { __typename }',
  ]) {
    const { errors } = await tenant.ask('network', `mutation { ${mutation} }`, {}, reader);
    expect(errors?.[0]?.message, mutation).toMatch(/network:write/);
  }
  const nobody = await tenant.ask('network', '{ deviceProfiles { id } }', {}, principalWith('billing:read'));
  expect(nobody.errors?.[0]?.message).toMatch(/network:read/);
});
