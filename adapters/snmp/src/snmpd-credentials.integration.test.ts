import { type DeviceSession, type OperationContext, systemClock } from '@dotmac/device';
import { hasSnmpd, type RunningSnmpd, startSnmpd } from '@dotmac/lab/snmp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SnmpCredential, UserCredential } from './credential.ts';
import { snmpDriver } from './driver/driver.ts';
import { SnmpEngine } from './engine/engine.ts';
import { probeTargets } from './probe/run.ts';

const SYS_NAME = '1.3.6.1.2.1.1.5.0';
const SYS_CONTACT = '1.3.6.1.2.1.1.4.0';
const SYS_LOCATION = '1.3.6.1.2.1.1.6.0';
const authPassword = 'authentication-secret';
const privPassword = 'privacy-secret-too';
const watcher: UserCredential = {
  version: '3',
  user: 'watcher',
  level: 'authPriv',
  authProtocol: 'sha256',
  authPassword,
  privProtocol: 'aes128',
  privPassword,
};
const createUser = (name: string) => `createUser ${name} SHA-256 ${authPassword} AES ${privPassword}`;
const configuration = [
  'rocommunity public',
  'rwcommunity writer',
  // What the configuration sets cannot be set over the network.
  'sysName lab-agent',
  createUser('watcher'),
  'rouser watcher priv',
  createUser('changer'),
  'rwuser changer priv',
  'createUser nobody',
  'rouser nobody noauth',
];
const context = (): OperationContext => ({
  signal: AbortSignal.timeout(50_000),
  clock: systemClock,
  priority: 'poll',
  operationId: 'test',
});

describe.skipIf(!hasSnmpd)('credentials against snmpd', () => {
  const engine = new SnmpEngine({ clock: systemClock, tries: 2 });
  let agent: RunningSnmpd;
  beforeAll(async () => {
    agent = await startSnmpd(configuration);
  });
  afterAll(async () => {
    await engine.close();
    await agent?.[Symbol.asyncDispose]();
  });

  /** Through the driver, as a poll does. */
  const probeWith = (credential: SnmpCredential, using = engine) =>
    opened(credential, using).then((session) => session.probe(context()));
  const opened = async (credential: SnmpCredential, using = engine): Promise<DeviceSession> =>
    snmpDriver(using).open({ id: 'snmpd', host: agent.host, port: agent.port }, credential);

  const wrong: readonly (readonly [string, Partial<UserCredential>, string, string])[] = [
    ['an unknown user', { user: 'stranger' }, 'UNKNOWN_USER', 'unknownUser'],
    [
      'a wrong authentication password',
      { authPassword: 'not-the-password' },
      'WRONG_AUTHENTICATION_KEY',
      'wrongDigest',
    ],
    ['a wrong authentication protocol', { authProtocol: 'md5' }, 'WRONG_AUTHENTICATION_KEY', 'wrongDigest'],
    ['a wrong privacy password', { privPassword: 'not-the-password' }, 'WRONG_PRIVACY_KEY', 'decryption'],
    ['a wrong privacy protocol', { privProtocol: 'des' }, 'WRONG_PRIVACY_KEY', 'decryption'],
    [
      'a level that the user does not have',
      { user: 'nobody' },
      'UNSUPPORTED_SECURITY_LEVEL',
      'unsupportedSecurityLevel',
    ],
  ];
  test.each(wrong)('%s is named by the driver', async (_, change, authFailure) => {
    await expect(probeWith({ ...watcher, ...change })).rejects.toMatchObject({
      code: 'AUTH_FAILED',
      authFailure,
      retryable: false,
    });
    // The right one is not taken for wrong because another was.
    expect((await probeWith(watcher)).identity.sysName).toBe('lab-agent');
  });

  test('each is named in the output of the probe', async () => {
    const targets = wrong.map(([id, change]) => {
      const {
        user,
        level,
        authProtocol,
        authPassword: auth,
        privProtocol,
        privPassword: priv,
      } = {
        ...watcher,
        ...change,
      };
      const snmp = {
        version: '3',
        user,
        level,
        authProtocol,
        authPassword: auth,
        privProtocol,
        privPassword: priv,
      };
      return JSON.stringify({ id, host: agent.host, port: agent.port, snmp });
    });
    const written: { readonly id: string; readonly error: object }[] = [];
    async function* lines() {
      yield* targets;
    }
    await probeTargets(lines(), (line) => written.push(JSON.parse(line)), { clock: systemClock });
    const named = Object.fromEntries(written.map(({ id, error }) => [id, error]));
    expect(Object.keys(named)).toHaveLength(wrong.length);
    for (const [id, , , reason] of wrong) expect(named[id]).toMatchObject({ code: 'auth', reason });
  });

  test('a request that is never in the time window is named, after a few lessons', async () => {
    // A clock that gains an hour with each look at it: whatever the agent teaches is old at once.
    let leaps = 0;
    const leaping = new SnmpEngine({
      clock: { now: () => systemClock.now() + 3_600_000 * leaps++ },
      tries: 1,
    });
    try {
      await expect(probeWith(watcher, leaping)).rejects.toMatchObject({
        code: 'AUTH_FAILED',
        authFailure: 'NOT_IN_TIME_WINDOW',
      });
      expect(leaping.counters.sent).toBeLessThan(20);
    } finally {
      await leaping.close();
    }
  });

  test('an agent that is gone is silent, whatever the credential', async () => {
    const lost = new SnmpEngine({ clock: systemClock, tries: 1 });
    const other = await startSnmpd(configuration);
    try {
      const target = { id: 'lost', host: other.host, port: other.port };
      await snmpDriver(lost).open(target, watcher).probe(context());
      await other[Symbol.asyncDispose]();
      // Another session: its credential was never proven, and the agent's engine is known.
      await expect(snmpDriver(lost).open(target, watcher).probe(context())).rejects.toMatchObject({
        code: 'UNREACHABLE',
        authFailure: undefined,
      });
    } finally {
      await lost.close();
    }
  });

  test.each<readonly [string, SnmpCredential]>([
    ['v1', { version: '1', community: 'writer' }],
    ['v2c', { version: '2c', community: 'writer' }],
    ['v3 authPriv', { ...watcher, user: 'changer' }],
  ])('SET over %s changes what can be written, all or nothing, and reads back', async (name, credential) => {
    const session = engine.session(agent, credential);
    const text = (value: string) =>
      ({ type: 'octets', value: Buffer.from(`${value} over ${name}`) }) as const;
    const [contact, location] = [text('noc'), text('tower 7')];
    await session.set([
      { oid: SYS_CONTACT, value: contact },
      { oid: SYS_LOCATION, value: location },
    ]);
    expect(await session.get([SYS_CONTACT, SYS_LOCATION])).toEqual([contact, location]);
    await expect(
      session.set([
        { oid: SYS_CONTACT, value: text('nobody') },
        { oid: SYS_NAME, value: text('other') },
      ]),
    ).rejects.toMatchObject({ code: 'errorStatus' });
    expect(await session.get([SYS_CONTACT])).toEqual([contact]);
  });

  test('SET is refused to whoever may only read, and changes nothing', async () => {
    const before = await engine.session(agent, watcher).get([SYS_CONTACT]);
    for (const credential of [watcher, { version: '2c', community: 'public' } as const]) {
      const value = { type: 'octets', value: Buffer.from('x') } as const;
      await expect(
        engine.session(agent, credential).set([{ oid: SYS_CONTACT, value }]),
      ).rejects.toMatchObject({
        code: 'errorStatus',
      });
    }
    expect(await engine.session(agent, watcher).get([SYS_CONTACT])).toEqual(before);
  });
});
