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
/** The device's own time: its counters and sysUpTime follow it. */
let deviceAhead = 0;
const deviceClock = { now: () => systemClock.now() + deviceAhead };
let lab: Awaited<ReturnType<typeof startSnmpAgents>>;
let tenant: TestRuntime<TenantDatabase, TenantEvents>;

beforeAll(async () => {
  deviceAhead = 86_400_000;
  lab = await startSnmpAgents([towerRouter], { clock: { now: () => deviceClock.now() } });
  deviceAhead += 3_600_000;
  tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => [
    network(services, {
      drivers: new DriverRegistry([snmpDriver(engine)]),
      radius,
      pollIntervalSeconds: 0.3,
    }),
  ]);
});
afterAll(async () => {
  await tenant?.[Symbol.asyncDispose]();
  await engine.close();
  await lab?.close();
});

interface Rate {
  readonly at: string;
  readonly inBitsPerSecond: string;
  readonly outBitsPerSecond: string;
}
async function ratesOf(id: string): Promise<Rate[]> {
  const { device } = await tenant.data<{ device: { interfaces: { name: string; rates: Rate[] }[] } }>(
    'network',
    'query ($id: ID!) { device(id: $id) { interfaces { name rates { at inBitsPerSecond outBitsPerSecond } } } }',
    { id },
  );
  return device.interfaces.find(({ name }) => name === 'sfp-sfpplus1')?.rates ?? [];
}

test('counters and a clock that go back leave a gap in the rates, and no rate that never was', async () => {
  const { registerDevice } = await tenant.data<{ registerDevice: { id: string } }>(
    'network',
    'mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { ... on Device { id } } }',
    { input: { name: 'tower', snmp: { host: '127.0.0.1', port: lab.agents[0]?.port, community: 'public' } } },
  );
  const { id } = registerDevice;
  const before = await tenant.eventually(
    () => ratesOf(id),
    (rates) => rates.length >= 3,
  );
  // Half an hour back, as after a restart from an old state; and later a day ahead, as after NTP came up.
  for (const leap of [-1_800_000, 86_400_000]) {
    const known = (await ratesOf(id)).length;
    deviceAhead += leap;
    await tenant.eventually(
      () => ratesOf(id),
      (rates) => rates.length >= known + 3,
    );
  }
  const after = await ratesOf(id);
  expect(after.length).toBeGreaterThan(before.length);
  // The lab's port carries 412 Mbit/s in; half an hour of it at once would be hundreds of gigabits.
  for (const { inBitsPerSecond, outBitsPerSecond } of after) {
    expect(Number(inBitsPerSecond)).toBeGreaterThanOrEqual(0);
    expect(Number(inBitsPerSecond)).toBeLessThan(11e9);
    expect(Number(outBitsPerSecond)).toBeGreaterThanOrEqual(0);
    expect(Number(outBitsPerSecond)).toBeLessThan(11e9);
  }
});
