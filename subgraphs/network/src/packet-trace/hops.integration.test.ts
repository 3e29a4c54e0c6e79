import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import {
  buildRequest,
  encodeAttributes,
  packetCodes,
  type RadiusServer,
  sharedSecret,
  standardDictionary,
  startRadiusServer,
  verifyPassword,
} from '@dotmac/radius';
import { freeUdpPort } from '@dotmac/radius/free-radius';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { radiusSecret } from '../testing/access-router.ts';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';

interface Entry {
  readonly direction: string | null;
  readonly peer: string | null;
  readonly peerAddress: string | null;
  readonly repeated: boolean;
  readonly code: string | null;
  readonly attributes: readonly {
    readonly name: string;
    readonly value: string | null;
    readonly hidden: string | null;
  }[];
  readonly decision: { readonly decision: string } | null;
}

const homeSecret = 'the-home-secret';
let network: TestNetwork;
let home: RadiusServer;
let heardAtHome = 0;
beforeAll(async () => {
  network = await startTestNetwork();
  home = await startRadiusServer({
    host: '127.0.0.1',
    authPort: 0,
    acctPort: 0,
    policy: {
      findNas: () => ({
        id: 'us',
        secrets: [sharedSecret(homeSecret)],
        requireMessageAuthenticator: 'AUTO',
        limitProxyState: true,
      }),
      authenticate: (request) =>
        verifyPassword(request, 'opensesame')
          ? { kind: 'ACCEPT', attributes: [{ name: 'Framed-IP-Address', value: '198.51.100.7' }] }
          : { kind: 'REJECT', reason: 'BAD_PASSWORD' },
    },
    accounting: {
      record: async (batch) => {
        heardAtHome += batch.length;
      },
    },
  });
});
afterAll(async () => {
  await network?.[Symbol.asyncDispose]();
  await home?.close();
});

async function traced(username: string): Promise<() => Promise<Entry[]>> {
  const input = { username, minutes: 5, reason: 'cannot log in since noon' };
  const { id } = await network.mutate('startPacketTrace', input, '... on PacketTrace { id }');
  return async () => {
    const { packetTraces } = await network.tenant.data<{ packetTraces: { id: string; entries: Entry[] }[] }>(
      'network',
      `{ packetTraces { id entries { direction peer peerAddress repeated code attributes { name value hidden }
        decision { decision } } } }`,
    );
    return packetTraces.find((trace) => trace.id === id)?.entries ?? [];
  };
}
const shortly = ({ direction, peer, code, decision, repeated }: Entry) =>
  decision?.decision ?? `${direction} ${peer} ${code}${repeated ? ' again' : ''}`;

test('a request that comes again is shown with the reply from memory', async () => {
  const ada = await network.order();
  await network.tenant.eventually(
    () => network.explain(ada.username, ada.password),
    ({ decision }) => decision !== 'REJECT',
  );
  const entries = await traced(ada.username);
  const secret = sharedSecret(radiusSecret);
  const authenticator = Buffer.alloc(16, 7);
  const request = buildRequest({
    code: packetCodes['Access-Request'],
    identifier: 9,
    secret,
    authenticator,
    messageAuthenticator: true,
    attributes: encodeAttributes(
      standardDictionary(),
      [
        { name: 'User-Name', value: ada.username },
        { name: 'User-Password', value: ada.password },
      ],
      { authenticator, secret },
    ),
  });
  const socket = createSocket('udp4');
  const replies: Buffer[] = [];
  for (let asked = 0; asked < 2; asked++) {
    const reply = once(socket, 'message') as Promise<[Buffer]>;
    socket.send(request, network.server.authPort ?? 0, '127.0.0.1');
    replies.push((await reply)[0]);
  }
  socket.close();
  expect(replies[1]).toEqual(replies[0]);
  const seen = await entries();
  expect(seen.map(shortly)).toEqual([
    'RECEIVED NAS Access-Request',
    'ACCEPT',
    'SENT NAS Access-Accept',
    'RECEIVED NAS Access-Request again',
    'SENT NAS Access-Accept again',
  ]);
  expect(JSON.stringify(seen)).not.toContain(ada.password);
});

test('what goes to home servers and comes back is shown beside it, redacted; a silent one too', async () => {
  const roamer = await network.order('pln_50', 'roamer@partner.example');
  const known = (wanted: string) =>
    network.tenant.eventually(
      () => network.explain(roamer.username, 'opensesame'),
      ({ decision }) => decision === wanted,
    );
  // A home server accepts whom we do not know yet, and of him no trace could tell.
  await network.tenant.eventually(
    () => network.explain(roamer.username, roamer.password),
    ({ decision }) => decision === 'ACCEPT',
  );
  const realm = {
    name: 'partner.example',
    servers: [
      { host: '127.0.0.1', authPort: await freeUdpPort(), secret: homeSecret },
      {
        host: '127.0.0.1',
        authPort: home.authPort,
        acctPort: home.acctPort,
        secret: homeSecret,
      },
    ],
  };
  const selection = '... on SetRealmResult { fingerprint }';
  const { fingerprint } = await network.mutate('setRealm', { ...realm, mode: 'PLAN' }, selection);
  await network.mutate('setRealm', { ...realm, mode: 'APPLY', fingerprint }, selection);
  await known('FORWARD');
  const entries = await traced(roamer.username);
  const login = await network.tenant.eventually(
    () => network.nas.login(roamer.username, 'opensesame', { mac: roamer.mac }),
    ({ accepted }) => accepted,
  );
  expect(login.session?.address).toBe('198.51.100.7');
  const seen = await network.tenant.eventually(entries, (some) =>
    some.some(({ peer, code }) => peer === 'HOME_SERVER' && code === 'Accounting-Response'),
  );
  const told = seen.map(shortly);
  // The silent server was asked first, and once more; then the one that answers.
  const first = told.indexOf('FORWARD');
  expect(told[first - 1]).toBe('RECEIVED NAS Access-Request');
  expect(told.filter((one) => one === 'SENT HOME_SERVER Access-Request').length).toBeGreaterThanOrEqual(2);
  expect(told).toEqual(
    expect.arrayContaining([
      'RECEIVED HOME_SERVER Access-Accept',
      'SENT NAS Access-Accept',
      'SENT HOME_SERVER Accounting-Request',
      'RECEIVED HOME_SERVER Accounting-Response',
    ]),
  );
  expect(heardAtHome).toBeGreaterThan(0);
  const hops = seen.filter(({ peer }) => peer === 'HOME_SERVER');
  expect(hops.every(({ peerAddress }) => peerAddress === '127.0.0.1')).toBe(true);
  const password = hops.flatMap(({ attributes }) => attributes).find(({ name }) => name === 'User-Password');
  expect(password).toMatchObject({ value: null, hidden: 'PASSWORD' });
  expect(JSON.stringify(seen)).not.toMatch(/opensesame|6f70656e736573616d65|the-home-secret/);
});
