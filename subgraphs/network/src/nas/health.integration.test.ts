import { packetCodes, RadiusClient, sharedSecret } from '@dotmac/radius';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { radiusSecret } from '../testing/access-router.ts';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';
import { NasWatch } from './watch.ts';

let isp: TestNetwork;
beforeAll(async () => {
  isp = await startTestNetwork();
});
afterAll(() => isp?.[Symbol.asyncDispose]());

interface Problem {
  readonly kind: string;
  readonly sourceAddress: string;
  readonly advice: string;
}
const ask = () =>
  isp.tenant.data<{
    radiusProblems: Problem[];
    radiusServer: { counters: { name: string; value: string }[]; socketDrops: number | null };
    nases: {
      health: {
        lastLoginAt: string | null;
        lastAccountingAt: string | null;
        accepts: number;
        rejects: { reason: string; count: number }[];
        clockSkewSeconds: number | null;
        problems: Problem[];
      };
    }[];
  }>(
    'network',
    `{ radiusProblems { kind sourceAddress advice nas { name } } radiusServer { counters { name value } socketDrops }
       nases { health { lastLoginAt lastAccountingAt accepts rejects { reason count } clockSkewSeconds problems { kind sourceAddress advice } } } }`,
  );

async function send(
  secret: string,
  port: number,
  code: number,
  attributes: { name: string; value: unknown }[],
) {
  const client = new RadiusClient();
  try {
    await client.exchange({
      host: '127.0.0.1',
      port,
      secret: sharedSecret(secret),
      code,
      replyCodes: [packetCodes['Access-Reject'], packetCodes['Accounting-Response']],
      attributes: attributes as never,
      messageAuthenticator: code === packetCodes['Access-Request'],
      waitsMs: [100],
    });
  } finally {
    await client.close();
  }
}

test('logins, refusals by reason, a wrong secret and a clock that is off are seen at the NAS, with what to do', async () => {
  const service = await isp.order();
  await isp.online(service);
  await isp.nas.login(service.username, 'guess', { mac: service.mac });
  await isp.nas.login('nobody', 'guess', { mac: service.mac });
  const { authPort, acctPort } = isp.server;
  await send('a wrong secret', authPort ?? 0, packetCodes['Access-Request'], [
    { name: 'User-Name', value: 'ada' },
  ]);
  await send(radiusSecret, acctPort ?? 0, packetCodes['Accounting-Request'], [
    { name: 'Acct-Status-Type', value: 'Start' },
    { name: 'Acct-Session-Id', value: 'late' },
    { name: 'User-Name', value: service.username },
    { name: 'Event-Timestamp', value: Math.floor(Date.now() / 1000) - 3_600 },
  ]);
  // A record is answered once it is on disk, and a wrong secret never is.
  const { nases, radiusProblems, radiusServer } = await isp.tenant.eventually(ask, (answer) => {
    const { clockSkewSeconds, problems } = answer.nases[0]?.health ?? {};
    return clockSkewSeconds != null && problems?.length === 2;
  });
  const health = nases[0]?.health;
  expect(health).toMatchObject({
    accepts: 1,
    lastLoginAt: expect.any(String),
    lastAccountingAt: expect.any(String),
  });
  expect(health?.rejects).toEqual(
    expect.arrayContaining([
      { reason: 'BAD_PASSWORD', count: 1 },
      { reason: 'UNKNOWN_USER', count: 1 },
    ]),
  );
  expect(Math.round((health?.clockSkewSeconds ?? 0) / 60)).toBe(-60);
  expect(health?.problems.map((one) => one.kind).sort()).toEqual(['BAD_AUTHENTICATOR', 'CLOCK_SKEW']);
  expect(radiusProblems.find((one) => one.kind === 'BAD_AUTHENTICATOR')?.advice).toContain('wrong secret');
  expect(radiusServer.counters).toContainEqual({ name: 'accessAccepts', value: '1' });
});

test('what was heard outlives the process, and how soon a NAS answers is measured', async () => {
  const service = await isp.order();
  const { session } = await isp.online(service);
  await isp.lock(service, ['BILLING']);
  expect(await isp.settled(service.serviceId, 1)).toMatchObject({ state: 'VERIFIED' });
  expect(isp.nas.sessions.get(session.id)?.addressList).toBe('dotmac-suspended');
  const { database, logger } = isp.tenant.services;
  const nasId = isp.module.policy.findNas('127.0.0.1')?.id ?? '';
  const { nasWatch } = isp.module;
  expect(nasWatch.health(nasId)).toMatchObject({ rttMilliseconds: expect.any(Number), unanswered: 0 });
  await nasWatch.keep(database);
  const next = new NasWatch();
  const ended = new AbortController();
  await next.start({ ...isp.tenant.services, database, logger }, ended.signal);
  ended.abort();
  expect(next.health(nasId)).toEqual(nasWatch.health(nasId));
  expect(next.problems()).toEqual(nasWatch.problems());
  expect(next.problems()).not.toEqual([]);
  // Whoever invents addresses fills no disk.
  for (let host = 0; host < 1_200; host++)
    next.anomaly({
      kind: 'UNKNOWN_NAS',
      sourceAddress: `198.18.${host >> 8}.${host & 255}`,
      nasId: null,
      detail: null,
      count: 1,
      at: Date.now(),
    });
  next.anomaly({
    kind: 'HOME_SERVER_UNREACHABLE',
    sourceAddress: '198.18.255.1',
    nasId: null,
    detail: 'ada\0@elsewhere.example',
    count: 1,
    at: Date.now(),
  });
  await next.keep(database);
  const { count } = await database
    .selectFrom('network.radiusProblem')
    .select(({ fn }) => fn.countAll<bigint>().as('count'))
    .executeTakeFirstOrThrow();
  expect(Number(count)).toBeLessThanOrEqual(1_000);
});

test('an address that no NAS has is named', async () => {
  isp.module.nasWatch.anomaly({
    kind: 'UNKNOWN_NAS',
    sourceAddress: '192.0.2.77',
    nasId: null,
    detail: null,
    count: 1,
    at: Date.now(),
  });
  const { radiusProblems } = await ask();
  expect(radiusProblems[0]).toMatchObject({ kind: 'UNKNOWN_NAS', sourceAddress: '192.0.2.77' });
});
