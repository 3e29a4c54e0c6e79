import { DriverRegistry, systemClock } from '@dotmac/device';
import { startTestRuntime, type TestRuntime } from '@dotmac/harness';
import { hasSnmpd, type RunningSnmpd, startSnmpd } from '@dotmac/lab/snmp';
import type { TenantDatabase } from '@dotmac/migrations';
import * as radius from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { SnmpEngine, snmpDriver } from '@dotmac/snmp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { network } from '../index.ts';

const authPassword = 'authentication-secret';
const configuration = (privacy: string) => [
  `createUser watcher SHA-256 ${authPassword} AES ${privacy}`,
  'rouser watcher priv',
  'createUser nobody',
  'rouser nobody noauth',
];
const right = {
  name: 'watcher',
  authProtocol: 'sha256',
  authPassword,
  privProtocol: 'aes128',
  privPassword: 'privacy-secret-too',
};

describe.skipIf(!hasSnmpd)('SNMPv3 credentials of devices, against snmpd', () => {
  const engine = new SnmpEngine({ clock: systemClock, tries: 2 });
  let agent: RunningSnmpd;
  let tenant: TestRuntime<TenantDatabase, TenantEvents>;
  beforeAll(async () => {
    agent = await startSnmpd(configuration(right.privPassword));
    tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => [
      network(services, {
        drivers: new DriverRegistry([snmpDriver(engine)]),
        radius,
        pollIntervalSeconds: 0.5,
      }),
    ]);
  });
  afterAll(async () => {
    await tenant?.[Symbol.asyncDispose]();
    await engine.close();
    await agent?.[Symbol.asyncDispose]();
  });

  const addressOf = (user: object) => ({ host: agent.host, port: agent.port, user });
  async function register(name: string, user: object): Promise<string> {
    const data = await tenant.data<{ registerDevice: { id: string } }>(
      'network',
      `mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { ... on Device { id } ... on Failure { message } } }`,
      { input: { name, snmp: addressOf(user) } },
    );
    return data.registerDevice.id;
  }
  interface Device {
    readonly state: string;
    readonly incident: object | null;
    readonly managementAddresses: readonly {
      readonly failureCode: string | null;
      readonly failure: string;
    }[];
  }
  async function look(id: string) {
    const { device } = await tenant.data<{ device: Device }>(
      'network',
      'query ($id: ID!) { device(id: $id) { state incident { id } managementAddresses { failureCode failure } } }',
      { id },
    );
    const [address] = device.managementAddresses;
    return { state: device.state, incident: device.incident, failureCode: address?.failureCode };
  }

  test.each([
    ['UNKNOWN_USER', { name: 'stranger' }],
    ['WRONG_AUTHENTICATION_KEY', { authPassword: 'not-the-password' }],
    ['WRONG_PRIVACY_KEY', { privPassword: 'not-the-password' }],
    ['UNSUPPORTED_SECURITY_LEVEL', { name: 'nobody' }],
  ])(
    '%s is shown at the device, which answers and is not down; the right one heals it',
    async (code, change) => {
      const id = await register(`device ${code}`, { ...right, ...change });
      expect(
        await tenant.eventually(
          () => look(id),
          // The two are read one after the other: a poll may be recorded in between.
          ({ failureCode, state }) => failureCode === code && state !== 'UNKNOWN',
        ),
      ).toEqual({
        state: 'DEGRADED',
        incident: null,
        failureCode: code,
      });
      await tenant.data(
        'network',
        'mutation ($input: UpdateDeviceInput!) { updateDevice(input: $input) { __typename } }',
        { input: { id, snmp: addressOf(right) } },
      );
      const healed = await tenant.eventually(
        () => look(id),
        ({ state }) => state === 'ONLINE',
      );
      expect(healed.failureCode).toBeNull();
    },
  );

  test('a privacy key that is changed at the device is told as that, not as an outage', async () => {
    const id = await register('rekeyed', right);
    await tenant.eventually(
      () => look(id),
      ({ state }) => state === 'ONLINE',
    );
    await agent.replace(configuration('another-secret-now'));
    // Between both it is gone for a moment, which may be noticed.
    await tenant.eventually(
      () => look(id),
      ({ failureCode, state, incident }) =>
        failureCode === 'WRONG_PRIVACY_KEY' && state === 'DEGRADED' && incident === null,
    );
    await agent.replace(configuration(right.privPassword));
    await tenant.eventually(
      () => look(id),
      ({ state }) => state === 'ONLINE',
    );
  });
});
