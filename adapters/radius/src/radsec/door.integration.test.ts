import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { encodeAttributes } from '../attribute/encode.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { type Certificate, TestAuthority } from '../interop/certificates.ts';
import { installed } from '../interop/free-radius.ts';
import { buildRequest } from '../packet/build.ts';
import { packetCodes } from '../packet/codes.ts';
import { sharedSecret } from '../packet/shared-secret.ts';
import type { Anomaly } from '../server/anomaly.ts';
import { type RadiusServer, type RadiusServerOptions, startRadiusServer } from '../server/server.ts';
import { radSecSecret } from './framing.ts';

const request = buildRequest({
  code: packetCodes['Access-Request'],
  identifier: 1,
  secret: radSecSecret,
  messageAuthenticator: true,
  attributes: encodeAttributes(standardDictionary(), [
    { name: 'User-Name', value: 'alice' },
    { name: 'NAS-Identifier', value: 'b.example' },
  ]),
});

describe.skipIf(!installed('openssl', 'version'))('breaking in where RADIUS over TLS is taken', () => {
  let authority: TestAuthority;
  let ours: Certificate;
  let a: Certificate;
  let server: RadiusServer;
  let anomalies: Anomaly[];
  /** Who asked, by his certificate. */
  let asked: string[];
  /** Certificate names that belong to a NAS. */
  let known: Set<string>;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    authority = await TestAuthority.create();
    ours = await authority.issue('radius.example');
    a = await authority.issue('a.example');
  });
  afterAll(() => rm(authority.folder, { recursive: true, force: true }));
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await server.close();
  });

  const identity = (more: object = {}) => ({
    key: ours.key,
    cert: ours.cert,
    ca: authority.authority.cert,
    ...more,
  });
  async function start(limits: NonNullable<NonNullable<RadiusServerOptions['radSec']>['limits']> = {}) {
    anomalies = [];
    asked = [];
    known = new Set(['a.example', 'b.example']);
    server = await startRadiusServer({
      host: '127.0.0.1',
      authPort: null,
      acctPort: null,
      rejectDelayMs: 0,
      onAnomaly: (anomaly) => anomalies.push(anomaly),
      policy: {
        findNas: () => null,
        findNasOfCertificate: ({ names: [name = ''] }) =>
          known.has(name)
            ? {
                id: name,
                secrets: [sharedSecret('of UDP')],
                requireMessageAuthenticator: 'YES',
                limitProxyState: true,
              }
            : null,
        authenticate: ({ nas }) => {
          asked.push(nas.id);
          return { kind: 'ACCEPT' };
        },
      },
      radSec: { port: 0, limits },
    });
    await server.radSec?.use(identity());
  }
  function open(certificate: Certificate | null, more: ConnectionOptions = {}): TLSSocket {
    const socket = connect({
      host: '127.0.0.1',
      port: server.radSec?.port ?? 0,
      servername: 'radius.example',
      ca: authority.authority.cert,
      ...(certificate === null ? {} : { key: certificate.key, cert: certificate.cert }),
      ...more,
    });
    // What ends a connection may reach its peer as an alert.
    socket.on('error', () => {});
    sockets.push(socket);
    return socket;
  }
  /** Whether a request over it is answered, or the connection ends. */
  async function answered(socket: TLSSocket): Promise<boolean> {
    socket.write(request);
    return Promise.race([
      once(socket, 'data').then(
        () => true,
        () => false,
      ),
      once(socket, 'close').then(() => false),
    ]);
  }
  const closed = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()));

  test('a known certificate is let in, over TLS 1.3 and 1.2, and not over 1.1', async () => {
    await start();
    for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
      const socket = open(a, { minVersion: version, maxVersion: version });
      expect(await answered(socket)).toBe(true);
      expect(socket.getProtocol()).toBe(version);
    }
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    expect(await answered(open(a, old))).toBe(false);
    expect(server.radSec?.connections).toMatchObject([
      { protocol: 'TLSv1.3', nas: { id: 'a.example' } },
      { protocol: 'TLSv1.2' },
    ]);
  });

  test('no certificate, another authority, one that has ended, one for servers only: refused, and named', async () => {
    const foreign = await TestAuthority.create();
    const refused: [string, Certificate | null, string][] = [
      ['none', null, 'no certificate'],
      ['foreign', await foreign.issue('a.example'), 'SHA-256'],
      [
        'ended',
        await authority.issue('ended.example', { subjectAltName: 'DNS:a.example', days: -1 }),
        'CERT_HAS_EXPIRED',
      ],
      [
        'of a server',
        await authority.issue('server.example', {
          subjectAltName: 'DNS:a.example',
          extendedKeyUsage: 'serverAuth',
        }),
        'INVALID_PURPOSE',
      ],
    ];
    for (const [why, certificate, detail] of refused) {
      for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
        await start();
        expect(await answered(open(certificate, { minVersion: version, maxVersion: version })), why).toBe(
          false,
        );
        await expect
          .poll(() => anomalies)
          .toMatchObject([
            { kind: 'RADSEC_REFUSED', sourceAddress: '127.0.0.1', detail: expect.stringContaining(detail) },
          ]);
        expect(asked).toEqual([]);
        await server.close();
      }
    }
    await start();
    await rm(foreign.folder, { recursive: true, force: true });
  });

  test('whoever a packet says it comes from, it is of the NAS whose certificate was shown', async () => {
    await start();
    expect(await answered(open(a))).toBe(true);
    expect(asked).toEqual(['a.example']);
  });

  test('a common name counts only without DNS names, and no entry of a SAN passes for another', async () => {
    await start();
    const commonName = await authority.issue('b.example', { subjectAltName: '' });
    expect(await answered(open(commonName))).toBe(true);
    // The common name says b, the SAN somebody else.
    const other = await authority.issue('b.example', { subjectAltName: 'DNS:stranger.example' });
    expect(await answered(open(other))).toBe(false);
    const forged = await authority.issue('forged.example', {
      subjectAltName: '@names\n[names]\nURI=x://stranger\\, DNS:b.example\n[more]',
    });
    expect(await answered(open(forged))).toBe(false);
    expect(asked).toEqual(['b.example']);
    expect(anomalies).toMatchObject([{ kind: 'RADSEC_UNKNOWN_CERTIFICATE' }]);
  });

  test('a NAS that goes, and a certificate that is revoked, lose their open connections; a new certificate of ours ends none', async () => {
    await start();
    const b = await authority.issue('b.example');
    const [first, second] = [open(a), open(b)];
    expect(await answered(first)).toBe(true);
    expect(await answered(second)).toBe(true);
    const renewed = await authority.issue('radius.example');
    await server.radSec?.use(identity({ key: renewed.key, cert: renewed.cert }));
    expect(await answered(first)).toBe(true);
    const newcomer = open(a);
    expect(await answered(newcomer)).toBe(true);
    const { fingerprint256 } = newcomer.getPeerCertificate();
    expect(fingerprint256).not.toBe(first.getPeerCertificate().fingerprint256);

    known.delete('b.example');
    const gone = closed(second);
    server.radSec?.recheck();
    await gone;
    expect(await answered(first)).toBe(true);

    const all = [closed(first), closed(newcomer)];
    const crl = await authority.revoke(a);
    await server.radSec?.use(identity({ crl }));
    await Promise.all(all);
    expect(await answered(open(a))).toBe(false);
    known.add('b.example');
    expect(await answered(open(b))).toBe(true);
    // Without other authorities nobody comes in; a session of before does not help.
    const foreign = await TestAuthority.create();
    const session = first.getSession();
    await server.radSec?.use(identity({ ca: foreign.authority.cert }));
    expect(await answered(open(b, session === undefined ? {} : { session }))).toBe(false);
    await rm(foreign.folder, { recursive: true, force: true });
    await server.radSec?.use(null);
    expect(server.radSec?.port).toBeNull();
  });

  test('a session is not taken up again, with or without its certificate', async () => {
    await start();
    for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
      const range = { minVersion: version, maxVersion: version };
      const one = open(a, range);
      let session = null as Buffer | null;
      one.on('session', (news: Buffer) => {
        session = news;
      });
      expect(await answered(one)).toBe(true);
      session ??= one.getSession() ?? null;
      const resuming = session === null ? range : { ...range, session };
      const again = open(a, resuming);
      expect(await answered(again)).toBe(true);
      expect(again.isSessionReused()).toBe(false);
      expect(await answered(open(null, resuming))).toBe(false);
    }
  });

  test('who connects and says nothing is let go in time', async () => {
    await start({ handshakeMs: 200 });
    const silent = connectTcp(server.radSec?.port ?? 0, '127.0.0.1');
    sockets.push(silent.resume());
    await closed(silent);
    await expect.poll(() => server.radSec?.halfOpen).toBe(0);
    expect(anomalies).toMatchObject([{ kind: 'RADSEC_REFUSED', detail: 'ERR_TLS_HANDSHAKE_TIMEOUT' }]);
  });

  test('a packet that never ends costs its connection, and no other', async () => {
    await start({ packetMs: 200 });
    const [good, slow] = [open(a), open(a)];
    const end = closed(slow.resume());
    slow.write(request.subarray(0, 25));
    await end;
    expect(await answered(good)).toBe(true);
  });

  test('a connection that is silent for long is closed', async () => {
    await start({ idleMs: 200 });
    await closed(open(a).resume());
    expect(anomalies).toEqual([]);
  });

  test('many half-open connections keep nobody out, and one NAS cannot take all places', async () => {
    await start({ mostHalfOpenPerAddress: 4, mostPerNas: 2 });
    const held = Array.from({ length: 12 }, () => connectTcp(server.radSec?.port ?? 0, '127.0.0.1').resume());
    sockets.push(...held);
    for (const socket of held) socket.on('error', () => {});
    await expect.poll(() => held.filter(({ closed: over }) => over).length).toBe(8);
    expect(server.radSec?.halfOpen).toBe(4);
    const first = open(a);
    expect(await answered(first)).toBe(true);
    expect(await answered(open(a))).toBe(true);
    const over = closed(first);
    expect(await answered(open(a))).toBe(true);
    await over;
    expect(server.radSec?.connections).toHaveLength(2);
  });

  test.each([
    ['a length that is none', Buffer.from([1, 1, 0, 5, 0])],
    ['more than 4096 octets', Buffer.from([1, 1, 0x10, 1, 0])],
    ['what is no RADIUS', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ])('%s ends the connection and is reported', async (_, octets) => {
    await start();
    const socket = open(a);
    const over = closed(socket);
    socket.write(octets);
    socket.resume();
    await over;
    expect(anomalies).toMatchObject([{ kind: 'RADSEC_REFUSED', nasId: 'a.example' }]);
  });

  test('whoever leaves his replies unread is let go', async () => {
    await start({ mostUnsent: 4096 });
    const socket = open(a);
    await once(socket, 'secureConnect');
    socket.pause();
    const over = closed(socket);
    const flood = () => {
      while (
        !socket.destroyed &&
        socket.write(Buffer.concat(Array.from({ length: 500 }, (_, n) => renumbered(n))))
      );
      if (!socket.destroyed) socket.once('drain', flood);
    };
    flood();
    await over;
  });
});

/** The request as another one. */
function renumbered(n: number): Buffer {
  return buildRequest({
    code: packetCodes['Access-Request'],
    identifier: n & 255,
    secret: radSecSecret,
    messageAuthenticator: true,
    attributes: encodeAttributes(standardDictionary(), [{ name: 'User-Name', value: 'alice' }]),
  });
}
