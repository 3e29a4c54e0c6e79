import { principalWith } from '@dotmac/harness';
import { type FreeRadius, freeUdpPort, installed, startFreeRadius } from '@dotmac/radius/free-radius';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';

const secret = 'testing123';
/** A server that knows a subscriber by the name before the realm, and hears of the sessions. */
const configuration = (authPort: number, acctPort: number) => `
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
server home {
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
const users = 'roamer Cleartext-Password := "opensesame"\n  Framed-IP-Address := 198.51.100.7\n';

describe.skipIf(!installed('freeradius'))('a realm of somebody else', () => {
  let isp: TestNetwork;
  let home: FreeRadius;
  let ports: { auth: number; acct: number; dead: number };
  beforeAll(async () => {
    ports = { auth: await freeUdpPort(), acct: await freeUdpPort(), dead: await freeUdpPort() };
    home = await startFreeRadius(configuration(ports.auth, ports.acct), { users });
    isp = await startTestNetwork();
  });
  afterAll(async () => {
    await isp?.[Symbol.asyncDispose]();
    await home?.stop();
  });

  const selection = '... on SetRealmResult { ownLogins fingerprint realm { name servers { state } } }';
  const servers = () => [
    // Nobody listens there: the next one is asked.
    { host: '127.0.0.1', authPort: ports.dead, secret },
    // Debian's FreeRADIUS 3.2.1 does not sign its replies.
    {
      host: '127.0.0.1',
      authPort: ports.auth,
      acctPort: ports.acct,
      secret,
      requireMessageAuthenticator: false,
    },
  ];
  async function set(input: object) {
    const plan = await isp.mutate('setRealm', { ...input, mode: 'PLAN' }, selection);
    const { fingerprint } = plan;
    const applied = await isp.mutate('setRealm', { ...input, mode: 'APPLY', fingerprint }, selection);
    return { plan, applied };
  }
  const states = async () =>
    (
      await isp.tenant.data<{ realms: { servers: { state: string; answeredAt: string | null }[] }[] }>(
        'network',
        '{ realms { servers { state answeredAt } } }',
      )
    ).realms[0]?.servers.map(({ state }) => state);
  const login = (name: string, password: string) =>
    isp.nas.login(name, password, { mac: 'cc:2d:e0:17:00:01' });

  test('is answered by FreeRADIUS under the stripped name, after the dead server before it; its sessions are told', async () => {
    expect((await login('roamer@partner.example', 'opensesame')).accepted).toBe(false);
    const { plan, applied } = await set({ name: 'Partner.Example', strip: true, servers: servers() });
    expect(plan).toMatchObject({ ownLogins: 0, realm: { name: 'partner.example' } });
    expect(applied.__typename).toBe('SetRealmResult');
    expect(await states()).toEqual(['UNASKED', 'UNASKED']);
    const answer = await isp.tenant.eventually(
      () => login('roamer@partner.example', 'opensesame'),
      ({ accepted }) => accepted,
    );
    const address = answer.attributes.find(({ name }) => name === 'Framed-IP-Address');
    expect(address?.value).toBe('198.51.100.7');
    expect(await states()).toEqual(['DEAD', 'ALIVE']);
    expect((await login('roamer@partner.example', 'guess')).accepted).toBe(false);
    await isp.tenant.eventually(
      async () => home.log(),
      (log) => log.includes('Accounting-Request') && log.includes('User-Name = "roamer"'),
    );
    expect(await isp.explain('roamer@partner.example')).toMatchObject({ decision: 'FORWARD', reason: null });
    // A name without a realm, or of another one, is ours.
    const service = await isp.order();
    await isp.online(service);
  });

  test('keeps a secret that is not given anew, and is our own again when it is disabled', async () => {
    const kept = servers().map(({ secret: _secret, ...rest }) => rest);
    const { applied } = await set({ name: 'partner.example', strip: true, servers: kept, enabled: true });
    expect(applied.__typename).toBe('SetRealmResult');
    expect((await login('roamer@partner.example', 'opensesame')).accepted).toBe(true);
    await set({ name: 'partner.example', servers: kept, enabled: false });
    expect((await login('roamer@partner.example', 'opensesame')).accepted).toBe(false);
    expect(await isp.explain('roamer@partner.example')).toMatchObject({ reason: 'UNKNOWN_USER' });
  });

  test('is changed by nobody without the scope, and its secret is in no answer', async () => {
    const input = { name: 'x.example', mode: 'PLAN', servers: servers() };
    const { errors } = await isp.tenant.ask(
      'network',
      'mutation ($input: SetRealmInput!) { setRealm(input: $input) { __typename } }',
      { input },
      principalWith('network:read'),
    );
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
    const fields = await isp.tenant.data<{ __type: { fields: { name: string }[] } }>(
      'network',
      '{ __type(name: "HomeServer") { fields { name } } }',
    );
    expect(fields.__type.fields.map(({ name }) => name)).not.toContain('secret');
  });

  test.each([
    [{ name: 'a b' }, 'input.name'],
    [{ servers: [] }, 'input.servers'],
    [{ servers: [{ host: '127.0.0.1', secret: 'short' }] }, 'input.servers.0.secret'],
    [{ servers: [{ host: '127.0.0.1', authPort: 70_000, secret }] }, 'input.servers.0'],
  ])('%o is refused', async (wrong, field) => {
    const answer = await isp.mutate(
      'setRealm',
      { name: 'y.example', servers: servers(), mode: 'PLAN', ...wrong },
      `... on ValidationError { field } ${selection}`,
    );
    expect(answer).toMatchObject({ __typename: 'ValidationError', field });
  });
});
