import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { encodeAttributes } from '../attribute/encode.ts';
import { verifyPassword } from '../authentication/verify.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { makeCertificates } from '../interop/certificates.ts';
import { installed } from '../interop/free-radius.ts';
import { buildRequest, verifyReply } from '../packet/build.ts';
import { packetCodes } from '../packet/codes.ts';
import { sharedSecret } from '../packet/shared-secret.ts';
import type { AccountingRecord } from '../server/accounting-record.ts';
import type { Anomaly } from '../server/anomaly.ts';
import { type RadiusServer, startRadiusServer } from '../server/server.ts';
import { RadSecClient } from './client.ts';
import { packetFramer, radSecSecret } from './framing.ts';

/** Of UDP. */
const unused = sharedSecret('another secret');

describe.skipIf(!installed('openssl', 'version'))('RADIUS over TLS', () => {
  let certificates: Awaited<ReturnType<typeof makeCertificates>>;
  let server: RadiusServer;
  let records: AccountingRecord[];
  let anomalies: Anomaly[];
  const clients: RadSecClient[] = [];

  const start = async (port = 0) => {
    const { key, cert } = certificates.issued['radius.example'] as { key: string; cert: string };
    records = [];
    anomalies = [];
    server = await startRadiusServer({
      host: '127.0.0.1',
      authPort: null,
      acctPort: 0,
      rejectDelayMs: 0,
      onAnomaly: (anomaly) => anomalies.push(anomaly),
      policy: {
        findNas: () => null,
        authenticate: (request) =>
          verifyPassword(request, 'opensesame')
            ? { kind: 'ACCEPT' }
            : { kind: 'REJECT', reason: 'BAD_PASSWORD' },
        findNasOfCertificate: ({ names }) =>
          names.includes('nas.example')
            ? { id: 'nas-tls', secrets: [unused], requireMessageAuthenticator: 'YES', limitProxyState: true }
            : null,
      },
      accounting: { record: async (batch) => void records.push(...batch) },
      radSec: { port },
    });
    await server.radSec?.use({ key, cert, ca: certificates.authority.cert });
  };
  const open = (name: string, port = server.radSec?.port as number): RadSecClient => {
    const { key, cert } = certificates.issued[name] as { key: string; cert: string };
    const ca = certificates.authority.cert;
    const client = new RadSecClient({ host: '127.0.0.1', port, serverName: 'radius.example', key, cert, ca });
    clients.push(client);
    return client;
  };
  const login = (client: RadSecClient, password: string) =>
    client.exchange({
      code: packetCodes['Access-Request'],
      replyCodes: [packetCodes['Access-Accept'], packetCodes['Access-Reject']],
      messageAuthenticator: true,
      attributes: [
        { name: 'User-Name', value: 'alice' },
        { name: 'User-Password', value: password },
      ],
    });

  beforeAll(async () => {
    certificates = await makeCertificates(['radius.example', 'nas.example', 'stranger.example']);
  });
  afterAll(async () => {
    await rm(certificates.folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await server.close();
  });

  test('authentication and accounting over one connection, many at a time', async () => {
    await start();
    const client = open('nas.example');
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => login(client, index % 2 === 0 ? 'opensesame' : 'guess')),
    );
    expect(answers.map(({ reply }) => reply?.code)).toEqual(
      answers.map((_, index) => (index % 2 === 0 ? 2 : 3)),
    );
    const { reply } = await client.exchange({
      code: packetCodes['Accounting-Request'],
      replyCodes: [packetCodes['Accounting-Response']],
      messageAuthenticator: false,
      attributes: [
        { name: 'Acct-Status-Type', value: 'Start' },
        { name: 'Acct-Session-Id', value: '81' },
      ],
    });
    expect(reply?.code).toBe(packetCodes['Accounting-Response']);
    expect(records).toMatchObject([{ nas: { id: 'nas-tls' }, sessionId: '81' }]);
  });

  test('a signed certificate of nobody we know is refused and reported; so is one of nobody we trust', async () => {
    await start();
    await expect(login(open('stranger.example'), 'opensesame')).rejects.toMatchObject({
      name: 'DeviceError',
    });
    expect(anomalies).toMatchObject([
      { kind: 'RADSEC_UNKNOWN_CERTIFICATE', detail: expect.stringContaining('"stranger.example"') },
    ]);
    const foreign = await makeCertificates(['nas.example']);
    const { key, cert } = foreign.issued['nas.example'] as { key: string; cert: string };
    const ca = certificates.authority.cert;
    const client = new RadSecClient({
      host: '127.0.0.1',
      port: server.radSec?.port as number,
      serverName: 'radius.example',
      key,
      cert,
      ca,
    });
    clients.push(client);
    await expect(login(client, 'opensesame')).rejects.toMatchObject({ name: 'DeviceError' });
    await rm(foreign.folder, { recursive: true, force: true });
  });

  test('a server with another name is not trusted', async () => {
    await start();
    const { key, cert } = certificates.issued['nas.example'] as { key: string; cert: string };
    const client = new RadSecClient({
      host: '127.0.0.1',
      port: server.radSec?.port as number,
      serverName: 'other.example',
      key,
      cert,
      ca: certificates.authority.cert,
    });
    clients.push(client);
    await expect(login(client, 'opensesame')).rejects.toMatchObject({ code: 'TLS_UNTRUSTED' });
  });

  test('a peer that accepts TCP and never speaks TLS is given up in time', async () => {
    await start();
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const accepted = once(silent, 'connection') as Promise<[Socket]>;
    const { key, cert } = certificates.issued['nas.example'] as { key: string; cert: string };
    const { port } = silent.address() as AddressInfo;
    const ca = certificates.authority.cert;
    const client = new RadSecClient({ host: '127.0.0.1', port, key, cert, ca, timeoutMs: 100 });
    clients.push(client);
    await expect(login(client, 'opensesame')).rejects.toMatchObject({ code: 'UNREACHABLE' });
    (await accepted)[0].destroy();
    silent.close();
    await once(silent, 'close');
  });

  test('a broken connection is opened again by the next request', async () => {
    await start();
    const client = open('nas.example');
    const port = server.radSec?.port as number;
    expect((await login(client, 'opensesame')).reply?.code).toBe(2);
    await server.close();
    await start(port);
    // The close may still be on its way to the client; at most one request is lost to it.
    const again = await login(client, 'opensesame').catch(() => login(client, 'opensesame'));
    expect(again.reply?.code).toBe(2);
  });

  test('packets that come octet by octet, or all at once, are answered; a length that cannot be one ends the stream', async () => {
    await start();
    const { key, cert } = certificates.issued['nas.example'] as { key: string; cert: string };
    const socket = connect({
      host: '127.0.0.1',
      port: server.radSec?.port as number,
      servername: 'radius.example',
      key,
      cert,
      ca: certificates.authority.cert,
    });
    const status = (identifier: number) =>
      buildRequest({
        code: packetCodes['Status-Server'],
        identifier,
        secret: radSecSecret,
        messageAuthenticator: true,
        attributes: encodeAttributes(standardDictionary(), [{ name: 'NAS-Identifier', value: 'x' }]),
      });
    const requests = [status(0), status(1), status(2)];
    const cut = packetFramer();
    const replies: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => replies.push(...(cut(chunk) ?? [])));
    for (const octet of requests[0] as Buffer) socket.write(Buffer.from([octet]));
    socket.write(Buffer.concat(requests.slice(1)));
    await expect.poll(() => replies.length).toBe(3);
    replies.forEach((reply, index) => {
      expect(verifyReply(reply, requests[index] as Buffer, radSecSecret, true)).toBeNull();
    });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(Buffer.from([1, 1, 0, 5, 0]));
    await closed;
  });
});
