import { existsSync, readFileSync } from 'node:fs';
import { systemClock } from '@dotmac/device';
import { hasSnmpd, type RunningSnmpd, startSnmpd } from '@dotmac/lab/snmp';
import { createSession, Version2c } from 'net-snmp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuthProtocol, PrivProtocol, UserCredential } from './credential.ts';
import { SnmpEngine } from './engine/engine.ts';
import { readResolvedAddresses } from './mib/address-resolution.ts';

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

describe.skipIf(!hasSnmpd)('against snmpd', () => {
  const engine = new SnmpEngine({ clock: systemClock, tries: 2 });
  let target: RunningSnmpd;

  beforeAll(async () => {
    const users = auths.flatMap((auth) => privs.map((priv) => [auth, priv] as const));
    target = await startSnmpd([
      'rocommunity public',
      'sysName lab-agent',
      ...users.flatMap(([auth, priv]) => [
        `createUser u-${auth}-${priv} ${authNames[auth]} ${authPassword} ${privNames[priv]} ${privPassword}`,
        `rouser u-${auth}-${priv} authNoPriv`,
      ]),
      'createUser nobody',
      'rouser nobody noauth',
    ]);
  });

  afterAll(async () => {
    await engine.close();
    await target?.[Symbol.asyncDispose]();
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
