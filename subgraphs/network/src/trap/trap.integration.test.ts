import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { DriverRegistry, systemClock } from '@dotmac/device';
import { startTestRuntime, type TestRuntime } from '@dotmac/harness';
import { startSnmpAgents, towerRouter } from '@dotmac/lab/snmp';
import type { TenantDatabase } from '@dotmac/migrations';
import * as radius from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { SnmpEngine, snmpDriver, startTrapReceiver, type TrapReceiver } from '@dotmac/snmp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type NetworkModule, network } from '../index.ts';

const engine = new SnmpEngine({ clock: systemClock });
let lab: Awaited<ReturnType<typeof startSnmpAgents>>;
let tenant: TestRuntime<TenantDatabase, TenantEvents>;
let module: NetworkModule | undefined;
let traps: TrapReceiver;
const failures: unknown[] = [];

beforeAll(async () => {
  lab = await startSnmpAgents([towerRouter], { clock: systemClock });
  const drivers = new DriverRegistry([snmpDriver(engine)]);
  tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => {
    // A poll a day: whatever is seen sooner was asked for.
    module = network(services, { drivers, radius, pollIntervalSeconds: 86_400 });
    return [module];
  });
  traps = await startTrapReceiver({
    clock: systemClock,
    host: '127.0.0.1',
    port: 0,
    communities: 'any',
    onNotification: ({ source, trapOid, version }) =>
      module?.onTrap({ sourceAddress: source.address, trapOid, version }),
    onError: (error) => failures.push(error),
  });
});
afterAll(async () => {
  await traps?.close();
  await tenant?.[Symbol.asyncDispose]();
  await engine.close();
  await lab?.close();
});

/** linkDown of port 7 over v2c, written by hand. */
const linkDown = Buffer.from(
  '305002010104057472617073a7440201010201000201003039300d06082b060102010103004301013017060a2b' +
    '06010603010104010006092b0601060301010503300f060a2b060102010202010107020107',
  'hex',
);

async function sendTrap(): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise((done) => socket.send(linkDown, traps.port, '127.0.0.1', done));
  socket.close();
}

test('a trap of nobody known is kept for whoever looks, and counted', async () => {
  await sendTrap();
  const question = '{ unknownTraps { sourceAddress trapOid version count } }';
  const answer = await tenant.eventually(
    () => tenant.data<{ unknownTraps: { count: string }[] }>('network', question),
    ({ unknownTraps }) => unknownTraps.length > 0,
  );
  expect(answer.unknownTraps).toEqual([
    { sourceAddress: '127.0.0.1', trapOid: '1.3.6.1.6.3.1.1.5.3', version: '2c', count: '1' },
  ]);
  await module?.onTrap({ sourceAddress: '127.0.0.1', trapOid: '1.3.6.1.6.3.1.1.5.3', version: '2c' });
  expect((await tenant.data<typeof answer>('network', question)).unknownTraps[0]?.count).toBe('2');
  expect(failures).toEqual([]);
});

test('a trap has its device asked at once: the port that went down is told, and not what the trap says', async () => {
  const [agent] = lab.agents;
  if (agent === undefined) throw new Error('The lab has no agent');
  const { registerDevice } = await tenant.data<{ registerDevice: { id: string } }>(
    'network',
    'mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { ... on Device { id } } }',
    { input: { name: 'tower', snmp: { host: '127.0.0.1', port: agent.port, community: 'public' } } },
  );
  const ports = () =>
    tenant.data<{ device: { interfaces: { name: string; operStatus: string }[] } }>(
      'network',
      'query ($id: ID!) { device(id: $id) { interfaces { name operStatus } } }',
      { id: registerDevice.id },
    );
  await tenant.eventually(ports, ({ device }) => device.interfaces.length > 0);
  const events = await tenant.subscribe(
    'network',
    `subscription { networkEvents(types: [INTERFACE_STATE_CHANGED]) { ... on InterfaceStateChanged { fromStatus toStatus interface { name } } } }`,
  );
  agent.setInterface('ether2', 'down');
  const told = events.next();
  await module?.onTrap({ sourceAddress: '127.0.0.1', trapOid: '1.3.6.1.6.3.1.1.5.3', version: '2c' });
  expect((await told).value).toMatchObject({
    data: { networkEvents: { fromStatus: 'up', toStatus: 'down', interface: { name: 'ether2' } } },
  });
  await events.return?.();
});

/** linkUp of port 3 by Debian's snmptrap; @returns false where it is not installed. */
function snmptrap(port: number): boolean {
  const varbind = ['1.3.6.1.2.1.2.2.1.1.3', 'i', '3'];
  const { error, status, stderr } = spawnSync(
    'snmptrap',
    ['-v', '2c', '-c', 'public', `127.0.0.1:${port}`, '', '1.3.6.1.6.3.1.1.5.4', ...varbind],
    { encoding: 'utf8', env: { ...process.env, MIBS: '' } },
  );
  if (error !== undefined && 'code' in error && error.code === 'ENOENT') return false;
  if (error !== undefined || status !== 0) throw new Error(`snmptrap failed: ${stderr}`, { cause: error });
  return true;
}

test('a trap on the wire, from a foreign sender where there is one, ends as an event of the subscription', async () => {
  const [agent] = lab.agents;
  const events = await tenant.subscribe(
    'network',
    `subscription { networkEvents(types: [INTERFACE_STATE_CHANGED]) { ... on InterfaceStateChanged { fromStatus toStatus interface { name } } } }`,
  );
  const told = events.next();
  agent?.setInterface('ether2', 'up');
  if (!snmptrap(traps.port)) await sendTrap();
  expect((await told).value).toMatchObject({
    data: { networkEvents: { fromStatus: 'down', toStatus: 'up', interface: { name: 'ether2' } } },
  });
  await events.return?.();
  expect(failures).toEqual([]);
});
