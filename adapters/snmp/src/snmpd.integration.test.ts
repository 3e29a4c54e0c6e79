import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@dotmac/device';
import { createSession, Version2c } from 'net-snmp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuthProtocol, PrivProtocol, UserCredential } from './credential.ts';
import { SnmpEngine } from './engine/engine.ts';
import { readResolvedAddresses } from './mib/address-resolution.ts';

/** The genuine agent: NET-SNMP's snmpd, where the system has it. */
const SNMPD = ['/usr/sbin/snmpd', '/usr/local/sbin/snmpd', '/opt/homebrew/sbin/snmpd'].find((path) =>
  existsSync(path),
);

const authNames: Record<AuthProtocol, string> = {
  md5: 'MD5',
  sha1: 'SHA',
  sha224: 'SHA-224',
  sha256: 'SHA-256',
  sha384: 'SHA-384',
  sha512: 'SHA-512',
};
const privNames: Record<PrivProtocol, string> = {
  des: 'DES',
  aes128: 'AES',
  aes192: 'AES-192',
  aes256: 'AES-256',
  aes192c: 'AES-192-C',
  aes256c: 'AES-256-C',
};
const auths = Object.keys(authNames) as AuthProtocol[];
const privs = Object.keys(privNames) as PrivProtocol[];
const SYS_NAME = '1.3.6.1.2.1.1.5.0';
const authPassword = 'authentication-secret';
const privPassword = 'privacy-secret-too';

function user(authProtocol: AuthProtocol, privProtocol: PrivProtocol): UserCredential {
  const name = `u-${authProtocol}-${privProtocol}`;
  return {
    version: '3',
    user: name,
    level: 'authPriv',
    authProtocol,
    authPassword,
    privProtocol,
    privPassword,
  };
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
  const { port } = socket.address();
  await new Promise<void>((done) => socket.close(() => done()));
  return port;
}

describe.skipIf(SNMPD === undefined)('against snmpd', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dotmac-snmpd-'));
  const engine = new SnmpEngine({ clock: systemClock, tries: 2 });
  let agent: ChildProcess;
  let target: { host: string; port: number };

  beforeAll(async () => {
    target = { host: '127.0.0.1', port: await freePort() };
    const users = auths.flatMap((auth) => privs.map((priv) => [auth, priv] as const));
    const configuration = [
      'rocommunity public',
      'sysName lab-agent',
      ...users.flatMap(([auth, priv]) => [
        `createUser u-${auth}-${priv} ${authNames[auth]} ${authPassword} ${privNames[priv]} ${privPassword}`,
        `rouser u-${auth}-${priv} authNoPriv`,
      ]),
      'createUser nobody',
      'rouser nobody noauth',
      `createUser private SHA ${authPassword} AES ${privPassword}`,
      'rouser private priv',
    ];
    writeFileSync(join(folder, 'snmpd.conf'), `${configuration.join('\n')}\n`);
    agent = spawn(
      SNMPD as string,
      ['-f', '-Lo', '-C', '-c', join(folder, 'snmpd.conf'), '-I', '-smux', `udp:127.0.0.1:${target.port}`],
      {
        env: { ...process.env, SNMP_PERSISTENT_DIR: join(folder, 'state') },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const log: string[] = [];
    for (const stream of [agent.stdout, agent.stderr]) stream?.on('data', (text) => log.push(String(text)));
    const probe = new SnmpEngine({ clock: systemClock, tries: 8 });
    try {
      await probe.session(target, { version: '2c', community: 'public' }).get([SYS_NAME]);
    } catch (error) {
      throw new Error(`snmpd did not start: ${log.join('')}`, { cause: error });
    } finally {
      await probe.close();
    }
  });

  afterAll(async () => {
    await engine.close();
    agent.kill();
    await once(agent, 'exit');
    rmSync(folder, { recursive: true, force: true });
  });

  /** Of the kernel, with a MAC address (`Flags` 0x2). */
  const kernelArp = () =>
    (existsSync('/proc/net/arp') ? readFileSync('/proc/net/arp', 'latin1') : '')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , flags]) => flags === '0x2')
      .map(([address, , , mac, , name]) => `${address} ${mac?.toLowerCase()} ${name}`);

  test.skipIf(kernelArp().length === 0)('what the kernel has resolved is what the agent tells', async () => {
    const session = engine.session(target, { version: '2c', community: 'public' });
    const told = async () => {
      const { entries, complete } = await readResolvedAddresses(session, {});
      expect(complete).toBe(true);
      return entries.map(({ address, mac, port }) => `${address} ${mac} ${port?.name}`);
    };
    // The agent looks at the kernel only now and then.
    await expect
      .poll(told, { timeout: 60_000, interval: 1_000 })
      .toEqual(expect.arrayContaining(kernelArp()));
  });

  const combinations = auths.flatMap((auth) => privs.map((priv) => [auth, priv] as const));
  test.each(combinations)('v3 %s with %s', async (auth, priv) => {
    const session = engine.session(target, user(auth, priv));
    const [value] = await session.get([SYS_NAME]);
    expect(value).toEqual({ type: 'octets', value: Buffer.from('lab-agent') });
    const { rows, warnings } = await session.table(['1.3.6.1.2.1.2.2.1.2', '1.3.6.1.2.1.2.2.1.10']);
    expect(warnings).toEqual([]);
    expect(rows.size).toBeGreaterThan(0);
  });

  test.each(auths)('v3 %s without privacy', async (authProtocol) => {
    const { privProtocol: _, privPassword: __, ...rest } = user(authProtocol, 'aes128');
    const [value] = await engine.session(target, { ...rest, level: 'authNoPriv' }).get([SYS_NAME]);
    expect(value?.type).toBe('octets');
  });

  test('v3 without authentication', async () => {
    const session = engine.session(target, { version: '3', user: 'nobody', level: 'noAuthNoPriv' });
    const [value] = await session.get([SYS_NAME]);
    expect(value?.type).toBe('octets');
  });

  test.each([
    ['an unknown user', { user: 'stranger' }, 'unknownUser'],
    ['a wrong authentication password', { authPassword: 'not-the-password' }, 'wrongDigest'],
    ['a wrong authentication protocol', { authProtocol: 'md5' as const }, 'wrongDigest'],
  ])('%s is told apart', async (_, change, code) => {
    const session = engine.session(target, { ...user('sha256', 'aes128'), ...change });
    await expect(session.get([SYS_NAME])).rejects.toMatchObject({ code });
  });

  test('a level the user does not have is told apart', async () => {
    const session = engine.session(target, { ...user('sha1', 'aes128'), user: 'nobody' });
    await expect(session.get([SYS_NAME])).rejects.toMatchObject({ code: 'unsupportedSecurityLevel' });
  });

  test('a wrong privacy password shows as silence, and the error says what is probably wrong', async () => {
    const session = engine.session(target, { ...user('sha256', 'aes128'), privPassword: 'not-the-password' });
    await expect(session.get([SYS_NAME])).rejects.toMatchObject({
      message: expect.stringMatching(/privacy password or protocol is probably wrong/),
    });
  });

  test('a clock that jumped is corrected by the authenticated report', async () => {
    const clock = { offset: 0, now: () => systemClock.now() + clock.offset };
    const jumpy = new SnmpEngine({ clock, tries: 1 });
    try {
      const session = jumpy.session(target, user('sha256', 'aes256'));
      await session.get([SYS_NAME]);
      clock.offset = 3_600_000;
      const [value] = await session.get([SYS_NAME]);
      expect(value?.type).toBe('octets');
    } finally {
      await jumpy.close();
    }
  });

  test('a missing password is refused before anything is sent', () => {
    const credential = { version: '3', user: 'x', level: 'authPriv', authProtocol: 'sha1' } as const;
    expect(() => engine.session(target, credential)).toThrow(
      /authPriv needs authPassword, privProtocol, privPassword/,
    );
  });

  test('SET is refused to a read-only community', async () => {
    const session = engine.session(target, { version: '2c', community: 'public' });
    const change = session.set([{ oid: SYS_NAME, value: { type: 'octets', value: Buffer.from('x') } }]);
    await expect(change).rejects.toMatchObject({ code: 'errorStatus', status: 6 });
  });

  test('the whole tree reads as net-snmp for Node reads it', async () => {
    const own = await engine.session(target, { version: '2c', community: 'public' }).subtree('1.3.6.1.2.1');
    const theirs = new Map<string, { type: number; value: unknown }>();
    const peer = createSession(target.host, 'public', { port: target.port, version: Version2c });
    try {
      await new Promise<void>((resolve, reject) =>
        peer.subtree(
          '1.3.6.1.2.1',
          20,
          (varbinds) => {
            for (const { oid, type, value } of varbinds) theirs.set(oid, { type, value });
          },
          (error) => (error ? reject(error) : resolve()),
        ),
      );
    } finally {
      peer.close();
    }
    expect(own.complete).toBe(true);
    expect(own.values.size).toBeGreaterThan(100);
    const stable = [...own.values].filter(([index]) => /^(1|2\.1|2\.2\.1\.([1-8]))\b/.test(index));
    const printed = (value: unknown) => (Buffer.isBuffer(value) ? value.toString('hex') : String(value));
    expect(stable.length).toBeGreaterThan(20);
    for (const [index, value] of stable) {
      if (value.type === 'timeTicks') continue;
      const other = theirs.get(`1.3.6.1.2.1.${index}`)?.value;
      expect(`${index} ${'value' in value ? printed(value.value) : value.type}`).toBe(
        `${index} ${printed(other)}`,
      );
    }
    const missing = [...theirs.keys()].filter((oid) => !own.values.has(oid.slice('1.3.6.1.2.1.'.length)));
    expect(missing.length).toBeLessThan(theirs.size / 100);
  });
});
