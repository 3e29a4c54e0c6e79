import { DriverRegistry, systemClock } from '@dotmac/device';
import { principalWith, startTestRuntime, type TestRuntime } from '@dotmac/harness';
import { type RunningSnmpAgent, startSnmpAgents, towerRouter } from '@dotmac/lab/snmp';
import type { TenantDatabase } from '@dotmac/migrations';
import * as radius from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { SnmpEngine, snmpDriver } from '@dotmac/snmp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { network } from '../index.ts';
import { PortWatch } from './port-watch.ts';
import { interfacesById } from './store.ts';

const engine = new SnmpEngine({ clock: systemClock, tries: 1 });
const driver = snmpDriver(engine);
let lab: Awaited<ReturnType<typeof startSnmpAgents>>;
let agent: RunningSnmpAgent;
let tenant: TestRuntime<TenantDatabase, TenantEvents>;
let portId: string;
/** Readings of single ports. */
let reads = 0;

beforeAll(async () => {
  lab = await startSnmpAgents([towerRouter], { clock: systemClock });
  const [first] = lab.agents;
  if (first === undefined) throw new Error('The lab has no agent');
  agent = first;
  const counting = {
    ...driver,
    open(...args: Parameters<typeof driver.open>) {
      const session = driver.open(...args);
      const readPort = session.readPort?.bind(session);
      return Object.assign(session, {
        readPort: (...asked: Parameters<NonNullable<typeof readPort>>) => {
          reads++;
          return readPort?.(...asked);
        },
      });
    },
  };
  tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => [
    network(services, {
      drivers: new DriverRegistry([counting]),
      radius,
      pollIntervalSeconds: 86_400,
      portWatchSeconds: 0.2,
    }),
  ]);
  const data = await tenant.data<{ registerDevice: { id: string } }>(
    'network',
    'mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { ... on Device { id } } }',
    { input: { name: 'tower', snmp: { host: '127.0.0.1', port: agent.port, community: 'public' } } },
  );
  interface Answer {
    readonly device: { readonly interfaces: readonly { readonly id: string; readonly name: string }[] };
  }
  const { device } = await tenant.eventually(
    () =>
      tenant.data<Answer>('network', 'query ($id: ID!) { device(id: $id) { interfaces { id name } } }', {
        id: data.registerDevice.id,
      }),
    (answer) => answer.device.interfaces.length > 0,
  );
  portId = device.interfaces.find(({ name }) => name === 'sfp-sfpplus1')?.id ?? '';
});
afterAll(async () => {
  await tenant?.[Symbol.asyncDispose]();
  await engine.close();
  await lab?.close();
});

interface Reading {
  readonly id: string;
  readonly operStatus: string | null;
  readonly inBitsPerSecond: string | null;
  readonly failure: string | null;
  readonly snapshot: { readonly number: number; readonly of: number } | null;
}
const subscription = `subscription ($id: ID!, $initial: Boolean) { interfaceRates(interfaceId: $id, initial: $initial) {
  id cursor at operStatus inBitsPerSecond outBitsPerSecond failure snapshot { number of } interface { name } } }`;
const watch = (initial = false) => tenant.subscribe('network', subscription, { id: portId, initial });
async function next(stream: AsyncIterator<unknown>): Promise<Reading> {
  const { value } = (await stream.next()) as { value: { data: { interfaceRates: Reading } } };
  return value.data.interfaceRates;
}
async function until(stream: AsyncIterator<unknown>, check: (reading: Reading) => boolean): Promise<Reading> {
  for (;;) {
    const reading = await next(stream);
    if (check(reading)) return reading;
  }
}

test('a port is read only while somebody watches it, once for all of them, and tells its rates', async () => {
  expect(reads).toBe(0);
  const first = await watch(true);
  expect(await next(first)).toMatchObject({ id: portId, snapshot: { number: 1, of: 1 }, operStatus: 'up' });
  const others = await Promise.all(Array.from({ length: 20 }, () => watch()));
  const measured = await until(first, ({ inBitsPerSecond }) => inBitsPerSecond !== null);
  expect(measured).toMatchObject({ operStatus: 'up', failure: null, snapshot: null });
  // The lab's port carries 412 Mbit/s in.
  expect(Number(measured.inBitsPerSecond) / 412e6).toBeCloseTo(1, 0);
  const before = reads;
  await Promise.all(others.map((stream) => until(stream, ({ inBitsPerSecond }) => inBitsPerSecond !== null)));
  // Twenty more watchers need no reading of their own.
  expect(reads - before).toBeLessThan(20);

  // Whoever did not take for a while gets the newest, and not what waited.
  const slow = others[0] as AsyncIterator<unknown>;
  agent.setInterface('sfp-sfpplus1', 'down');
  await until(first, ({ operStatus }) => operStatus === 'down');
  expect(await next(slow)).toMatchObject({ operStatus: 'down' });
  agent.setInterface('sfp-sfpplus1', 'up');

  agent.setSilent(true);
  expect(await until(first, ({ failure }) => failure !== null)).toMatchObject({
    operStatus: null,
    inBitsPerSecond: null,
    failure: expect.stringMatching(/^UNREACHABLE/),
  });
  agent.setSilent(false);
  await until(first, ({ failure }) => failure === null);

  await Promise.all([first, ...others].map((stream) => stream.return?.()));
  const after = reads;
  const again = await watch();
  await until(again, ({ failure }) => failure === null);
  await again.return?.();
  // Nothing was read in between: the first reading of the new watch is the next one.
  expect(reads - after).toBeLessThanOrEqual(2);
});

test('who may not read, and what there is not, is told so; ports watched at once are limited', async () => {
  const missing = await tenant
    .subscribe('network', subscription, { id: 'ifc_none' })
    .then(() => null)
    .catch((error: unknown) => String(error));
  expect(missing).toMatch(/NOT_FOUND/);
  const forbidden = await tenant
    .subscribe('network', subscription, { id: portId }, principalWith())
    .then(() => null)
    .catch((error: unknown) => String(error));
  expect(forbidden).toMatch(/FORBIDDEN/);

  const [port] = await interfacesById(tenant.services.database, [portId]);
  if (port === undefined) throw new Error('The port is gone');
  const sessions = { of: () => new Promise<never>(() => undefined) };
  const watches = new PortWatch(tenant.services, sessions as never, 10);
  const streams = Array.from({ length: 64 }, (_, i) => watches.watch({ ...port, id: `ifc_${i}` }));
  expect(() => watches.watch({ ...port, id: 'ifc_more' })).toThrow(/At most 64 ports/);
  await streams[0]?.return(undefined);
  expect(watches.size).toBe(63);
  const last = watches.watch({ ...port, id: 'ifc_more' });
  const ended = last.next();
  watches.close();
  expect(await ended).toEqual({ done: true, value: undefined });
  expect(watches.size).toBe(0);
});
