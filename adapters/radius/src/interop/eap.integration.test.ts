import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyPassword } from '../authentication/verify.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import type { EapMethodName } from '../eap/server.ts';
import { sharedSecret } from '../packet/shared-secret.ts';
import type { AccessRequestView } from '../server/access-request.ts';
import type { AccessDecision } from '../server/policy.ts';
import { type RadiusServer, startRadiusServer } from '../server/server.ts';
import { redactPacket } from '../trace/redact.ts';
import { PacketTap, type TapEntry } from '../trace/tap.ts';
import { makeCertificates } from './certificates.ts';
import { installed } from './free-radius.ts';

const available = installed('eapol_test') && installed('openssl', 'version');

describe.skipIf(!available)('eapol_test of wpa_supplicant as the peer', () => {
  let certificates: Awaited<ReturnType<typeof makeCertificates>>;
  let server: RadiusServer;
  let asked: string[];
  /** What is listened to: alice's packets, whoever her tunnel says she is from outside. */
  let heard: TapEntry<string>[];
  const tap = new PacketTap<string>({
    subjectOf: (userName) => (userName === 'someone@example.net' ? null : userName),
    wanted: (subject) => subject === 'alice',
    take: (_, entry) => heard.push(entry),
  });

  const authenticate = (request: AccessRequestView): AccessDecision => {
    asked.push(`${request.method} ${request.userName}`);
    if (tap.on) {
      const { sourceAddress, packet, nas, receivedAt } = request;
      const about = { sourceAddress, packet, nasId: nas.id, at: receivedAt };
      tap.decided(about, request.userName, request.method);
    }
    if (request.presented?.method === 'EAP-TLS')
      return request.presented.certificate.commonName === 'alice.example'
        ? { kind: 'ACCEPT' }
        : { kind: 'REJECT', reason: 'CERTIFICATE_UNKNOWN' };
    return request.userName === 'alice' && verifyPassword(request, 'opensesame')
      ? { kind: 'ACCEPT', attributes: [{ name: 'Session-Timeout', value: 3600 }] }
      : { kind: 'REJECT', reason: 'BAD_PASSWORD' };
  };
  const start = async (methods: readonly EapMethodName[]) => {
    const { authority, issued } = certificates;
    const { key, cert } = issued['radius.example'] as { key: string; cert: string };
    asked = [];
    server = await startRadiusServer({
      host: '127.0.0.1',
      authPort: 0,
      acctPort: null,
      rejectDelayMs: 0,
      tap,
      eap: { methods, tls: { key, cert, ca: authority.cert } },
      policy: {
        findNas: () => ({
          id: 'ap-1',
          secrets: [sharedSecret('testing123')],
          requireMessageAuthenticator: 'YES',
          limitProxyState: true,
        }),
        authenticate,
      },
    });
  };
  const eapol = async (network: string, ...more: string[]): Promise<string> => {
    const file = join(certificates.folder, `peer-${Math.random()}.conf`);
    await writeFile(file, `network={\nkey_mgmt=WPA-EAP\n${network}\n}\n`);
    const options = [
      '-c',
      file,
      '-a',
      '127.0.0.1',
      '-p',
      String(server.authPort),
      '-s',
      'testing123',
      '-t',
      '10',
    ];
    return new Promise((resolve) =>
      execFile('eapol_test', [...options, ...more], { maxBuffer: 1e8 }, (_, out) => resolve(out)),
    );
  };
  const succeeded = (out: string) => out.trimEnd().endsWith('SUCCESS');

  beforeAll(async () => {
    certificates = await makeCertificates(['radius.example', 'alice.example', 'mallory.example']);
  });
  afterAll(async () => {
    await rm(certificates.folder, { recursive: true, force: true });
  });

  const tunnel = () =>
    `ca_cert="${certificates.authority.certFile}"\nanonymous_identity="someone@example.net"`;
  const user = (password = 'opensesame') => `identity="alice"\npassword="${password}"`;
  const cases: readonly {
    name: string;
    method: EapMethodName;
    network: (password?: string) => string;
    asks: string;
    keys: boolean;
  }[] = [
    {
      name: 'MD5',
      method: 'MD5',
      network: (password) => `eap=MD5\n${user(password)}`,
      asks: 'EAP-MD5 alice',
      keys: false,
    },
    {
      name: 'MSCHAPv2',
      method: 'MSCHAPV2',
      network: (password) => `eap=MSCHAPV2\n${user(password)}`,
      asks: 'EAP-MSCHAPV2 alice',
      keys: true,
    },
    {
      name: 'TTLS-PAP',
      method: 'TTLS',
      network: (password) => `eap=TTLS\nphase2="auth=PAP"\n${tunnel()}\n${user(password)}`,
      asks: 'TTLS-PAP alice',
      keys: true,
    },
    {
      name: 'TTLS-MSCHAPv2',
      method: 'TTLS',
      network: (password) => `eap=TTLS\nphase2="auth=MSCHAPV2"\n${tunnel()}\n${user(password)}`,
      asks: 'TTLS-MSCHAPV2 alice',
      keys: true,
    },
    {
      name: 'PEAP-MSCHAPv2',
      method: 'PEAP',
      network: (password) => `eap=PEAP\nphase2="auth=MSCHAPV2"\n${tunnel()}\n${user(password)}`,
      asks: 'PEAP-MSCHAPV2 alice',
      keys: true,
    },
  ];
  test.each(cases)(
    '$name: accepted with matching keys, and refused with a wrong password',
    async ({ method, network, asks, keys }) => {
      await start([method]);
      const more = keys ? [] : ['-n'];
      const good = await eapol(network(), ...more);
      expect(succeeded(good), good.slice(-3000)).toBe(true);
      if (keys) expect(good).toMatch(/MPPE keys OK: 1 {2}mismatch: 0/);
      expect(asked).toEqual([asks]);
      const bad = await eapol(network('guess'), ...more);
      expect(succeeded(bad)).toBe(false);
      expect(bad).toContain('Access-Reject');
      await server.close();
    },
  );

  const withCertificate = (name: string) => {
    const { keyFile, certFile } = certificates.issued[name] as { keyFile: string; certFile: string };
    return `eap=TLS\nidentity="alice"\nca_cert="${certificates.authority.certFile}"\nclient_cert="${certFile}"\nprivate_key="${keyFile}"`;
  };
  test('TLS: the certificate is the credential, and the policy decides whose', async () => {
    await start(['TLS']);
    const good = await eapol(withCertificate('alice.example'));
    expect(succeeded(good), good.slice(-3000)).toBe(true);
    expect(good).toMatch(/MPPE keys OK: 1 {2}mismatch: 0/);
    const bad = await eapol(withCertificate('mallory.example'));
    expect(succeeded(bad)).toBe(false);
    expect(asked).toEqual(['EAP-TLS alice', 'EAP-TLS alice']);
    await server.close();
  });

  test('TLS: a certificate of another authority is refused before the policy is asked', async () => {
    const foreign = await makeCertificates(['alice.example']);
    await start(['TLS']);
    const { keyFile, certFile } = foreign.issued['alice.example'] as { keyFile: string; certFile: string };
    const bad = await eapol(
      `eap=TLS\nidentity="alice"\nca_cert="${certificates.authority.certFile}"\nclient_cert="${certFile}"\nprivate_key="${keyFile}"`,
    );
    await rm(foreign.folder, { recursive: true, force: true });
    expect(succeeded(bad)).toBe(false);
    expect(bad).toContain('Access-Reject');
    expect(asked).toEqual([]);
    await server.close();
  });

  test('a trace hears a whole tunnel once its inside says who it is, and shows none of what it says', async () => {
    heard = [];
    tap.on = true;
    await start(['TTLS']);
    expect(succeeded(await eapol(`eap=TTLS\nphase2="auth=PAP"\n${tunnel()}\n${user()}`))).toBe(true);
    await server.close();
    tap.silence();
    const packets = heard.flatMap((entry) =>
      entry.kind === 'PACKET'
        ? [{ ...entry, ...redactPacket(entry.packet, standardDictionary(), { hideUserName: false }) }]
        : [],
    );
    const codes = packets.map(({ direction, code }) => `${direction} ${code}`);
    expect(codes.slice(0, 2)).toEqual(['RECEIVED Access-Request', 'SENT Access-Challenge']);
    expect(codes.at(-1)).toBe('SENT Access-Accept');
    expect(codes.length).toBeGreaterThan(6);
    // The decision stands between the last request and its reply.
    expect(heard.map(({ kind }) => kind).indexOf('DECISION')).toBe(heard.length - 2);
    const values = packets.flatMap(({ attributes }) => attributes);
    expect(values.filter(({ name }) => name.startsWith('MS-MPPE')).map(({ value }) => value)).toEqual([
      null,
      null,
    ]);
    expect(values.filter(({ name }) => name === 'EAP-Message').map(({ value }) => value)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^Response \d+, IDENTITY$/),
        expect.stringMatching(/^Response \d+, TTLS$/),
      ]),
    );
    expect(JSON.stringify(values)).not.toContain('opensesame');
  });

  test('a peer that declines the first method gets the one it wants', async () => {
    await start(['PEAP', 'TTLS', 'MSCHAPV2']);
    const out = await eapol(`eap=TTLS\nphase2="auth=PAP"\n${tunnel()}\n${user()}`);
    expect(succeeded(out), out.slice(-3000)).toBe(true);
    const none = await eapol(`eap=MD5\n${user()}`, '-n');
    expect(succeeded(none)).toBe(false);
    expect(none).toContain('Access-Reject');
    await server.close();
  });
});
