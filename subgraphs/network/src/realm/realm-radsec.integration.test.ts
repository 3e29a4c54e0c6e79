import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeCertificates } from '@dotmac/radius/certificates';
import {
  type FreeRadius,
  freeTcpPort,
  freeUdpPort,
  installed,
  startFreeRadius,
} from '@dotmac/radius/free-radius';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';

const configuration = (port: number) => `
modules {
  files {
    filename = \${confdir}/users
  }
  pap {
  }
}
server home {
  listen {
    type = auth
    ipaddr = 127.0.0.1
    port = ${port}
  }
  authorize {
    files
    pap
  }
  authenticate {
    Auth-Type PAP {
      pap
    }
  }
}
`;
const users = 'roamer@tls.example Cleartext-Password := "opensesame"\n  Framed-IP-Address := 198.51.100.8\n';
const available = installed('freeradius') && installed('radsecproxy') && installed('openssl', 'version');

describe.skipIf(!available)('a realm behind radsecproxy, over TLS', () => {
  let isp: TestNetwork;
  let home: FreeRadius;
  let proxy: ChildProcess;
  let certificates: Awaited<ReturnType<typeof makeCertificates>>;
  let tlsPort: number;
  beforeAll(async () => {
    const homePort = await freeUdpPort();
    tlsPort = await freeTcpPort();
    home = await startFreeRadius(configuration(homePort), { users });
    certificates = await makeCertificates(['radius.example', 'proxy.example']);
    const { authority, issued, folder } = certificates;
    const theirs = issued['proxy.example'] as { keyFile: string; certFile: string };
    await writeFile(
      join(folder, 'radsecproxy.conf'),
      `ListenTLS 127.0.0.1:${tlsPort}
tls default {
  CACertificateFile ${authority.certFile}
  CertificateFile ${theirs.certFile}
  CertificateKeyFile ${theirs.keyFile}
}
client dotmac {
  host 127.0.0.1
  type tls
  matchCertificateAttribute CN:/^radius\\.example$/
}
server freeradius {
  host 127.0.0.1
  port ${homePort}
  type udp
  secret testing123
}
realm * {
  server freeradius
}
`,
    );
    proxy = spawn('radsecproxy', ['-f', '-d', '2', '-c', join(folder, 'radsecproxy.conf')]);
    let log = '';
    await new Promise<void>((resolve, reject) => {
      proxy.stderr?.on('data', (chunk) => {
        log += chunk;
        if (log.includes('listening for tls')) resolve();
      });
      proxy.once('exit', () => reject(new Error(`radsecproxy ended:\n${log}`)));
    });
    isp = await startTestNetwork();
  });
  afterAll(async () => {
    await isp?.[Symbol.asyncDispose]();
    proxy?.removeAllListeners('exit');
    proxy?.kill();
    if (proxy !== undefined && proxy.exitCode === null) await once(proxy, 'exit');
    await home?.stop();
    if (certificates !== undefined) await rm(certificates.folder, { recursive: true, force: true });
  });

  const selection =
    '... on ValidationError { field } ... on SetRealmResult { fingerprint realm { servers { transport serverName state } } }';
  const radSec = (more: object = {}) => {
    const { cert, key } = certificates.issued['radius.example'] as { cert: string; key: string };
    const authorities = certificates.authority.cert;
    return { serverName: 'proxy.example', authorities, certificate: cert, privateKey: key, ...more };
  };
  async function set(tls: object) {
    const servers = [{ host: '127.0.0.1', authPort: tlsPort, radSec: tls }];
    const input = { name: 'tls.example', servers };
    const plan = await isp.mutate('setRealm', { ...input, mode: 'PLAN' }, selection);
    if (plan.__typename !== 'SetRealmResult') return plan;
    return isp.mutate('setRealm', { ...input, mode: 'APPLY', fingerprint: plan.fingerprint }, selection);
  }
  const login = (password = 'opensesame') =>
    isp.nas.login('roamer@tls.example', password, { mac: 'cc:2d:e0:17:00:02' });
  const standing = async () =>
    (
      await isp.tenant.data<{ realms: { servers: { transport: string; state: string }[] }[] }>(
        'network',
        '{ realms { servers { transport state } } }',
      )
    ).realms[0]?.servers;

  test('is asked by its own certificate, and its passwords travel hidden by TLS only', async () => {
    expect(await set(radSec())).toMatchObject({
      realm: { servers: [{ transport: 'RADSEC', serverName: 'proxy.example', state: 'UNASKED' }] },
    });
    const answer = await login();
    expect(answer.accepted).toBe(true);
    expect(answer.attributes.find(({ name }) => name === 'Framed-IP-Address')?.value).toBe('198.51.100.8');
    expect((await login('a guess')).accepted).toBe(false);
    expect(await standing()).toEqual([{ transport: 'RADSEC', state: 'ALIVE' }]);
  });

  test('whoever shows the certificate of another name is not asked', async () => {
    await set(radSec({ serverName: 'somebody.example' }));
    expect((await login()).accepted).toBe(false);
    expect(await standing()).toEqual([{ transport: 'RADSEC', state: 'DEAD' }]);
    expect(await isp.explain('roamer@tls.example')).toMatchObject({ reason: 'HOME_SERVER_UNREACHABLE' });
    // The key of the certificate that is there stays.
    const { privateKey: _key, ...kept } = radSec();
    await set(kept);
    expect((await login()).accepted).toBe(true);
  });

  test('what cannot be used is named', async () => {
    const wrong = certificates.issued['proxy.example'] as { cert: string };
    expect(await set(radSec({ certificate: wrong.cert }))).toMatchObject({
      field: 'input.servers.0.radSec.privateKey',
    });
    expect(await set(radSec({ authorities: 'nobody' }))).toMatchObject({
      field: 'input.servers.0.radSec.authorities',
    });
    const { privateKey: _key, ...without } = radSec({ certificate: wrong.cert });
    expect(await set(without)).toMatchObject({ field: 'input.servers.0.radSec.privateKey' });
  });
});
