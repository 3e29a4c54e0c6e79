import { DriverRegistry, systemClock } from '@dotmac/device';
import { startTestRuntime, type TestRuntime } from '@dotmac/harness';
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

beforeAll(async () => {
  // The same router after a restart that numbered its ports the other way round.
  const renumbered = {
    ...towerRouter,
    id: 'renumbered',
    uptimeSeconds: 10,
    interfaces: [...(towerRouter.interfaces ?? [])].reverse(),
  };
  lab = await startSnmpAgents([towerRouter, renumbered], { clock: systemClock });
  tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => [
    network(services, {
      drivers: new DriverRegistry([snmpDriver(engine)]),
      radius,
      pollIntervalSeconds: 0.5,
      portWatchSeconds: 0.2,
    }),
  ]);
});
afterAll(async () => {
  await tenant?.[Symbol.asyncDispose]();
  await engine.close();
  await lab?.close();
});

interface Port {
  readonly id: string;
  readonly name: string;
  readonly inBitsPerSecond: string | null;
  readonly rates: readonly { readonly inBitsPerSecond: string }[];
}
interface Answer {
  readonly device: { readonly uptimeSeconds: string | null; readonly interfaces: readonly Port[] };
}

test('ports keep their identity, and show no absurd rate, when their ifIndexes move', async () => {
  const snmp = (agent: number) => ({
    host: '127.0.0.1',
    port: lab.agents[agent]?.port ?? 0,
    community: 'public',
  });
  const { registerDevice } = await tenant.data<{ registerDevice: { id: string } }>(
    'network',
    'mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { ... on Device { id } } }',
    { input: { name: 'tower', snmp: snmp(0) } },
  );
  const { id } = registerDevice;
  const ask = () =>
    tenant.data<Answer>(
      'network',
      'query ($id: ID!) { device(id: $id) { uptimeSeconds interfaces { id name inBitsPerSecond rates { inBitsPerSecond } } } }',
      { id },
    );
  const before = await tenant.eventually(ask, ({ device }) =>
    device.interfaces.some(({ name, rates }) => name === 'sfp-sfpplus1' && rates.length >= 2),
  );
  const idsOf = ({ device }: Answer) =>
    Object.fromEntries(device.interfaces.map((port) => [port.name, port.id]));

  await tenant.data(
    'network',
    'mutation ($input: UpdateDeviceInput!) { updateDevice(input: $input) { __typename } }',
    { input: { id, snmp: snmp(1) } },
  );
  const restarted = await tenant.eventually(ask, ({ device }) => Number(device.uptimeSeconds) < 3_600);
  expect(idsOf(restarted)).toEqual(idsOf(before));
  const after = await tenant.eventually(ask, ({ device }) =>
    device.interfaces.some(
      ({ name, inBitsPerSecond }) => name === 'sfp-sfpplus1' && inBitsPerSecond !== null,
    ),
  );
  expect(idsOf(after)).toEqual(idsOf(before));
  const port = after.device.interfaces.find(({ name }) => name === 'sfp-sfpplus1');
  // The lab's port carries 412 Mbit/s in; a difference taken across the move would show here.
  for (const { inBitsPerSecond } of port?.rates ?? [])
    expect(Number(inBitsPerSecond) / 412e6).toBeCloseTo(1, 0);
});
