import { rm } from 'node:fs/promises';
import { type Certificate, TestAuthority } from '@dotmac/radius/certificates';
import { type FreeRadius, freeTcpPort, installed, startFreeRadius } from '@dotmac/radius/free-radius';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';

/** A home server that listens over TLS only, and lets in whoever has a certificate of its authority. */
const configuration = (port: number, authority: Certificate, certificate: Certificate) => `
modules {
  files {
    filename = \${confdir}/users
  }
  pap {
  }
  detail {
    filename = \${logdir}/detail
  }
}
clients radsec {
  client dotmac {
    ipaddr = 127.0.0.1
    proto = tls
    secret = radsec
  }
}
server home {
  listen {
    type = auth+acct
    ipaddr = 127.0.0.1
    port = ${port}
    proto = tcp
    clients = radsec
    tls {
      ca_file = ${authority.certFile}
      certificate_file = ${certificate.certFile}
      private_key_file = ${certificate.keyFile}
      tls_min_version = "1.2"
      tls_max_version = "1.3"
      require_client_cert = yes
    }
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
  accounting {
    detail
  }
}
`;
const users = 'roamer@tls.example Cleartext-Password := "opensesame"\n  Framed-IP-Address := 198.51.100.9\n';

describe.skipIf(!installed('freeradius') || !installed('openssl', 'version'))(
  'FreeRADIUS as the home server of a realm, over TLS',
  () => {
    let isp: TestNetwork;
    let home: FreeRadius;
    let port: number;
    let authority: TestAuthority;
    let foreign: TestAuthority;
    let ours: Certificate;
    beforeAll(async () => {
      [authority, foreign] = [await TestAuthority.create(), await TestAuthority.create()];
      ours = await authority.issue('radius.example');
      port = await freeTcpPort();
      const theirs = await authority.issue('home.example');
      home = await startFreeRadius(configuration(port, authority.authority, theirs), { users });
      isp = await startTestNetwork();
    });
    afterAll(async () => {
      await isp?.[Symbol.asyncDispose]();
      await home?.stop();
      for (const { folder } of [authority, foreign]) await rm(folder, { recursive: true, force: true });
    });

    const selection = '... on SetRealmResult { fingerprint }';
    async function set(more: object = {}): Promise<void> {
      const own = { certificate: ours.cert, privateKey: ours.key, authorities: authority.authority.cert };
      const radSec = { serverName: 'home.example', ...own, ...more };
      const input = {
        name: 'tls.example',
        servers: [{ host: '127.0.0.1', authPort: port, acctPort: port, radSec }],
      };
      const { fingerprint } = await isp.mutate('setRealm', { ...input, mode: 'PLAN' }, selection);
      const applied = await isp.mutate('setRealm', { ...input, mode: 'APPLY', fingerprint }, selection);
      expect(applied.__typename).toBe('SetRealmResult');
    }
    const login = (password = 'opensesame') =>
      isp.nas.login('roamer@tls.example', password, { mac: 'cc:2d:e0:17:00:03' });
    const standing = async () =>
      (
        await isp.tenant.data<{ realms: { servers: { state: string; lostReason: string | null }[] }[] }>(
          'network',
          '{ realms { servers { state lostReason } } }',
        )
      ).realms[0]?.servers[0];

    test('answers logins, many at a time, and is told of the sessions, over one connection', async () => {
      await set();
      const answer = await login();
      expect(answer.attributes.find(({ name }) => name === 'Framed-IP-Address')?.value).toBe('198.51.100.9');
      expect((await login('a guess')).accepted).toBe(false);
      const answers = await Promise.all(Array.from({ length: 20 }, () => login()));
      expect(answers.map(({ accepted }) => accepted)).toEqual(answers.map(() => true));
      await isp.tenant.eventually(
        async () => home.log(),
        (log) => log.split('Sent Accounting-Response').length > 21,
      );
      expect(await standing()).toEqual({ state: 'ALIVE', lostReason: null });
    });

    test('is not asked under another name, nor when somebody else has signed its certificate', async () => {
      await set({ serverName: 'other.example' });
      expect((await login()).accepted).toBe(false);
      expect(await standing()).toMatchObject({
        state: 'DEAD',
        lostReason: expect.stringContaining('other.example'),
      });
      await set({ authorities: foreign.authority.cert });
      expect((await login()).accepted).toBe(false);
      expect(await standing()).toMatchObject({
        state: 'DEAD',
        lostReason: expect.stringContaining('certificate'),
      });
      await set();
      expect((await login()).accepted).toBe(true);
    });

    test('refuses our certificate when somebody else has signed it; both say so', async () => {
      const { cert: certificate, key: privateKey } = await foreign.issue('radius.example');
      await set({ certificate, privateKey });
      expect((await login()).accepted).toBe(false);
      expect(await standing()).toMatchObject({
        state: 'DEAD',
        lostReason: expect.stringMatching(/unknown ca|refuse our certificate/),
      });
      expect(home.log()).toContain('unable to get local issuer certificate');
      await set();
      expect((await login()).accepted).toBe(true);
    });
  },
);
