import { createSocket } from 'node:dgram';
import { systemClock } from '@dotmac/device';
import {
  accessSwitch,
  lineTerminal,
  type Quirk,
  type SnmpAgentsOptions,
  startSnmpAgents,
} from '@dotmac/lab/snmp';
import { afterEach, describe, expect, test } from 'vitest';
import { SnmpEngine, type SnmpEngineOptions } from './engine.ts';

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((it) => it.close()));
});

const stillClock = { now: () => 0 };
const community = { version: '2c', community: 'public' } as const;
const OPTICS = ['1.3.6.1.4.1.2011.6.128.1.1.2.51.1.4', '1.3.6.1.4.1.2011.6.128.1.1.2.46.1.15'];
const PORTS = [2, 5, 6, 7, 8, 10, 16].map((column) => `1.3.6.1.2.1.2.2.1.${column}`);

async function start(options: Partial<SnmpAgentsOptions> & Partial<SnmpEngineOptions> = {}) {
  const lab = await startSnmpAgents([accessSwitch, lineTerminal], { clock: stillClock, ...options });
  const engine = new SnmpEngine({ clock: systemClock, ...options });
  closing.push(engine, lab);
  const [access, line] = lab.agents;
  if (access === undefined || line === undefined) throw new Error('no agents');
  return { lab, engine, access, line };
}

describe.each<Quirk | 'none'>(['none', 'toobig', 'empty', 'nobulk', 'wrongid', 'garbage'])(
  'an agent with quirk %s',
  (quirk) => {
    test('gives the same tables as a good one', async () => {
      const { engine, access, line } = await start(quirk === 'none' ? {} : { quirks: [quirk] });
      const ports = await engine.session(access, community).table(PORTS);
      const optics = await engine.session(line, community).table(OPTICS);
      expect(ports.warnings).toEqual([]);
      expect(ports.complete).toBe(true);
      expect([...ports.rows.keys()]).toEqual(Array.from({ length: 24 }, (_, i) => `${i + 1}`));
      expect([...ports.rows.values()].every((row) => row.every((cell) => cell !== undefined))).toBe(true);
      expect(optics.complete).toBe(true);
      expect(optics.rows.size).toBe(128);
      expect(optics.rows.get('4194304000.0')).toEqual([
        { type: 'integer', value: -1850 },
        { type: 'integer', value: 1 },
      ]);
    });
  },
);

test('an agent that speaks only v1 is read by GETNEXT', async () => {
  const { engine, access } = await start({ quirks: ['v1'] });
  const session = engine.session(access, { version: '1', community: 'public' });
  const ports = await session.table(PORTS);
  expect(ports.rows.size).toBe(24);
  expect(ports.complete).toBe(true);
  const values = await session.get(['1.3.6.1.2.1.1.5.0', '1.3.6.1.2.1.1.77.0', '1.3.6.1.2.1.2.1.0']);
  expect(values.map((value) => value.type)).toEqual(['octets', 'noSuchObject', 'integer']);
});

test('object identifiers that do not increase end the column, rows before are kept', async () => {
  const { engine, line } = await start({ quirks: ['loop'] });
  const optics = await engine.session(line, community).table(OPTICS);
  expect(optics.complete).toBe(false);
  expect(optics.warnings.join()).toMatch(/do not increase/);
  expect(optics.rows.size).toBeGreaterThanOrEqual(10);
  expect(optics.packets).toBeLessThan(20);
});

test('malformed values are left out one by one', async () => {
  const { engine, access } = await start({ quirks: ['badvb'] });
  const ports = await engine.session(access, community).table(PORTS);
  const cells = [...ports.rows.values()].flat();
  const bad = cells.filter((cell) => cell?.type === 'malformed').length;
  expect(ports.rows.size).toBe(24);
  expect(bad).toBeGreaterThan(0);
  expect(bad).toBeLessThan(cells.length / 10);
  expect(ports.warnings.join()).toMatch(/malformed/);
});

test('a lossy way is overcome by retries', async () => {
  const { engine, access } = await start({ loss: 0.2, seed: 7, tries: 6 });
  const ports = await engine.session(access, community).table(PORTS);
  expect(ports.rows.size).toBe(24);
  expect(engine.counters.retransmitted).toBeGreaterThan(0);
});

test('a smaller size is remembered for the device', async () => {
  const { engine, line } = await start({ quirks: ['toobig'], maxReplyOctets: 484 });
  const session = engine.session(line, community);
  await session.table(OPTICS);
  expect(session.tuning.repetitions).toBeLessThan(10);
  const before = engine.counters.sent;
  const again = await engine.session(line, community).table(OPTICS);
  expect(again.rows.size).toBe(128);
  expect(engine.counters.sent - before).toBe(again.packets);
});

test('rows, packets, octets and time are capped, with a warning', async () => {
  const { engine, line } = await start();
  const session = engine.session(line, community);
  const rows = await session.table(OPTICS, { maxRows: 30 });
  expect(rows.complete).toBe(false);
  expect(rows.rows.size).toBeLessThan(60);
  expect((await session.table(OPTICS, { maxPackets: 2 })).packets).toBe(2);
  expect((await session.table(OPTICS, { maxOctets: 1 })).packets).toBe(1);
  expect((await session.table(OPTICS, { maxMilliseconds: 0 })).warnings.join()).toMatch(/stopped after 0 ms/);
});

test('a reply from another port is not taken, even with the right id', async () => {
  const stranger = createSocket('udp4');
  const device = createSocket('udp4');
  closing.push(
    ...[stranger, device].map((it) => ({ close: () => new Promise<void>((done) => it.close(() => done())) })),
  );
  await new Promise<void>((done) => device.bind(0, '127.0.0.1', done));
  device.on('message', (request, from) => {
    const reply = Buffer.from(request);
    reply[reply.indexOf(0xa0)] = 0xa2;
    stranger.send(reply, from.port, from.address);
  });
  const engine = new SnmpEngine({ clock: systemClock, tries: 1 });
  closing.push(engine);
  const session = engine.session({ host: '127.0.0.1', port: device.address().port }, community);
  await expect(session.get(['1.3.6.1.2.1.1.5.0'])).rejects.toMatchObject({ code: 'timeout' });
  expect(engine.counters.unexpected).toBe(1);
});

test('requests to one device run one at a time, whoever asks', async () => {
  const { engine, access } = await start();
  const sessions = Array.from({ length: 20 }, () => engine.session(access, community));
  const names = await Promise.all(sessions.map((session) => session.get(['1.3.6.1.2.1.1.5.0'])));
  expect(names.every(([name]) => name?.type === 'octets')).toBe(true);
  expect(engine.counters.retransmitted).toBe(0);
});

test('silent devices do not hold the places of live ones', async () => {
  const { engine, access, line } = await start({ maxInFlight: 1, tries: 2 });
  line.setSilent(true);
  const dead = engine.session(line, community).get(['1.3.6.1.2.1.1.5.0']);
  const order: string[] = [];
  const live = engine.session(access, community).get(['1.3.6.1.2.1.1.5.0']);
  await Promise.all([
    live.then(() => order.push('live')),
    dead.catch((error) => order.push((error as { code: string }).code)),
  ]);
  expect(order).toEqual(['live', 'timeout']);
});

test('SET changes a port, and a refusal names the object', async () => {
  const { engine, access } = await start();
  const session = engine.session(access, community);
  const ADMIN = '1.3.6.1.2.1.2.2.1.7.3';
  await session.set([{ oid: ADMIN, value: { type: 'integer', value: 2 } }]);
  expect(await session.get([ADMIN, '1.3.6.1.2.1.2.2.1.8.3'])).toEqual([
    { type: 'integer', value: 2 },
    { type: 'integer', value: 2 },
  ]);
  const name = { type: 'octets', value: Buffer.from('x') } as const;
  await expect(
    session.set([
      { oid: ADMIN, value: { type: 'integer', value: 1 } },
      { oid: '1.3.6.1.2.1.31.1.1.1.1.3', value: name },
    ]),
  ).rejects.toMatchObject({ code: 'errorStatus', status: 17, index: 2 });
  expect(await session.get([ADMIN])).toEqual([{ type: 'integer', value: 2 }]);
});

test('GETNEXT gives the object behind, and the end of the tree', async () => {
  const { engine, access } = await start();
  const session = engine.session(access, community);
  const [first, last] = await session.getNext(['1.3.6.1.2.1.1', '1.3.6.1.6']);
  expect(first?.value.type).toBe('octets');
  expect(last?.value.type).toBe('endOfMibView');
});

test('closing ends what waits', async () => {
  const { engine, access } = await start();
  access.setSilent(true);
  const waiting = engine.session(access, community).get(['1.3.6.1.2.1.1.5.0']);
  const ended = expect(waiting).rejects.toMatchObject({ code: 'closed' });
  await new Promise((done) => setImmediate(done));
  await engine.close();
  await ended;
});
