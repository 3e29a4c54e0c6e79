import { DeviceError, type OperationContext, systemClock } from '@dotmac/device';
import { startSnmpAgents, towerRouter } from '@dotmac/lab/snmp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SnmpEngine } from '../engine/engine.ts';
import { snmpDriver } from './driver.ts';

const clock = { time: 1_000_000, now: () => clock.time };
const context: OperationContext = {
  signal: AbortSignal.timeout(50_000),
  clock: systemClock,
  priority: 'poll',
  operationId: 'test',
};
const engine = new SnmpEngine({ clock: systemClock, tries: 2 });
const driver = snmpDriver(engine);
let lab: Awaited<ReturnType<typeof startSnmpAgents>>;

beforeAll(async () => {
  lab = await startSnmpAgents([towerRouter, { ...towerRouter, id: 'silent' }], { clock });
});
afterAll(async () => {
  await engine.close();
  await lab.close();
});

function open(position = 0, community = 'public') {
  const agent = lab.agents[position];
  if (agent === undefined) throw new Error('no such agent');
  return driver.open({ id: agent.id, host: agent.host, port: agent.port }, { version: '2c', community });
}

async function ports() {
  const all = await Array.fromAsync(open().read('interface', context));
  return new Map(all.map((port) => [port.value.name, port.value]));
}

test('probe names the maker and what can be read', async () => {
  const facts = await open().probe(context);
  expect(facts.identity).toMatchObject({ vendor: 'MikroTik', sysName: 'tower-1-router' });
  expect(facts.capabilities.map(({ id, level }) => `${id} ${level}`)).toEqual([
    'inventory.read full',
    'interfaces.read full',
    'health.read full',
    'sensors.read full',
  ]);
});

test('interfaces come with 64-bit counters that move with device time', async () => {
  const before = (await ports()).get('sfp-sfpplus1');
  clock.time += 10_000;
  const after = (await ports()).get('sfp-sfpplus1');
  expect(before).toMatchObject({
    stableKey: 'name:sfp-sfpplus1',
    alias: 'backhaul to core',
    mac: '02:00:5e:10:00:01',
    speedBitsPerSecond: 10_000_000_000n,
    counterBits: 64,
    operStatus: 'up',
  });
  expect((after?.inOctets ?? 0n) - (before?.inOctets ?? 0n)).toBe(515_000_000n);
  expect((after?.uptimeSeconds ?? 0) - (before?.uptimeSeconds ?? 0)).toBe(10);
});

test('a port whose link is lost shows down, and keeps its counters', async () => {
  const before = (await ports()).get('ether2');
  lab.agents[0]?.setInterface('ether2', 'down');
  clock.time += 60_000;
  const after = (await ports()).get('ether2');
  expect(before?.operStatus).toBe('up');
  expect(after).toMatchObject({ operStatus: 'down', adminStatus: 'up', inOctets: before?.inOctets });
});

test('health gives processors and memory', async () => {
  const [health] = await Array.fromAsync(open().read('health', context));
  expect(health?.value.processors).toHaveLength(4);
  expect(health?.value.memory).toMatchObject([{ name: 'main memory', totalBytes: 1_073_741_824n }]);
});

test('what SNMP cannot do is refused as unsupported', async () => {
  await expect(open().plan({} as never, context)).rejects.toMatchObject({ code: 'CAPABILITY_UNSUPPORTED' });
  await expect(Array.fromAsync(open().read('session', context))).rejects.toMatchObject({
    code: 'CAPABILITY_UNSUPPORTED',
  });
});

test('a silent device, and a wrong community, are unreachable', async () => {
  lab.agents[1]?.setSilent(true);
  await expect(open(1).probe(context)).rejects.toMatchObject({ code: 'UNREACHABLE', retryable: true });
  lab.agents[1]?.setSilent(false);
  await expect(open(1, 'wrong').probe(context)).rejects.toBeInstanceOf(DeviceError);
  await expect(open(1).probe(context)).resolves.toMatchObject({ identity: { vendor: 'MikroTik' } });
});

test('a cancelled operation ends as cancelled', async () => {
  lab.agents[1]?.setSilent(true);
  const abort = new AbortController();
  const probing = open(1).probe({ ...context, signal: abort.signal });
  abort.abort();
  await expect(probing).rejects.toMatchObject({ code: 'CANCELLED' });
  lab.agents[1]?.setSilent(false);
});
