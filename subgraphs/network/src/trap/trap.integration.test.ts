import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { DriverRegistry, systemClock } from '@dotmac/device';
import { startTestRuntime, type TestRuntime } from '@dotmac/harness';
import { startSnmpAgents, towerRouter } from '@dotmac/lab/snmp';
import type { TenantDatabase } from '@dotmac/migrations';
import * as radius from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { SnmpEngine, snmpDriver, startTrapReceiver, type TrapReceiver } from '@dotmac/snmp';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type NetworkModule, network } from '../index.ts';
import { followTraps } from './hint.ts';

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

test('a storm from one address of many devices costs a few queries, and each is asked once', async () => {
  const { database, clock } = tenant.services;
  const address = '198.51.100.9';
  const at = new Date(clock.now());
  const ids = Array.from({ length: 300 }, (_, i) => `dev_shared_${String(i).padStart(3, '0')}`);
  await database
    .insertInto('network.device')
    .values(
      ids.map((id) => ({
        id,
        name: id,
        state: 'ONLINE',
        stateSource: 'test',
        stateEvidence: 'test',
        stateSince: at,
        createdAt: at,
      })),
    )
    .execute();
  await database
    .insertInto('network.managementAddress')
    .values(
      ids.map((deviceId, i) => ({
        deviceId,
        protocol: 'snmp',
        host: address,
        port: 10_000 + i,
        credential: Buffer.of(0),
      })),
    )
    .execute();
  let queries = 0;
  const counting = database.withPlugin({
    transformQuery({ node }) {
      queries++;
      return node;
    },
    transformResult: async ({ result }) => result,
  });
  const asked: (readonly string[])[] = [];
  const take = followTraps({ ...tenant.services, database: counting } as never, (devices) =>
    asked.push(devices),
  );
  const hint = (sourceAddress: string) => ({
    sourceAddress,
    trapOid: '1.3.6.1.6.3.1.1.5.3',
    version: '2c' as const,
  });
  await Promise.all([
    ...Array.from({ length: 1_500 }, () => take(hint(address))),
    ...Array.from({ length: 500 }, (_, i) => take(hint(`203.0.113.${i % 250}`))),
  ]);
  expect(queries).toBeLessThanOrEqual(6);
  expect(asked).toEqual([ids]);
  const kept = await database
    .selectFrom('network.trapInbox')
    .select(({ fn }) => [fn.countAll<bigint>().as('kinds'), fn.sum<string>('count').as('traps')])
    .where(sql`host(source_address)`, 'like', '203.0.113.%')
    .executeTakeFirstOrThrow();
  expect([Number(kept.kinds), Number(kept.traps)]).toEqual([250, 500]);
  await database.deleteFrom('network.device').where('id', 'in', ids).execute();
});

test('the inbox is bounded, also when more kinds than it has room for come at once', async () => {
  const { database } = tenant.services;
  await database.deleteFrom('network.trapInbox').execute();
  const take = followTraps(tenant.services as never, () => undefined);
  const hint = (i: number) => ({
    sourceAddress: '203.0.113.1',
    trapOid: `1.3.6.1.4.1.9.${i}`,
    version: '1' as const,
  });
  await Promise.all(Array.from({ length: 1_400 }, (_, i) => take(hint(i))));
  await take(hint(0));
  const rows = await database.selectFrom('network.trapInbox').select(['trapOid', 'count']).execute();
  expect(rows).toHaveLength(1_000);
  expect(Number(rows.find(({ trapOid }) => trapOid === '1.3.6.1.4.1.9.0')?.count)).toBe(2);
});
