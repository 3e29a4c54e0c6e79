import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { UserCredential } from '../credential.ts';
import { LINK_DOWN, LINK_UP, type SnmpNotification } from './notification.ts';
import { startTrapReceiver, type TrapReceiver, type TrapReceiverOptions } from './receiver.ts';

const run = promisify(execFile);
const closing: TrapReceiver[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((receiver) => receiver.close()));
});

const user: UserCredential = {
  version: '3',
  user: 'noc',
  level: 'authPriv',
  authProtocol: 'sha256',
  authPassword: 'authentic-password',
  privProtocol: 'aes128',
  privPassword: 'private-password',
};
const v3 = (more: readonly string[] = []) => [
  '-v3',
  '-u',
  'noc',
  '-l',
  'authPriv',
  '-a',
  'SHA-256',
  '-A',
  'authentic-password',
  '-x',
  'AES',
  '-X',
  'private-password',
  ...more,
];
const senderEngine = ['-e', '0x8000000001020304'];
const linkDown = ['', LINK_DOWN, '1.3.6.1.2.1.2.2.1.1.7', 'i', '7'];

async function start(options: Partial<TrapReceiverOptions> = {}) {
  const got: SnmpNotification[] = [];
  const errors: Error[] = [];
  const receiver = await startTrapReceiver({
    clock: { now: () => Date.now() },
    host: '127.0.0.1',
    port: 0,
    communities: ['traps'],
    users: [user],
    onNotification: (notification) => void got.push(notification),
    onError: (error) => void errors.push(error),
    ...options,
  });
  closing.push(receiver);
  return { receiver, got, errors, to: `127.0.0.1:${receiver.port}` };
}

const seen = (condition: () => boolean) => expect.poll(condition, { timeout: 10_000 }).toBe(true);

describe.skipIf(!existsSync('/usr/bin/snmptrap'))("Debian's snmptrap and snmpinform", () => {
  test('v1: generic and enterprise traps are told in the form of v2', async () => {
    const { got, to } = await start();
    const v1 = ['-v1', '-c', 'traps', to];
    await run('snmptrap', [
      ...v1,
      '1.3.6.1.4.1.14988',
      '192.0.2.7',
      '2',
      '0',
      '1234',
      '1.3.6.1.2.1.2.2.1.1.7',
      'i',
      '7',
    ]);
    await run('snmptrap', [...v1, '1.3.6.1.4.1.14988', '0.0.0.0', '6', '42', '1234']);
    await seen(() => got.length === 2);
    expect(got[0]).toMatchObject({
      version: '1',
      kind: 'trap',
      trapOid: LINK_DOWN,
      uptime: 1234,
      agentAddress: '192.0.2.7',
      varbinds: [{ oid: '1.3.6.1.2.1.2.2.1.1.7', value: { type: 'integer', value: 7 } }],
    });
    expect(got[1]).toMatchObject({ trapOid: '1.3.6.1.4.1.14988.0.42', agentAddress: null, varbinds: [] });
  });

  test('v2c: traps are taken, informs answered after they were stored', async () => {
    let stored = false;
    const { got, to } = await start({
      onNotification: async (notification) => {
        await new Promise((done) => setImmediate(done));
        stored = true;
        got.push(notification);
      },
    });
    await run('snmpinform', ['-v2c', '-c', 'traps', '-t', '5', '-r', '0', to, ...linkDown]);
    expect(stored).toBe(true);
    await run('snmptrap', ['-v2c', '-c', 'traps', to, '', LINK_UP, '1.3.6.1.2.1.2.2.1.1.7', 'i', '7']);
    await seen(() => got.length === 2);
    expect(got.map(({ kind, trapOid }) => [kind, trapOid])).toEqual([
      ['inform', LINK_DOWN],
      ['trap', LINK_UP],
    ]);
  });

  test('an inform that could not be stored is not answered, so that it comes again', async () => {
    const { to, errors } = await start({ onNotification: () => Promise.reject(new Error('no database')) });
    const inform = run('snmpinform', ['-v2c', '-c', 'traps', '-t', '1', '-r', '0', to, ...linkDown]);
    await expect(inform).rejects.toThrow(/Timeout/);
    expect(errors.map((error) => error.message)).toContain('no database');
  });

  test('v3: a trap by the engine of its sender, an inform by ours, encrypted both', async () => {
    const { got, to } = await start();
    await run('snmptrap', [...v3(senderEngine), to, ...linkDown]);
    await seen(() => got.length === 1);
    await run('snmpinform', [
      ...v3(['-t', '5', '-r', '1']),
      to,
      '',
      LINK_UP,
      '1.3.6.1.2.1.2.2.1.1.7',
      'i',
      '7',
    ]);
    expect(got.map(({ version, kind, sender, trapOid }) => [version, kind, sender, trapOid])).toEqual([
      ['3', 'trap', 'noc', LINK_DOWN],
      ['3', 'inform', 'noc', LINK_UP],
    ]);
  });

  test.each([
    ['another community', ['-v2c', '-c', 'guess']],
    ['an unknown user', ['-v3', '-u', 'nobody', '-l', 'noAuthNoPriv', ...senderEngine]],
    ['a lower level', ['-v3', '-u', 'noc', '-l', 'noAuthNoPriv', ...senderEngine]],
    [
      'a wrong password',
      [
        '-v3',
        '-u',
        'noc',
        '-l',
        'authPriv',
        '-a',
        'SHA-256',
        '-A',
        'another-password',
        '-x',
        'AES',
        '-X',
        'private-password',
        ...senderEngine,
      ],
    ],
  ])('%s is refused and counted', async (_, how) => {
    const { receiver, got, to } = await start();
    await run('snmptrap', [...how, to, ...linkDown]);
    await seen(() => receiver.counters.refused === 1);
    expect(got).toEqual([]);
  });
});

/** Sends datagrams as they are. */
async function send(port: number, datagrams: readonly Uint8Array[]): Promise<void> {
  const socket = createSocket('udp4');
  for (const datagram of datagrams)
    await new Promise((done) => socket.send(datagram, port, '127.0.0.1', done));
  socket.close();
}
/** linkDown of port 7 (community traps), written by hand. */
const trap = Buffer.from(
  '305002010104057472617073a7440201010201000201003039300d06082b060102010103004301013017060a2b060106' +
    '03010104010006092b0601060301010503300f060a2b060102010202010107020107',
  'hex',
);

test('a storm of one source is limited, and equal traps are one', async () => {
  let now = 1_000_000;
  const { receiver, got } = await start({ clock: { now: () => now }, perSecond: 5 });
  await send(
    receiver.port,
    Array.from({ length: 40 }, () => trap),
  );
  await seen(() => receiver.counters.received === 40);
  expect(receiver.counters).toMatchObject({ delivered: 1, coalesced: 14, limited: 25 });
  now += 60_000;
  await send(receiver.port, [trap]);
  await seen(() => receiver.counters.received === 41);
  expect(got.map(({ trapOid }) => trapOid)).toEqual([LINK_DOWN, LINK_DOWN]);
});

test('any octets are survivable', async () => {
  const { receiver, errors } = await start({ perSecond: 1e9 });
  const mutated = fc
    .array(fc.tuple(fc.nat(trap.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
    .map((changes) => {
      const copy = Buffer.from(trap);
      for (const [position, octet] of changes) copy[position] = octet;
      return copy;
    });
  const datagrams = fc.sample(fc.oneof(mutated, fc.uint8Array({ minLength: 1, maxLength: 100 })), {
    numRuns: 2_000,
    seed: 162,
  });
  for (let i = 0; i < datagrams.length; i += 50) {
    await send(receiver.port, datagrams.slice(i, i + 50));
    await seen(() => receiver.counters.received >= Math.min(datagrams.length, i + 50));
  }
  expect(errors).toEqual([]);
  expect(receiver.counters.malformed).toBeGreaterThan(500);
});
