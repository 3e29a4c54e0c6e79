import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type SimulatedNas, startNas } from '@dotmac/lab/radius';
import { TestAuthority } from '@dotmac/radius/certificates';
import { freeUdpPort, installed } from '@dotmac/radius/free-radius';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';
import type { TestService } from '../testing/subscribers.ts';

const available = installed('radsecproxy') && installed('eapol_test') && installed('openssl', 'version');
const secret = 'between-nas-and-proxy';

describe.skipIf(!available)('NASes behind a radsecproxy that comes over TLS', () => {
  let isp: TestNetwork;
  let authority: TestAuthority;
  let proxy: ChildProcess;
  let nas: SimulatedNas;
  let ada: TestService;
  let [authPort, acctPort] = [0, 0];
  beforeAll(async () => {
    authority = await TestAuthority.create();
    const ours = await authority.issue('radius.example');
    const theirs = await authority.issue('proxy.example');
    isp = await startTestNetwork();
    ada = await isp.order();
    const fields = '... on SetRadSecResult { fingerprint }';
    const input = { certificate: ours.cert, privateKey: ours.key, authorities: authority.authority.cert };
    const { fingerprint } = await isp.mutate('setRadSec', { ...input, mode: 'PLAN' }, fields);
    await isp.mutate('setRadSec', { ...input, mode: 'APPLY', fingerprint }, fields);
    const registered = { name: 'proxy', profile: 'mikrotik', certificateName: 'proxy.example' };
    const { id } = await isp.mutate('registerNas', registered, '... on Nas { id }');
    await isp.tenant.eventually(
      async () => isp.module.nasOf(String(id)),
      (known) => known !== null,
    );
    await isp.tenant.eventually(
      () => isp.explain(ada.username, ada.password),
      ({ decision }) => decision === 'ACCEPT',
    );
    [authPort, acctPort] = [await freeUdpPort(), await freeUdpPort()];
    // As in docs/radius.md.
    const configuration = `ListenUDP 127.0.0.1:${authPort}
ListenUDP 127.0.0.1:${acctPort}
tls default {
  CACertificateFile ${authority.authority.certFile}
  CertificateFile ${theirs.certFile}
  CertificateKeyFile ${theirs.keyFile}
}
client bng-1 {
  host 127.0.0.1
  type udp
  secret ${secret}
}
server dotmac {
  host 127.0.0.1
  port ${isp.server.radSec?.port}
  type tls
  statusServer on
}
realm * {
  server dotmac
  accountingServer dotmac
}
`;
    await writeFile(join(authority.folder, 'radsecproxy.conf'), configuration);
    proxy = spawn('radsecproxy', ['-f', '-d', '2', '-c', join(authority.folder, 'radsecproxy.conf')]);
    let log = '';
    await new Promise<void>((resolve, reject) => {
      proxy.stderr?.on('data', (chunk) => {
        log += chunk;
        if (log.split('listening for udp').length > 2) resolve();
      });
      proxy.once('exit', () => reject(new Error(`radsecproxy ended:\n${log}`)));
    });
    // The proxy drops what comes before its own connection stands.
    await isp.tenant.eventually(
      async () => isp.module.radSec.connections.length,
      (connected) => connected > 0,
    );
    nas = await startNas({
      secret,
      authHost: '127.0.0.1',
      authPort,
      acctPort,
      waitsMs: [500, 1_000, 2_000, 4_000],
    });
  });
  afterAll(async () => {
    await nas?.close();
    proxy?.removeAllListeners('exit');
    proxy?.kill();
    if (proxy !== undefined && proxy.exitCode === null) await once(proxy, 'exit');
    await isp?.[Symbol.asyncDispose]();
    if (authority !== undefined) await rm(authority.folder, { recursive: true, force: true });
  });

  test('a subscriber logs in, is accounted for at the proxy’s certificate, and a wrong password is refused', async () => {
    const { session } = await nas.login(ada.username, ada.password, { mac: ada.mac });
    expect(session).not.toBeNull();
    expect((await nas.login(ada.username, 'a guess', { mac: ada.mac })).accepted).toBe(false);
    const { sessions } = await isp.tenant.data<{
      sessions: { edges: { node: { nas: { name: string } } }[] };
    }>('network', '{ sessions(first: 9) { edges { node { nas { name } } } } }');
    expect(sessions.edges).toEqual([{ node: { nas: { name: 'proxy' } } }]);
  });

  test('CoA goes to the proxy over its connection; whether or not it passes that on, logins go on over it', async () => {
    await nas.login(ada.username, ada.password, { mac: ada.mac });
    const { connections } = isp.module.radSec;
    await isp.lock(ada, ['BILLING']);
    const messages = await isp.tenant.eventually(
      async () =>
        (await isp.changesOf(ada.serviceId))[0]?.steps.flatMap(({ protocol, message }) =>
          protocol === 'radius' && message?.includes('-Request: ') ? [message] : [],
        ) ?? [],
      (found) => found.length > 0,
    );
    // radsecproxy 1.9 passes no CoA on.
    expect(messages[0]).toMatch(/^CoA-Request: (TIMEOUT|ACK|NAK)/);
    await isp.lock(ada, []);
    await isp.tenant.eventually(
      () => nas.login(ada.username, ada.password, { mac: ada.mac }),
      ({ accepted }) => accepted,
    );
    expect(isp.module.radSec.connections[0]).toBe(connections[0]);
  });

  test('EAP passes both, with keys that are right', async () => {
    const file = join(authority.folder, 'peer.conf');
    const peer = `eap=MSCHAPV2\nidentity="${ada.username}"\npassword="${ada.password}"`;
    await writeFile(file, `network={\nkey_mgmt=WPA-EAP\n${peer}\n}\n`);
    const where = ['-a', '127.0.0.1', '-p', String(authPort), '-s', secret];
    const out = await new Promise<string>((resolve) =>
      execFile(
        'eapol_test',
        ['-c', file, ...where, '-M', ada.mac, '-t', '20'],
        { maxBuffer: 1e8 },
        (_, text) => resolve(text),
      ),
    );
    expect(out.trimEnd().endsWith('SUCCESS'), out.slice(-2000)).toBe(true);
  });
});
