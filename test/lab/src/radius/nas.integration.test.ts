import {
  type DesiredAccess,
  DeviceError,
  type OperationContext,
  type Shaping,
  systemClock,
} from '@dotmac/device';
import {
  type AccountingRecord,
  accessReplyAttributes,
  CoaClient,
  createRadiusDriver,
  type RadiusCredential,
  type RadiusServer,
  type SessionObservation,
  sharedSecret,
  startRadiusServer,
  verifyPassword,
} from '@dotmac/radius';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type SimulatedNas, startNas } from './nas.ts';

const secret = 'lab-secret';
const fast: Shaping = {
  downstream: { bitsPerSecond: 50_000_000n },
  upstream: { bitsPerSecond: 25_000_000n },
};
const slow: Shaping = { downstream: { bitsPerSecond: 1_000_000n }, upstream: { bitsPerSecond: 512_000n } };
const context: OperationContext = {
  signal: new AbortController().signal,
  clock: systemClock,
  priority: 'provision',
  operationId: 'op-1',
};
const mac = 'cc:2d:e0:a3:3d:d5';

let server: RadiusServer;
let nas: SimulatedNas;
let client: CoaClient;
let records: AccountingRecord[];

beforeEach(async () => {
  records = [];
  server = await startRadiusServer({
    host: '127.0.0.1',
    authPort: 0,
    acctPort: 0,
    rejectDelayMs: 0,
    policy: {
      findNas: () => ({
        id: 'nas-1',
        secrets: [sharedSecret(secret)],
        requireMessageAuthenticator: 'YES',
        limitProxyState: true,
      }),
      authenticate: (request) =>
        verifyPassword(request, 'opensesame')
          ? {
              kind: 'ACCEPT',
              attributes: [
                { name: 'Framed-IP-Address', value: '100.64.0.9' },
                { name: 'Class', value: Buffer.from('token-1') },
                ...accessReplyAttributes('mikrotik', fast, 'open'),
              ],
            }
          : {
              kind: 'REJECT',
              reason: 'BAD_PASSWORD',
              attributes: [{ name: 'Reply-Message', value: 'wrong' }],
            },
    },
    accounting: { record: async (batch) => void records.push(...batch) },
  });
  nas = await startNas({
    secret,
    authHost: '127.0.0.1',
    authPort: server.authPort as number,
    acctPort: server.acctPort as number,
  });
  client = new CoaClient({ waitsMs: [500, 500], jitter: 0 });
});
afterEach(async () => {
  await nas.close();
  await client.close();
  await server.close();
});

test('a session from login to logout, by PAP, CHAP and MS-CHAPv2', async () => {
  const refused = await nas.login('alice', 'guess', { mac });
  expect(refused).toMatchObject({
    accepted: false,
    reason: 'REJECTED',
    replyMessage: 'wrong',
    session: null,
  });
  for (const method of ['pap', 'chap', 'mschapv2'] as const) {
    records.length = 0;
    const { session } = await nas.login('alice', 'opensesame', { mac, method });
    expect(session).toMatchObject({ address: '100.64.0.9', shaping: fast, addressList: 'dotmac-active' });
    const id = session?.id as string;
    nas.advance(id, { upstream: 10n, downstream: 5n * 2n ** 32n });
    expect(await nas.interim()).toBe(1);
    expect(await nas.logout(id)).toBe(true);
    expect(records.map(({ status }) => status)).toEqual(['START', 'INTERIM', 'STOP']);
    expect(records[2]).toMatchObject({
      sessionId: id,
      upstreamOctets: 10n,
      downstreamOctets: 5n * 2n ** 32n,
      terminateCause: 1,
      classes: [Buffer.from('token-1').toString('hex')],
    });
  }
});

test('a speed change and a walled garden come by CoA without a drop', async () => {
  const { desired } = await loggedIn();
  const session = driver({});
  const plan = await session.plan({ ...desired, mode: 'walledGarden', shaping: slow }, context);
  expect(plan).toMatchObject({ risk: 'traffic', steps: [{ kind: 'update' }] });
  expect(plan.steps[0]?.native).toContain('Mikrotik-Rate-Limit = "512k/1M"');
  expect(await session.apply(plan, context)).toMatchObject({ outcome: 'applied', steps: [{ ok: true }] });
  expect([...nas.sessions.values()]).toMatchObject([{ shaping: slow, addressList: 'dotmac-suspended' }]);
});

test('a blocked subscriber is disconnected, and the session ends with a Stop', async () => {
  const { desired } = await loggedIn();
  const session = driver({});
  const plan = await session.plan({ ...desired, mode: 'blocked' }, context);
  expect(plan.risk).toBe('session-drop');
  expect(await session.apply(plan, context)).toMatchObject({ outcome: 'applied' });
  expect(nas.sessions.size).toBe(0);
  await expect
    .poll(() => records.at(-1), { timeout: 20_000 })
    .toMatchObject({ status: 'STOP', terminateCause: 6 });
  expect(await session.apply(plan, context), 'the session is gone').toMatchObject({ outcome: 'noop' });
});

test('a NAK to CoA falls back to Disconnect; every attempt is on record', async () => {
  const { desired } = await loggedIn();
  const kinds: string[] = [];
  nas.setCoaBehaviour({ kind: 'nak', errorCause: 401 });
  const session = driver({ onAttempt: ({ kind, result }) => kinds.push(`${kind} ${result.outcome}`) });
  const result = await session.apply(await session.plan({ ...desired, shaping: slow }, context), context);
  expect(result.outcome).toBe('rolled_back');
  expect(result.steps.map(({ message }) => message)).toEqual([
    expect.stringContaining('CoA-Request: NAK (401 Unsupported Attribute)'),
    expect.stringContaining('Disconnect-Request: NAK (401 Unsupported Attribute)'),
  ]);
  expect(kinds).toEqual(['CoA NAK', 'Disconnect NAK']);
});

test('silence is sent again with the same octets, and leaves the outcome unknown', async () => {
  const { desired } = await loggedIn();
  nas.setCoaBehaviour({ kind: 'ignore' });
  const session = driver({});
  const result = await session.apply(await session.plan({ ...desired, shaping: slow }, context), context);
  expect(result).toMatchObject({ outcome: 'unknown', steps: [{ ok: false }, { ok: false }] });
  expect(nas.coaReceived).toBe(4);
});

test('an ACK is no proof: a lying NAS is found out by reading back', async () => {
  const { desired } = await loggedIn();
  const readback = async (): Promise<SessionObservation> => {
    const session = [...nas.sessions.values()][0];
    return {
      live: session !== undefined,
      mode: session?.addressList === 'dotmac-suspended' ? 'walledGarden' : 'open',
      shaping: session?.shaping ?? null,
      source: 'lab',
      observedAt: 1,
    };
  };
  const wanted = { ...desired, shaping: slow };
  expect(await driver({}).verify(wanted, context)).toMatchObject({ state: 'UNVERIFIED' });
  const session = driver({ readback });
  nas.setCoaBehaviour({ kind: 'lie' });
  expect(await session.apply(await session.plan(wanted, context), context)).toMatchObject({
    outcome: 'applied',
  });
  expect(await session.verify(wanted, context)).toMatchObject({ state: 'DIVERGED', source: 'lab' });
  nas.setCoaBehaviour({ kind: 'obey' });
  await session.apply(await session.plan(wanted, context), context);
  expect(await session.verify(wanted, context)).toMatchObject({ state: 'VERIFIED' });
});

test('a crash loses the sessions, starts ids over and says Accounting-On', async () => {
  const first = await nas.login('alice', 'opensesame', { mac });
  expect(await nas.crash()).toBe(true);
  expect(nas.sessions.size).toBe(0);
  expect(records.at(-1)?.status).toBe('ON');
  const second = await nas.login('alice', 'opensesame', { mac });
  expect(second.session?.id).toBe(first.session?.id);
});

test('a plan made for another profile is refused', async () => {
  const { desired } = await loggedIn();
  const plan = await driver({ vendor: 'wispr' }).plan({ ...desired, shaping: slow }, context);
  const refused = await driver({})
    .apply(plan, context)
    .catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(DeviceError);
  expect(refused).toMatchObject({ code: 'CONFLICT' });
});

function driver(credential: Partial<RadiusCredential>) {
  return createRadiusDriver(client).open(
    { id: 'nas-1', host: '127.0.0.1', port: nas.coaPort },
    { secret, vendor: 'mikrotik', ...credential },
  );
}

async function loggedIn(): Promise<{ desired: DesiredAccess }> {
  const { session } = await nas.login('alice', 'opensesame', { mac });
  return {
    desired: {
      kind: 'access',
      marker: 'dotmac:service-1',
      username: 'alice',
      address: session?.address ?? null,
      mac,
      sessionId: session?.id ?? null,
      mode: 'open',
      shaping: fast,
    },
  };
}
