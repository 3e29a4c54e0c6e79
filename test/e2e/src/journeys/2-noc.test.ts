import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { eventually, type Stream, subscribeSse, subscribeWs, untilSeen } from '../client.ts';
import { newSubscriber, shared } from '../shared.ts';

const { tenant } = shared();
const alpha = tenant('alpha');

interface NetworkEvent {
  readonly networkEvents: {
    readonly __typename: string;
    readonly cursor: string;
    readonly device?: { readonly name: string } | null;
    readonly toState?: string;
    readonly service?: { readonly customer: { readonly name: string } } | null;
  };
}

const query = `subscription ($after: Cursor, $types: [NetworkEventType!]) {
  networkEvents(after: $after, types: $types) {
    __typename cursor
    ... on SessionStarted { service { customer { name } } }
    ... on SessionStopped { service { customer { name } } }
    ... on DeviceStateChanged { device { name } toState }
  }
}`;

const sessions = { types: ['SESSION_STARTED', 'SESSION_STOPPED'] };
const transports: readonly [string, (token: string, variables: object) => Stream<NetworkEvent>][] = [
  ['graphql-ws', (token, variables) => subscribeWs(alpha.owner.url, token, query, { ...variables })],
  ['server-sent events', (token, variables) => subscribeSse(alpha.owner.url, token, query, { ...variables })],
];

describe.each(transports)('over %s', (name, subscribe) => {
  const username = `noc-${name.replaceAll(/[^a-z]/g, '')}`;

  test("a login arrives with the subscriber's name from another subgraph; after a break nothing is missing", async () => {
    const { password } = await newSubscriber(alpha.owner, username, 'Home 50');
    const named = ({ networkEvents: { service } }: NetworkEvent) =>
      service?.customer.name === `Test ${username}`;
    const stream = subscribe(alpha.tokens.noc, sessions);
    const isLogin = (event: NetworkEvent) =>
      named(event) && event.networkEvents.__typename === 'SessionStarted';
    const { networkEvents } = await untilSeen(stream, isLogin, () => alpha.lab.login(username, password));
    await stream.close();

    // While nobody listens: out and in again.
    const online = await alpha.lab.sessions();
    for (const session of online.filter((candidate) => candidate.username === username))
      await alpha.lab.logout(session.username);
    await alpha.lab.login(username, password);

    const resumed = subscribe(alpha.tokens.noc, { ...sessions, after: networkEvents.cursor });
    const stopped = await resumed.until(
      (event) => named(event) && event.networkEvents.__typename === 'SessionStopped',
    );
    const started = await resumed.until(
      (event) => named(event) && event.networkEvents.__typename === 'SessionStarted',
    );
    expect(stopped.networkEvents.cursor).not.toBe(started.networkEvents.cursor);
    await resumed.close();
  });
});

test('a router that drops is an event, and so is its return', async () => {
  const stream = subscribeWs<NetworkEvent>(alpha.owner.url, alpha.tokens.noc, query, {
    types: ['DEVICE_STATE_CHANGED'],
  });
  const router = ({ networkEvents }: NetworkEvent) => networkEvents.device?.name === 'tower-router';
  await stream.begun;
  const offline = stream.until((event) => router(event) && event.networkEvents.toState === 'OFFLINE');
  try {
    await alpha.lab.power('off');
    expect((await offline).networkEvents.__typename).toBe('DeviceStateChanged');
  } finally {
    await alpha.lab.power('on');
  }
  await stream.until((event) => router(event) && event.networkEvents.toState === 'ONLINE');
  await stream.close();
});

test("a trap that Debian's snmptrap sends to the tenant's own port arrives in its graph", async ({
  skip,
}) => {
  const { tenant: its } = await alpha.owner.data<{ tenant: { trapPort: number } }>('{ tenant { trapPort } }');
  // From an address that no device has, so that it is told of by itself.
  const sender = '127.0.0.2';
  const { error, status, stderr } = spawnSync(
    'snmptrap',
    [`--clientaddr=${sender}`, '-v', '2c', '-c', 'x', `127.0.0.1:${its.trapPort}`, '', '1.3.6.1.6.3.1.1.5.1'],
    { encoding: 'utf8', env: { ...process.env, MIBS: '' } },
  );
  if (error !== undefined && 'code' in error && error.code === 'ENOENT')
    return skip('snmptrap is not installed');
  expect(status, stderr).toBe(0);
  interface Answer {
    readonly unknownTraps: readonly {
      readonly sourceAddress: string;
      readonly trapOid: string;
      readonly version: string;
    }[];
  }
  const { unknownTraps } = await eventually(
    () => alpha.noc.data<Answer>('{ unknownTraps { sourceAddress trapOid version } }'),
    (answer) => answer.unknownTraps.some(({ sourceAddress }) => sourceAddress === sender),
  );
  expect(unknownTraps).toContainEqual({
    sourceAddress: sender,
    trapOid: '1.3.6.1.6.3.1.1.5.1',
    version: '2c',
  });
});
