import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { principalWith } from '@dotmac/harness';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';

const secret = 'testing123';
/** A server that knows a subscriber by the name before the realm, and writes down the sessions it is told of. */
const configuration = (folder: string, authPort: number, acctPort: number) => `
prefix = ${folder}
localstatedir = ${folder}
name = home
logdir = ${folder}
run_dir = ${folder}
pidfile = ${folder}/home.pid
proxy_requests = no
log {
  destination = stdout
}
security {
  reject_delay = 0
}
client us {
  ipaddr = 127.0.0.1
  secret = ${secret}
}
thread pool {
  start_servers = 1
  max_servers = 2
  min_spare_servers = 1
  max_spare_servers = 1
}
modules {
  files {
    filename = ${folder}/users
  }
  pap {
  }
  detail {
    filename = ${folder}/detail
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

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

async function startHome(folder: string, authPort: number, acctPort: number) {
  await writeFile(join(folder, 'radiusd.conf'), configuration(folder, authPort, acctPort));
  await writeFile(
    join(folder, 'users'),
    'roamer Cleartext-Password := "opensesame"\n  Framed-IP-Address := 198.51.100.7\n',
  );
  const child = spawn('freeradius', ['-d', folder, '-X']);
  let log = '';
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      log += chunk;
      if (log.includes('Ready to process requests')) resolve();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('exit', (code) => reject(new Error(`freeradius ended with ${code}:\n${log.slice(-2000)}`)));
  });
  return { child, log: () => log };
}

describe.skipIf(spawnSync('freeradius', ['-v']).error !== undefined)('a realm of somebody else', () => {
  let isp: TestNetwork;
  let home: Awaited<ReturnType<typeof startHome>>;
  let folder: string;
  let ports: { auth: number; acct: number; dead: number };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dotmac-home-'));
    ports = { auth: await freePort(), acct: await freePort(), dead: await freePort() };
    home = await startHome(folder, ports.auth, ports.acct);
    isp = await startTestNetwork();
  });
  afterAll(async () => {
    await isp?.[Symbol.asyncDispose]();
    if (home !== undefined && home.child.exitCode === null) {
      home.child.kill();
      await once(home.child, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
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
