import { systemClock } from '@dotmac/platform';
import type { NetworkEvents } from '@dotmac/schema';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { passwordPurpose, planShaping } from '../access/store.ts';
import { reapOnce } from '../session/reaper.ts';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';
import type { LoginPolicy } from './policy.ts';

/** `advisoryLock` of the event log's sequencer. */
const sequencerLock = 4_711_001;

let isp: TestNetwork;
beforeAll(async () => {
  isp = await startTestNetwork();
});
afterAll(() => isp?.[Symbol.asyncDispose]());

describe('a new customer goes online', () => {
  test('credentials and address are ready; the login gets the speeds, accounting opens the session', async () => {
    const service = await isp.order();
    expect(service.address).toBe('100.64.0.2');
    const { login } = await isp.online(service);
    const sent = Object.fromEntries(login.attributes.map(({ name, value }) => [name, value]));
    expect(sent).toMatchObject({
      'Framed-IP-Address': '100.64.0.2',
      'Mikrotik-Rate-Limit': '10M/50M',
      'Mikrotik-Address-List': 'dotmac-active',
    });
    expect(Number(sent['Acct-Interim-Interval'])).toBeGreaterThanOrEqual(270);
    const access = await isp.accessOf(service.serviceId);
    expect(access).toMatchObject({ device: { name: 'bng-1' }, session: { live: true } });
  });

  test('octets beyond 32 bits arrive, and the session ends with its cause', async () => {
    const service = await isp.order();
    const { session } = await isp.online(service);
    isp.nas.advance(session.id, { upstream: 7n, downstream: 2n ** 33n + 5n });
    expect(await isp.nas.interim(session.id)).toBe(1);
    const live = await isp.accessOf(service.serviceId);
    expect(live?.session).toMatchObject({
      downstreamOctets: (2n ** 33n + 5n).toString(),
      upstreamOctets: '7',
    });
    await isp.nas.logout(session.id);
    expect((await isp.accessOf(service.serviceId))?.session).toBeNull();
    const data = await isp.tenant.data<{ sessions: { edges: { node: { terminateCause: string } }[] } }>(
      'network',
      `{ sessions(username: "${service.username}") { edges { node { terminateCause stoppedAt service { id } } } } }`,
    );
    expect(data.sessions.edges[0]?.node.terminateCause).toBe('User-Request');
  });

  test('a wrong password is refused with a stable reason, told once however often it comes', async () => {
    const service = await isp.order();
    await isp.tenant.eventually(
      () => isp.explain(service.username),
      (answer) => answer.decision === 'ACCEPT',
    );
    for (let i = 0; i < 3; i++) {
      expect((await isp.nas.login(service.username, 'guess', { mac: service.mac })).reason).toBe('REJECTED');
    }
    const told = await isp.tenant.eventually(
      async () =>
        (await isp.tenant.services.events.read(0n, { types: ['login.rejected'] })).filter(
          (event) => event.subject === service.serviceId,
        ),
      (events) => events.length > 0,
    );
    expect(told).toHaveLength(1);
    expect(told[0]?.payload as NetworkEvents['login.rejected']).toMatchObject({
      reason: 'BAD_PASSWORD',
      count: 1,
    });
    expect(await isp.explain(service.username, 'guess')).toMatchObject({
      decision: 'REJECT',
      reason: 'BAD_PASSWORD',
    });
  });

  test('a second line on one account is refused; the same line replaces its own session', async () => {
    const service = await isp.order();
    const { session } = await isp.online(service);
    const other = await isp.nas.login(service.username, service.password, { mac: 'aa:aa:aa:aa:aa:aa' });
    expect(other.reason).toBe('REJECTED');
    expect((await isp.nas.login(service.username, service.password, { mac: service.mac })).accepted).toBe(
      true,
    );
    const data = await isp.tenant.data<{
      sessions: { edges: { node: { live: boolean; terminateCause: string } }[] };
    }>('network', `{ sessions(username: "${service.username}") { edges { node { live terminateCause } } } }`);
    expect(data.sessions.edges.map((edge) => edge.node)).toEqual([
      { live: true, terminateCause: null },
      { live: false, terminateCause: 'Replaced' },
    ]);
    expect(session.id).not.toBe('');
  });

  test('a new password replaces the old one, a second line is allowed when the operator says so', async () => {
    const service = await isp.order();
    await isp.online(service);
    const { serviceId, username, mac } = service;
    const updated = await isp.mutate(
      'updateAccess',
      { serviceId, newPassword: true, simultaneousSessions: 2 },
      '... on Access { username simultaneousSessions }',
    );
    expect(updated).toMatchObject({ username, simultaneousSessions: 2 });
    const { password } = await isp.mutate(
      'revealAccessPassword',
      { serviceId, reason: 'told by phone' },
      '... on RevealedPassword { password }',
    );
    await isp.tenant.eventually(
      () => isp.explain(username, String(password)),
      (answer) => answer.decision === 'ACCEPT',
    );
    expect((await isp.nas.login(username, service.password, { mac })).accepted).toBe(false);
    const second = await isp.nas.login(username, String(password), { mac: 'aa:aa:aa:aa:aa:aa' });
    expect(second.accepted).toBe(true);
  });

  test('a change holds from its COMMIT on, also while the event log tells nobody of it', async () => {
    const service = await isp.order();
    await isp.online(service);
    const { database } = isp.tenant.services;
    const { promise: done, resolve: letOn } = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    // As another sequencer that is at work all the time: no event is given a position.
    const sequencer = database.transaction().execute(async (transaction) => {
      await sql`select pg_advisory_xact_lock(${sequencerLock})`.execute(transaction);
      held.resolve();
      await done;
    });
    await held.promise;
    const position = await isp.tenant.services.events.headPosition();
    const change = (mode: 'BLOCKED' | 'OPEN', locks: string[]) =>
      sql`update network.access set mode = ${mode}, locks = ${locks}::text[]
        where service_id = ${service.serviceId}`.execute(database);
    await change('BLOCKED', ['ABUSE']);
    await isp.tenant.eventually(
      () => isp.explain(service.username),
      (answer) => answer.reason === 'BLOCKED',
    );
    await change('OPEN', []);
    await isp.tenant.eventually(
      () => isp.explain(service.username),
      (answer) => answer.decision === 'ACCEPT',
    );
    expect(await isp.tenant.services.events.headPosition()).toBe(position);
    letOn();
    await sequencer;
  });

  test('a new password holds with its COMMIT, although no row can be read', async () => {
    const { serviceId, username } = await isp.order();
    const { database, secrets } = isp.tenant.services;
    const policy = isp.module.policy as LoginPolicy;
    const answer = (password: string) =>
      policy.explain({ username, password, nas: { address: '127.0.0.1' }, mac: null }).reason;
    const { promise: done, resolve: letOn } = Promise.withResolvers<void>();
    let locking: Promise<void> | undefined;
    await database.transaction().execute(async (transaction) => {
      await transaction
        .updateTable('network.access')
        .set({ password: secrets.seal('told by phone', passwordPurpose(serviceId)) })
        .where('serviceId', '=', serviceId)
        .execute();
      // Next in line once this commits: whoever reads after it waits.
      locking = database.transaction().execute(async (other) => {
        await sql`lock table network.access in access exclusive mode`.execute(other);
        await done;
      });
      await isp.tenant.eventually(
        async () =>
          (
            await sql`select from pg_locks where not granted and relation = 'network.access'::regclass`.execute(
              transaction,
            )
          ).rows.length,
        (waiting) => waiting === 1,
      );
    });
    try {
      await isp.tenant.eventually(
        async () => answer('told by phone'),
        (reason) => reason === null,
      );
    } finally {
      letOn();
      await locking;
    }
    expect(answer('another')).toBe('BAD_PASSWORD');
  });

  test('a session long silent does not lock its subscriber out, and ends when he logs in', async () => {
    const service = await isp.order();
    // Told with a delay of a quarter of an hour, and nothing since.
    const told = await isp.account([
      { name: 'Acct-Status-Type', value: 'Start' },
      { name: 'Acct-Session-Id', value: 'silent' },
      { name: 'User-Name', value: service.username },
      { name: 'Calling-Station-Id', value: 'AA-AA-AA-AA-AA-AA' },
      { name: 'Acct-Delay-Time', value: 900 },
    ]);
    expect(told).toBe(true);
    await isp.online(service);
    const data = await isp.tenant.data<{
      sessions: { edges: { node: { live: boolean; terminateCause: string } }[] };
    }>('network', `{ sessions(username: "${service.username}") { edges { node { live terminateCause } } } }`);
    expect(data.sessions.edges.map((edge) => edge.node)).toEqual([
      { live: true, terminateCause: null },
      { live: false, terminateCause: 'Stale' },
    ]);
  });

  test('CHAP proves the password as PAP does', async () => {
    const service = await isp.order();
    await isp.tenant.eventually(
      () => isp.explain(service.username, service.password),
      (answer) => answer.decision === 'ACCEPT',
    );
    const { username, password, mac } = service;
    expect((await isp.nas.login(username, 'guess', { mac, method: 'chap' })).accepted).toBe(false);
    expect((await isp.nas.login(username, password, { mac, method: 'chap' })).accepted).toBe(true);
  });

  test('a login name that is taken is made the service’s own', async () => {
    const first = await isp.order('pln_50', 'ada');
    const second = await isp.order('pln_50', 'ada');
    expect(first.username).toBe('ada');
    expect(second.username).toMatch(/^ada-.{8}$/);
  });

  test('a plan heard of after the order makes the access ready then, not before', async () => {
    const service = await isp.order('pln_late');
    expect(await isp.explain(service.username)).toMatchObject({ decision: 'REJECT' });
    const ready = async () =>
      (await isp.tenant.services.events.read(0n, { types: ['access.ready'] })).filter(
        (event) => event.subject === service.serviceId,
      );
    expect(await ready()).toEqual([]);
    const speed = { downstream: { bitsPerSecond: '1000000' }, upstream: { bitsPerSecond: '1000000' } };
    await isp.append({
      ...isp.about('pln_late'),
      type: 'plan.published',
      payload: { planId: 'pln_late', versionId: 'plv_3', name: 'Late', shaping: speed },
    });
    const events = await isp.tenant.eventually(ready, (list) => list.length > 0);
    expect(events[0]?.payload).toMatchObject({ username: service.username, address: service.address });
    await isp.online(service);
  });

  test('a NAS that lost power says so when it is back, and its sessions end', async () => {
    const service = await isp.order();
    await isp.online(service);
    expect(await isp.nas.crash()).toBe(true);
    expect((await isp.accessOf(service.serviceId))?.session).toBeNull();
    // It counts its session ids from the beginning again: these are other sessions.
    await isp.online(service);
    expect((await isp.accessOf(service.serviceId))?.session).toMatchObject({ live: true });
  });
});

test('the explanation of an answer that cannot be made is that of the refusal: whose profile, and that it is the speed', async () => {
  const none = { bitsPerSecond: '0' };
  await isp.append({
    ...isp.about('pln_0'),
    type: 'plan.published',
    payload: {
      planId: 'pln_0',
      versionId: 'plv_0',
      name: 'None',
      shaping: { downstream: none, upstream: none },
    },
  });
  await isp.tenant.eventually(
    () => planShaping(isp.tenant.services.database, 'pln_0'),
    (shaping) => shaping !== null,
  );
  const { username, password, mac } = await isp.order('pln_0');
  const explained = async () =>
    (isp.module.policy as LoginPolicy).explain({ username, password, nas: { address: '127.0.0.1' }, mac });
  const { steps, decision } = await isp.tenant.eventually(
    explained,
    ({ reason }) => reason === 'REPLY_IMPOSSIBLE',
  );
  expect(decision).toBe('REJECT');
  expect(steps.at(-1)).toEqual({
    check: 'reply',
    passed: false,
    fact: 'The profile mikrotik cannot express this speed',
  });
  expect((await isp.nas.login(username, password, { mac })).reason).toBe('REJECTED');
});

describe('without the database', () => {
  test('everybody known still logs in; accounting is answered only once it can be kept', async () => {
    const service = await isp.order();
    await isp.tenant.eventually(
      () => isp.explain(service.username, service.password),
      (answer) => answer.decision === 'ACCEPT',
    );
    const { database } = isp.tenant.services;
    await database.connection().execute(async (connection) => {
      const name = sql`(select current_database())`;
      await sql`update pg_database set datallowconn = false where datname = ${name}`.execute(connection);
      await sql`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = ${name} and pid <> pg_backend_pid()`.execute(connection);
      try {
        const login = isp.nas.login(service.username, service.password, { mac: service.mac });
        // The session is up at the NAS; its Start is not answered, because nothing can be kept.
        await isp.tenant.eventually(
          async () => [...isp.nas.sessions.values()].map((session) => session.username),
          (names) => names.includes(service.username),
        );
        await sql`update pg_database set datallowconn = true where datname = ${name}`.execute(connection);
        expect((await login).accepted).toBe(true);
      } finally {
        await sql`update pg_database set datallowconn = true where datname = ${name}`.execute(connection);
      }
    });
    await isp.tenant.eventually(
      async () => {
        await isp.nas.interim();
        return isp.accessOf(service.serviceId);
      },
      (access) => access?.session?.live === true,
    );
    // What was changed meanwhile reaches the policy again.
    await isp.lock(service, ['ABUSE']);
    await isp.tenant.eventually(
      () => isp.explain(service.username),
      (answer) => answer.reason === 'BLOCKED',
    );
  });
});

describe('stale sessions', () => {
  const reap = () => reapOnce(isp.tenant.services, isp.module.policy as LoginPolicy, systemClock, 0);

  test('a business clock that jumps ahead makes nobody stale', async () => {
    const service = await isp.order();
    await isp.online(service);
    await isp.tenant.services.advanceClock(3 * 86_400_000);
    expect(await reap()).toBe(0);
    expect((await isp.accessOf(service.serviceId))?.session).toMatchObject({ live: true });
    expect(await isp.explain(service.username)).toMatchObject({ decision: 'ACCEPT' });
  });

  test('end after a long silence, and open again when they are heard of', async () => {
    const service = await isp.order();
    const { session } = await isp.online(service);
    await isp.tenant.services.database
      .updateTable('network.session')
      .set({ updatedAt: new Date(systemClock.now() - 3_600_000) })
      .where('username', '=', service.username)
      .execute();
    expect(await reap()).toBe(1);
    expect((await isp.accessOf(service.serviceId))?.session).toBeNull();
    await isp.nas.interim(session.id);
    expect((await isp.accessOf(service.serviceId))?.session).toMatchObject({ live: true });
  });
});
