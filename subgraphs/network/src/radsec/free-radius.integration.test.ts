import { X509Certificate } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { type SimulatedNas, startNas } from '@dotmac/lab/radius';
import { type Certificate, TestAuthority } from '@dotmac/radius/certificates';
import { type FreeRadius, freeUdpPort, installed, startFreeRadius } from '@dotmac/radius/free-radius';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';
import type { TestService } from '../testing/subscribers.ts';

const available = installed('freeradius') && installed('openssl', 'version');
/** Of `startFreeRadius`. */
const secret = 'testing123';

interface Proxy {
  readonly authPort: number;
  readonly acctPort: number;
  /** Ours. */
  readonly tlsPort: number;
  readonly authority: Certificate;
  readonly certificate: Certificate;
  /** Where it comes from. */
  readonly source: string;
}

/**
 * FreeRADIUS that passes on what it hears over UDP: as in docs/radius.md. With TLS 1.3 it may wait for good in a read that
 * the session tickets after the handshake have woken it for, with its connection locked.
 */
const configuration = ({ authPort, acctPort, tlsPort, authority, certificate, source }: Proxy) => `
proxy server {
  default_fallback = no
}
home_server dotmac {
  type = auth+acct
  ipaddr = 127.0.0.1
  port = ${tlsPort}
  src_ipaddr = ${source}
  proto = tcp
  secret = radsec
  status_check = status-server
  tls {
    ca_file = ${authority.certFile}
    certificate_file = ${certificate.certFile}
    private_key_file = ${certificate.keyFile}
    tls_min_version = "1.2"
    tls_max_version = "1.2"
  }
}
home_server_pool dotmac {
  home_server = dotmac
}
realm dotmac {
  pool = dotmac
  nostrip
}
server proxy {
  listen {
    type = auth
    ipaddr = 127.0.0.1
    port = ${authPort}
  }
  listen {
    type = acct
    ipaddr = 127.0.0.1
    port = ${acctPort}
  }
  authorize {
    update control {
      &Proxy-To-Realm := "dotmac"
    }
  }
  preacct {
    update control {
      &Proxy-To-Realm := "dotmac"
    }
  }
}
`;

describe.skipIf(!available)('NASes behind a FreeRADIUS that comes over TLS', () => {
  let isp: TestNetwork;
  let authority: TestAuthority;
  let foreign: TestAuthority;
  let ours: Certificate;
  let ada: TestService;
  beforeAll(async () => {
    [authority, foreign] = [await TestAuthority.create(), await TestAuthority.create()];
    ours = await authority.issue('radius.example');
    isp = await startTestNetwork();
    ada = await isp.order();
    await setRadSec(ours);
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
  });
  afterAll(async () => {
    await isp?.[Symbol.asyncDispose]();
    for (const { folder } of [authority, foreign]) await rm(folder, { recursive: true, force: true });
  });

  async function setRadSec({ cert, key }: Certificate): Promise<void> {
    const fields = '... on SetRadSecResult { fingerprint radSec { listening } }';
    const input = { certificate: cert, privateKey: key, authorities: authority.authority.cert };
    const { fingerprint } = await isp.mutate('setRadSec', { ...input, mode: 'PLAN' }, fields);
    const applied = await isp.mutate('setRadSec', { ...input, mode: 'APPLY', fingerprint }, fields);
    expect(applied).toMatchObject({ radSec: { listening: true } });
  }

  /** Starts FreeRADIUS with this certificate, and a router that talks to it. */
  async function behind(
    certificate: Certificate,
    source = '127.0.0.1',
    waitsMs = [2_000, 8_000],
  ): Promise<AsyncDisposable & { nas: SimulatedNas; proxy: FreeRadius }> {
    const [authPort, acctPort] = [await freeUdpPort(), await freeUdpPort()];
    const tlsPort = isp.server.radSec?.port ?? 0;
    const listens = { authPort, acctPort, tlsPort };
    const text = configuration({ ...listens, authority: authority.authority, certificate, source });
    const proxy = await startFreeRadius(text, {}, true);
    const nas = await startNas({ secret, authHost: '127.0.0.1', authPort, acctPort, waitsMs });
    return {
      nas,
      proxy,
      [Symbol.asyncDispose]: async () => {
        await nas.close();
        await proxy.stop();
      },
    };
  }

  /** What is said of who was refused from that address, once it is. */
  const refused = async (source: string) => {
    const query = '{ radiusProblems { kind sourceAddress advice } }';
    const [problem] = await isp.tenant.eventually(
      async () => {
        const { radiusProblems } = await isp.tenant.data<{
          radiusProblems: { kind: string; sourceAddress: string; advice: string }[];
        }>('network', query);
        return radiusProblems.filter(({ sourceAddress }) => sourceAddress === source);
      },
      (found) => found.length > 0,
    );
    return problem;
  };

  test('a subscriber logs in, is accounted for at its certificate until the end, and a wrong password is refused', async () => {
    await using lab = await behind(await authority.issue('proxy.example'));
    const { session } = await lab.nas.login(ada.username, ada.password, { mac: ada.mac });
    expect(session).not.toBeNull();
    expect((await lab.nas.login(ada.username, 'a guess', { mac: ada.mac })).accepted).toBe(false);
    const id = session?.id as string;
    lab.nas.advance(id, { upstream: 10n, downstream: 5n * 2n ** 32n });
    expect(await lab.nas.logout(id)).toBe(true);
    const { sessions } = await isp.tenant.data<{ sessions: { edges: { node: object }[] } }>(
      'network',
      '{ sessions(first: 9) { edges { node { nas { name } downstreamOctets upstreamOctets stoppedAt } } } }',
    );
    expect(sessions.edges).toMatchObject([
      {
        node: {
          nas: { name: 'proxy' },
          downstreamOctets: String(5n * 2n ** 32n),
          upstreamOctets: '10',
          stoppedAt: expect.any(String),
        },
      },
    ]);
  });

  test('many log in at a time', async () => {
    await using lab = await behind(await authority.issue('proxy.example'));
    const login = () => lab.nas.login(ada.username, ada.password, { mac: ada.mac });
    const answers = await Promise.all(Array.from({ length: 50 }, login));
    expect(answers.filter(({ accepted }) => !accepted)).toEqual([]);
  });

  test.each([
    ['of another authority', '127.0.0.2', () => foreign.issue('proxy.example'), 'RADSEC_REFUSED'],
    ['of nobody', '127.0.0.3', () => authority.issue('stranger.example'), 'RADSEC_UNKNOWN_CERTIFICATE'],
  ])('a certificate %s opens nothing, and is named', async (_of, source, issue, kind) => {
    const certificate = await issue();
    await using lab = await behind(certificate, source, [1_000]);
    const login = lab.nas.login(ada.username, ada.password, { mac: ada.mac });
    const { fingerprint256 } = new X509Certificate(certificate.cert);
    expect(await refused(source)).toMatchObject({ kind, advice: expect.stringContaining(fingerprint256) });
    expect((await login).accepted).toBe(false);
  });

  test('it refuses our certificate when another authority has signed it, and we are told so', async () => {
    await setRadSec(await foreign.issue('radius.example'));
    await using lab = await behind(await authority.issue('proxy.example'), '127.0.0.4', [1_000]);
    const login = lab.nas.login(ada.username, ada.password, { mac: ada.mac });
    expect(await refused('127.0.0.4')).toMatchObject({
      kind: 'RADSEC_REFUSED',
      advice: '127.0.0.4 was refused over TLS: tlsv1 alert unknown ca',
    });
    expect((await login).accepted).toBe(false);
    await setRadSec(ours);
  });
});
