import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Attribute } from '../attribute/encode.ts';
import { RadiusClient } from '../client/client.ts';
import { packetCodes } from '../packet/codes.ts';
import { chapPassword } from '../packet/password.ts';
import { sharedSecret } from '../packet/shared-secret.ts';
import { HomeServerPool, udpHomeServer } from '../proxy/home-servers.ts';
import type { Anomaly } from '../server/anomaly.ts';
import { type RadiusServer, startRadiusServer } from '../server/server.ts';
import { type FreeRadius, freeUdpPort, installed, startFreeRadius } from './free-radius.ts';

const configuration = (port: number) => `
modules {
  files {
    filename = \${confdir}/users
  }
  pap {
  }
  chap {
  }
  eap {
    default_eap_type = md5
    md5 {
    }
  }
}
server home {
  listen {
    type = auth
    ipaddr = 127.0.0.1
    port = ${port}
  }
  authorize {
    chap
    eap
    files
    pap
  }
  authenticate {
    Auth-Type PAP {
      pap
    }
    Auth-Type CHAP {
      chap
    }
    eap
  }
}
`;
const users = `alice@partner.example Cleartext-Password := "opensesame"
  Mikrotik-Rate-Limit := "1M/2M",
  Tunnel-Password:1 := "hidden"
`;

describe.skipIf(!installed('freeradius'))('FreeRADIUS as the home server of a realm', () => {
  let home: FreeRadius;
  let server: RadiusServer;
  let pool: HomeServerPool;
  const anomalies: Anomaly[] = [];
  const client = new RadiusClient();
  const upstream = new RadiusClient();
  const secret = sharedSecret('nas secret');

  beforeAll(async () => {
    const port = await freeUdpPort();
    home = await startFreeRadius(configuration(port), { users });
    const at = (name: string, homePort: number, waitMs: number) =>
      udpHomeServer(upstream, {
        name,
        host: '127.0.0.1',
        port: homePort,
        secret: sharedSecret('testing123'),
        waitsMs: [waitMs],
        requireMessageAuthenticator: false,
      });
    pool = new HomeServerPool([at('first', await freeUdpPort(), 300), at('second', port, 15_000)]);
    const lost = new HomeServerPool([at('nowhere', await freeUdpPort(), 300)]);
    server = await startRadiusServer({
      host: '127.0.0.1',
      authPort: 0,
      acctPort: null,
      rejectDelayMs: 0,
      onAnomaly: (anomaly) => anomalies.push(anomaly),
      policy: {
        findNas: () => ({
          id: 'nas',
          secrets: [secret],
          requireMessageAuthenticator: 'YES',
          limitProxyState: true,
        }),
        authenticate: () => ({ kind: 'REJECT', reason: 'NOT_OURS' }),
        route: ({ userName }) =>
          userName?.endsWith('@partner.example') ? pool : userName?.endsWith('@lost.example') ? lost : null,
      },
    });
  });
  afterAll(async () => {
    await server.close();
    await client.close();
    await upstream.close();
    await home.stop();
  });
  const login = (
    userName: string,
    credentials: (authenticator: Uint8Array) => readonly Attribute[],
    more: readonly Attribute[] = [],
  ) =>
    client.exchange({
      host: '127.0.0.1',
      port: server.authPort as number,
      secret,
      code: packetCodes['Access-Request'],
      replyCodes: [2, 3, 11],
      attributes: (authenticator) => [
        { name: 'User-Name', value: userName },
        ...credentials(authenticator),
        ...more,
      ],
      messageAuthenticator: true,
      waitsMs: [20_000],
    });
  const pap = (password: string) => () => [{ name: 'User-Password', value: password }];

  test('PAP, with the first home server dead: the password and the keys change secrets on the way', async () => {
    const { reply } = await login('alice@partner.example', pap('opensesame'), [
      { name: 'Proxy-State', value: Buffer.from([1, 2]) },
    ]);
    expect(reply).toMatchObject({ code: packetCodes['Access-Accept'] });
    const shown = reply?.attributes.map(({ name, value, tag }) => ({ name, value, tag }));
    expect(shown).toContainEqual({ name: 'Mikrotik-Rate-Limit', value: '1M/2M', tag: undefined });
    expect(shown).toContainEqual({ name: 'Tunnel-Password', value: 'hidden', tag: 1 });
    expect(shown?.filter(({ name }) => name === 'Proxy-State')).toHaveLength(1);
    expect(pool.dead).toEqual(['first']);
  });

  test('CHAP with the authenticator as challenge; a wrong password', async () => {
    const chap = (password: string) => (authenticator: Uint8Array) => [
      { name: 'CHAP-Password', value: chapPassword(7, authenticator, Buffer.from(password)) },
    ];
    expect((await login('alice@partner.example', chap('opensesame'))).reply?.code).toBe(2);
    expect((await login('alice@partner.example', chap('guess'))).reply?.code).toBe(3);
    expect((await login('alice@partner.example', pap('guess'))).reply?.code).toBe(3);
  });

  test('a realm whose home server is lost is rejected and reported; other realms stay here', async () => {
    expect((await login('bob@lost.example', pap('x'))).reply?.code).toBe(3);
    expect(anomalies).toMatchObject([{ kind: 'HOME_SERVER_UNREACHABLE', detail: 'bob@lost.example' }]);
    expect((await login('bob', pap('x'))).reply?.code).toBe(3);
  });

  test.skipIf(!installed('eapol_test'))('EAP passes through', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dotmac-eap-'));
    const file = join(folder, 'peer.conf');
    const peer =
      'network={\nkey_mgmt=WPA-EAP\neap=MD5\nidentity="alice@partner.example"\npassword="opensesame"\n}\n';
    await writeFile(file, peer);
    const options = [
      '-c',
      file,
      '-a',
      '127.0.0.1',
      '-p',
      String(server.authPort),
      '-s',
      'nas secret',
      '-n',
      '-t',
      '10',
    ];
    const out = await new Promise<string>((resolve) =>
      execFile('eapol_test', options, (_, stdout) => resolve(stdout)),
    );
    await rm(folder, { recursive: true, force: true });
    expect(out.trimEnd().endsWith('SUCCESS'), out.slice(-2000)).toBe(true);
  });
});
