import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { encodeAttributes } from '../attribute/encode.ts';
import { CoaClient } from '../coa/client.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { type Certificate, TestAuthority } from '../interop/certificates.ts';
import { installed } from '../interop/free-radius.ts';
import { buildReply, verifySignedRequest } from '../packet/build.ts';
import { packetCodes } from '../packet/codes.ts';
import { createScan, scanPacket } from '../packet/scan.ts';
import { sharedSecret } from '../packet/shared-secret.ts';
import type { Anomaly } from '../server/anomaly.ts';
import { type RadiusServer, startRadiusServer } from '../server/server.ts';
import { RadSecClient, type RadSecClientOptions } from './client.ts';
import type { RadSecConnection } from './connection.ts';
import { radSecSecret } from './framing.ts';

const dictionary = standardDictionary();

/** A genuine answer of a NAS. */
function answer(request: Buffer, code: number, errorCause: number | null = null): Buffer {
  const scan = createScan();
  expect(scanPacket(request, scan)).toBeNull();
  expect(verifySignedRequest(request, radSecSecret)).toBeNull();
  const cause = errorCause === null ? [] : [{ name: 'Error-Cause', value: errorCause }];
  const blocks = [encodeAttributes(dictionary, cause)];
  return buildReply({ code, request, scan, secret: radSecSecret, blocks, messageAuthenticator: true });
}

describe.skipIf(!installed('openssl', 'version'))('CoA over the connection that a NAS keeps', () => {
  let authority: TestAuthority;
  let ours: Certificate;
  let theirs: Certificate;
  let server: RadiusServer;
  const anomalies: Anomaly[] = [];
  const client = new CoaClient({ waitsMs: [20_000] });
  /** For what is never answered. */
  const hasty = new CoaClient({ waitsMs: [750, 750], jitter: 0 });
  const nases: RadSecClient[] = [];
  beforeAll(async () => {
    authority = await TestAuthority.create();
    ours = await authority.issue('radius.example');
    theirs = await authority.issue('nas.example');
    const nas = {
      id: 'nas',
      secrets: [sharedSecret('of UDP')],
      requireMessageAuthenticator: 'YES',
      limitProxyState: true,
    } as const;
    server = await startRadiusServer({
      host: '127.0.0.1',
      authPort: null,
      acctPort: null,
      rejectDelayMs: 0,
      onAnomaly: (anomaly) => anomalies.push(anomaly),
      policy: {
        findNas: () => null,
        findNasOfCertificate: () => nas,
        authenticate: () => ({ kind: 'ACCEPT' }),
      },
      radSec: { port: 0 },
    });
    await server.radSec?.use({ key: ours.key, cert: ours.cert, ca: authority.authority.cert });
  });
  afterAll(async () => {
    await client.close();
    await hasty.close();
    await server?.close();
    await rm(authority.folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    await Promise.all(nases.splice(0).map((nas) => nas.close()));
  });

  /** A NAS that is connected, and has logged somebody in over its connection. */
  async function connected(onRequest: NonNullable<RadSecClientOptions['onRequest']>) {
    const nas = new RadSecClient({
      host: '127.0.0.1',
      port: server.radSec?.port ?? 0,
      serverName: 'radius.example',
      key: theirs.key,
      cert: theirs.cert,
      ca: authority.authority.cert,
      onRequest,
    });
    nases.push(nas);
    await login(nas);
    const connection = server.radSec?.connections.at(-1);
    if (connection === undefined) throw new Error('The NAS is not connected');
    return { nas, connection };
  }
  async function login(nas: RadSecClient): Promise<void> {
    const { reply } = await nas.exchange({
      code: packetCodes['Access-Request'],
      replyCodes: [packetCodes['Access-Accept']],
      attributes: [{ name: 'User-Name', value: 'ada' }],
      messageAuthenticator: true,
    });
    expect(reply).not.toBeNull();
  }
  const send = (connection: RadSecConnection, kind: 'CoA' | 'Disconnect', by: CoaClient = client) =>
    by.send({
      host: 'nas.example',
      port: 3799,
      secret: sharedSecret('of UDP'),
      kind,
      attributes: [{ name: 'Acct-Session-Id', value: '81' }],
      connection,
    });

  test('its ACK and its NAK with a cause are taken; logins go on over the same connection', async () => {
    const codes: number[] = [];
    const { nas, connection } = await connected((request, reply) => {
      codes.push(request[0] as number);
      if (request[0] === packetCodes['CoA-Request']) reply(answer(request, packetCodes['CoA-ACK']));
      else reply(answer(request, packetCodes['Disconnect-NAK'], 503));
    });
    expect(await send(connection, 'CoA')).toMatchObject({ outcome: 'ACK', transmissions: 1 });
    expect(await send(connection, 'Disconnect')).toMatchObject({
      outcome: 'NAK',
      errorCause: { code: 503, meaning: 'SESSION_GONE' },
    });
    await login(nas);
    expect(codes).toEqual([packetCodes['CoA-Request'], packetCodes['Disconnect-Request']]);
    expect(server.radSec?.connections.at(-1)).toBe(connection);
  });

  test('many at a time are told apart, in whatever order they are answered', async () => {
    const held: (() => void)[] = [];
    const { connection } = await connected((request, reply) => {
      held.unshift(() => reply(answer(request, packetCodes['CoA-ACK'])));
      if (held.length === 20) for (const go of held) go();
    });
    const results = await Promise.all(Array.from({ length: 20 }, () => send(connection, 'CoA')));
    expect(results.map(({ outcome }) => outcome)).toEqual(Array(20).fill('ACK'));
  });

  test('silence, an end before the answer, and no connection at all are told apart', async () => {
    const silent = await connected(() => {});
    expect(await send(silent.connection, 'CoA', hasty)).toMatchObject({
      outcome: 'TIMEOUT',
      transmissions: 1,
    });
    const gone = await connected(() => void gone.nas.close());
    expect(await send(gone.connection, 'CoA')).toMatchObject({ outcome: 'CONNECTION_LOST' });
    const request = { host: 'nas.example', port: 3799, secret: sharedSecret('of UDP'), attributes: [] };
    expect(await client.send({ ...request, kind: 'CoA', connection: null })).toMatchObject({
      outcome: 'NOT_CONNECTED',
      transmissions: 0,
    });
  });

  test('an answer that is not genuine, or to nothing that was asked, counts for nothing and is reported', async () => {
    anomalies.length = 0;
    const { connection } = await connected((request, reply) => {
      const forged = answer(request, packetCodes['CoA-ACK']);
      forged.writeUInt8((forged[4] as number) ^ 1, 4);
      reply(forged);
      const other = answer(request, packetCodes['CoA-ACK']);
      other.writeUInt8(((other[1] as number) + 7) & 255, 1);
      reply(other);
      // A reply of another kind than what was asked.
      reply(answer(request, packetCodes['Disconnect-ACK']));
    });
    expect(await send(connection, 'CoA', hasty)).toMatchObject({ outcome: 'TIMEOUT' });
    await vi.waitFor(
      () =>
        expect(anomalies).toContainEqual(expect.objectContaining({ kind: 'UNEXPECTED_CODE', nasId: 'nas' })),
      { timeout: 20_000 },
    );
  });
});
