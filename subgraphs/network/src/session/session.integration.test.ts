import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LoginPolicy } from '../aaa/policy.ts';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';
import { SessionRecorder } from './record.ts';
import type { SessionNews } from './rules.ts';

let isp: TestNetwork;
beforeAll(async () => {
  isp = await startTestNetwork();
});
afterAll(() => isp?.[Symbol.asyncDispose]());

const sessionsOf = async (username: string) =>
  (
    await isp.tenant.data<{ sessions: { edges: { node: { live: boolean; downstreamOctets: string } }[] } }>(
      'network',
      'query ($username: String!) { sessions(username: $username) { edges { node { live downstreamOctets } } } }',
      { username },
    )
  ).sessions.edges.map((edge) => edge.node);

const nasId = async () =>
  (await isp.tenant.data<{ nases: { id: string }[] }>('network', '{ nases { id } }')).nases[0]?.id ?? '';

test('a session told of by several batches at once is one session, and nothing of it is lost', async () => {
  const { database, clock } = isp.tenant.services;
  const at = clock.now();
  const told = {
    nasId: await nasId(),
    deviceId: null,
    serviceId: null,
    address: null,
    mac: null,
    wraps: false,
  };
  const recorder = new SessionRecorder(
    { writer: database, database },
    clock,
    (isp.module.policy as LoginPolicy).known,
  );
  const record = (...news: SessionNews[]) => recorder.record({ news, restarts: [] });
  const usernames = Array.from({ length: 10 }, (_, index) => `at-once-${index}`);
  await Promise.all(
    usernames.flatMap((username) => {
      const about = { ...told, username, nativeId: '1', terminateCause: null, upstreamOctets: 0n };
      return [
        record({ ...about, status: 'START', at, sessionTimeSeconds: 0, downstreamOctets: 0n }),
        record({
          ...about,
          status: 'INTERIM',
          at: at + 60_000,
          sessionTimeSeconds: 60,
          downstreamOctets: 6n,
        }),
        record({ ...about, status: 'STOP', at: at + 90_000, sessionTimeSeconds: 90, downstreamOctets: 9n }),
      ];
    }),
  );
  for (const username of usernames) {
    expect(await sessionsOf(username)).toEqual([{ live: false, downstreamOctets: '9' }]);
  }
});

test('what a NAS may send and a database cannot keep holds up nobody', async () => {
  const status = { name: 'Acct-Status-Type', value: 'Start' };
  const session = { name: 'Acct-Session-Id', value: 'odd' };
  expect(await isp.account([status, session, { name: 'User-Name', value: 'nul\0in it' }])).toBe(true);
  expect(await isp.account([status, session, { name: 'User-Name', value: Buffer.of(0xc3, 0x28) }])).toBe(
    true,
  );
  expect(await isp.account([status, { name: 'User-Name', value: 'without a session id' }])).toBe(true);
  expect(
    await isp.account([
      { name: 'Acct-Status-Type', value: 'Interim-Update' },
      { name: 'Acct-Session-Id', value: 'huge' },
      { name: 'User-Name', value: 'huge' },
      { name: 'Acct-Output-Octets', value: 0xffffffff },
      { name: 'Acct-Output-Gigawords', value: 0xffffffff },
      { name: 'Acct-Session-Time', value: 0xffffffff },
    ]),
  ).toBe(true);
  expect(await sessionsOf('huge')).toEqual([{ live: true, downstreamOctets: (2n ** 64n - 1n).toString() }]);
  expect(await sessionsOf('nul\ufffdin it')).toHaveLength(1);
});

test('refused logins are told once a minute, with how many they were', async () => {
  const told = async () =>
    (await isp.tenant.services.events.read(0n, { types: ['login.rejected'] }))
      .filter((event) => event.subject === 'nobody')
      .map((event) => (event.type === 'login.rejected' ? event.payload.count : 0));
  const mac = 'cc:2d:e0:00:00:ff';
  for (let i = 0; i < 3; i++) await isp.nas.login('nobody', 'guess', { mac });
  expect(await isp.tenant.eventually(told, (counts) => counts.length > 0)).toEqual([1]);
  await isp.tenant.services.advanceClock(61_000);
  await isp.nas.login('nobody', 'guess', { mac });
  expect(await isp.tenant.eventually(told, (counts) => counts.length > 1)).toEqual([1, 3]);
});
