import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyPassword } from '../authentication/verify.ts';
import { RadiusClient } from '../client/client.ts';
import { packetCodes } from '../packet/codes.ts';
import { sharedSecret } from '../packet/shared-secret.ts';
import { RadSecClient } from '../radsec/client.ts';
import type { Nas } from '../server/nas.ts';
import { type RadiusServer, startRadiusServer } from '../server/server.ts';
import { makeCertificates } from './certificates.ts';
import { freeTcpPort, freeUdpPort, installed } from './free-radius.ts';

const available = installed('radsecproxy') && installed('openssl', 'version');

describe.skipIf(!available)('radsecproxy between a NAS and us, TLS on either side', () => {
  let certificates: Awaited<ReturnType<typeof makeCertificates>>;
  let server: RadiusServer;
  let proxy: ChildProcess;
  let udpPort: number;
  let tlsPort: number;
  const nas: Nas = {
    id: 'proxy',
    secrets: [sharedSecret('testing123')],
    requireMessageAuthenticator: 'YES',
    limitProxyState: true,
  };
  const request = {
    code: packetCodes['Access-Request'],
    replyCodes: [packetCodes['Access-Accept'], packetCodes['Access-Reject']],
    messageAuthenticator: true,
  };
  const credentials = (userName: string, password = 'opensesame') => [
    { name: 'User-Name', value: userName },
    { name: 'User-Password', value: password },
  ];

  beforeAll(async () => {
    certificates = await makeCertificates(['radius.example', 'proxy.example']);
    const { authority, issued, folder } = certificates;
    const ours = issued['radius.example'] as { key: string; cert: string };
    const theirs = issued['proxy.example'] as { keyFile: string; certFile: string };
    server = await startRadiusServer({
      host: '127.0.0.1',
      authPort: 0,
      acctPort: null,
      rejectDelayMs: 0,
      policy: {
        findNas: () => nas,
        findNasOfCertificate: ({ names }) => (names[0] === 'proxy.example' ? nas : null),
        authenticate: (view) =>
          verifyPassword(view, 'opensesame')
            ? { kind: 'ACCEPT', attributes: [{ name: 'Tunnel-Password', value: 'hidden', tag: 1 }] }
            : { kind: 'REJECT', reason: 'BAD_PASSWORD' },
      },
      radSec: { port: 0 },
    });
    await server.radSec?.use({ key: ours.key, cert: ours.cert, ca: authority.cert });
    udpPort = await freeUdpPort();
    tlsPort = await freeTcpPort();
    await writeFile(
      join(folder, 'radsecproxy.conf'),
      `ListenUDP 127.0.0.1:${udpPort}
ListenTLS 127.0.0.1:${tlsPort}
tls default {
  CACertificateFile ${authority.certFile}
  CertificateFile ${theirs.certFile}
  CertificateKeyFile ${theirs.keyFile}
}
client from-udp {
  host 127.0.0.1
  type udp
  secret testing123
}
client from-tls {
  host 127.0.0.1
  type tls
  certificateNameCheck off
}
server over-tls {
  host 127.0.0.1
  port ${server.radSec?.port}
  type tls
  certificateNameCheck off
}
server over-udp {
  host 127.0.0.1
  port ${server.authPort}
  type udp
  secret testing123
}
realm tls.example {
  server over-tls
}
realm udp.example {
  server over-udp
}
`,
    );
    proxy = spawn('radsecproxy', ['-f', '-d', '2', '-c', join(folder, 'radsecproxy.conf')]);
    let log = '';
    await new Promise<void>((resolve, reject) => {
      proxy.stderr?.on('data', (chunk) => {
        log += chunk;
        if (log.includes('listening for udp') && log.includes('listening for tls')) resolve();
      });
      proxy.once('exit', () => reject(new Error(`radsecproxy ended:\n${log}`)));
    });
  });
  afterAll(async () => {
    proxy.removeAllListeners('exit');
    proxy.kill();
    await once(proxy, 'exit');
    await server.close();
    await rm(certificates.folder, { recursive: true, force: true });
  });

  test('in: UDP to the proxy, TLS to us', async () => {
    const client = new RadiusClient();
    const login = (password: string) =>
      client.exchange({
        ...request,
        host: '127.0.0.1',
        port: udpPort,
        secret: sharedSecret('testing123'),
        attributes: credentials('alice@tls.example', password),
        // The proxy drops what comes before its own connection stands.
        waitsMs: [300, 300, 1000, 3000],
      });
    const { reply } = await login('opensesame');
    expect(reply).toMatchObject({ code: 2 });
    expect(reply?.attributes).toContainEqual(
      expect.objectContaining({ name: 'Tunnel-Password', value: 'hidden' }),
    );
    expect((await login('guess')).reply?.code).toBe(3);
    await client.close();
  });

  test('out: TLS from us to the proxy, UDP on to the server', async () => {
    const { key, cert } = certificates.issued['radius.example'] as { key: string; cert: string };
    const ca = certificates.authority.cert;
    const client = new RadSecClient({
      host: '127.0.0.1',
      port: tlsPort,
      serverName: 'proxy.example',
      key,
      cert,
      ca,
    });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        client.exchange({ ...request, attributes: credentials('alice@udp.example') }),
      ),
    );
    expect(new Set(answers.map(({ reply }) => reply?.code))).toEqual(new Set([2]));
    await client.close();
  });
});
