import { AsyncLocalStorage } from 'node:async_hooks';
import { principalWith } from '@dotmac/harness';
import { anonymous } from '@dotmac/schema';
import type { KyselyPlugin } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addressPools, assignAddress, poolUses } from './address/store.ts';
import { startTestNetwork, type TestNetwork } from './testing/network.ts';
import type { TestService } from './testing/subscribers.ts';

/** Counts the queries of one operation; what the subgraph does by itself meanwhile runs in another context. */
const counted = new AsyncLocalStorage<{ queries: number }>();
const counter: KyselyPlugin = {
  transformQuery({ node }) {
    const count = counted.getStore();
    if (count !== undefined) count.queries++;
    return node;
  },
  transformResult: async ({ result }) => result,
};

let isp: TestNetwork;
beforeAll(async () => {
  isp = await startTestNetwork((services) => ({
    ...services,
    database: services.database.withPlugin(counter),
  }));
});
afterAll(() => isp?.[Symbol.asyncDispose]());

describe('who may see what', () => {
  const query = `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Service { access { username session { id } } } } }`;

  test('without the scope nothing; a subscriber his own access and no other', async () => {
    const own = await isp.order();
    const other = await isp.order();
    await isp.online(own);
    const ask = (serviceId: string, customerId: string | null) =>
      isp.tenant.ask(
        'network',
        query,
        { r: [{ __typename: 'Service', id: serviceId }] },
        {
          ...anonymous,
          kind: 'subscriber',
          id: customerId ?? 'cus_none',
          customerId,
          roles: ['SUBSCRIBER'],
        },
      );
    const customer = own.customerId;
    const mine = await ask(own.serviceId, customer);
    expect(mine.errors).toBeUndefined();
    expect(JSON.stringify(mine.data)).toContain(own.username);
    expect(JSON.stringify(mine.data)).toContain('ses_');
    expect(JSON.stringify(await ask(other.serviceId, customer))).not.toContain(other.username);
    expect(JSON.stringify(await ask(other.serviceId, null))).not.toContain(other.username);
    const reveal = await isp.tenant.ask(
      'network',
      `mutation { revealAccessPassword(input: { serviceId: "${own.serviceId}", reason: "curious" }) { __typename } }`,
      {},
      principalWith('network:read', 'network:write'),
    );
    expect(reveal.errors?.[0]?.extensions).toMatchObject({ missingScope: 'network:secrets:reveal' });
  });

  test('showing a password leaves an event with the reason', async () => {
    const service = await isp.order();
    const events = await isp.tenant.eventually(
      async () =>
        (await isp.tenant.services.events.read(0n, { types: ['access.password.revealed'] })).filter(
          (event) => event.subject === service.serviceId,
        ),
      (told) => told.length > 0,
    );
    expect(events[0]).toMatchObject({
      payload: { reason: 'install visit' },
      actor: 'usr_test',
    });
  });
});

describe('the stream', () => {
  test('events arrive in order, and a client that was away resumes after its cursor', async () => {
    const query = `subscription ($after: Cursor) { networkEvents(after: $after, types: [SESSION_STARTED, SESSION_STOPPED]) {
      __typename cursor subject
      ... on SessionStarted { session { username live } service { id } }
      ... on SessionStopped { cause service { id } } } }`;
    interface Item {
      value: { data: { networkEvents: { __typename: string; cursor: string; subject: string } } };
    }
    const service = await isp.order();
    const first = await isp.tenant.subscribe('network', query);
    const next = first.next();
    const { session } = await isp.online(service);
    const started = (await next) as unknown as Item;
    expect(started.value.data.networkEvents).toMatchObject({
      __typename: 'SessionStarted',
      session: { username: service.username, live: true },
      service: { id: service.serviceId },
    });
    await first.return?.();
    await isp.nas.logout(session.id, 'Lost-Carrier');
    const resumed = await isp.tenant.subscribe('network', query, {
      after: started.value.data.networkEvents.cursor,
    });
    const missed = (await resumed.next()) as unknown as Item;
    expect(missed.value.data.networkEvents).toMatchObject({
      __typename: 'SessionStopped',
      cause: 'Lost-Carrier',
      subject: service.serviceId,
    });
    await resumed.return?.();
  });
});

describe('a stream that begins with what stands', () => {
  interface Told {
    readonly __typename?: string;
    readonly kind?: string;
    readonly id?: string;
    readonly cursor: string;
    readonly snapshot: { readonly number: number; readonly of: number } | null;
    readonly session?: { readonly id: string; readonly live: boolean; readonly username: string } | null;
    readonly device?: { readonly id: string } | null;
  }
  const take = async (stream: AsyncIterator<unknown>, field: string) => {
    const told: Told[] = [];
    let last: Told;
    do {
      const { value } = (await stream.next()) as { value: { data: Record<string, Told> } };
      last = value.data[field] as Told;
      told.push(last);
    } while (last.snapshot !== null && last.snapshot.number < last.snapshot.of);
    return told;
  };

  test('tells live sessions and devices, then what happens after', async () => {
    const service = await isp.order();
    const { session } = await isp.online(service);
    const states = `subscription ($after: Cursor, $kinds: [NetworkThingKind!]) {
      networkStates(after: $after, initial: true, kinds: $kinds) {
        cursor snapshot { number of } kind id session { id live username } device { id } } }`;
    const stream = await isp.tenant.subscribe('network', states, { kinds: ['SESSION', 'DEVICE'] });
    const standing = await take(stream, 'networkStates');
    expect(standing.map(({ snapshot }) => snapshot)).toEqual(
      standing.map((_, index) => ({ number: index + 1, of: standing.length })),
    );
    expect(standing.filter(({ kind }) => kind === 'DEVICE').length).toBeGreaterThan(0);
    for (const { kind, id, device } of standing) if (kind === 'DEVICE') expect(device).toEqual({ id });
    const mine = standing.find(({ session: told }) => told?.username === service.username);
    expect(mine).toMatchObject({
      kind: 'SESSION',
      id: mine?.session?.id,
      session: { live: true },
      device: null,
    });
    await isp.nas.logout(session.id, 'User-Request');
    expect(await take(stream, 'networkStates')).toMatchObject([
      { kind: 'SESSION', snapshot: null, session: { live: false } },
    ]);
    // Whoever broke off before the end gets it all again, and without the session that ended.
    const after = standing[0]?.cursor;
    const again = await isp.tenant.subscribe('network', states, { kinds: ['SESSION', 'DEVICE'], after });
    const anew = await take(again, 'networkStates');
    expect(anew.map(({ id }) => id)).toEqual(standing.map(({ id }) => id).filter((id) => id !== mine?.id));
    await stream.return?.();
    await again.return?.();
  });

  test('tells it as events to who follows events, of the types asked for only', async () => {
    const { session } = await isp.online(await isp.order());
    const stream = await isp.tenant.subscribe(
      'network',
      `subscription { networkEvents(initial: true, types: [SESSION_STARTED, SESSION_STOPPED, LOGIN_REJECTED]) {
        __typename cursor snapshot { number of } ... on SessionStarted { session { id live } } } }`,
    );
    const standing = await take(stream, 'networkEvents');
    expect(new Set(standing.map(({ __typename }) => __typename))).toEqual(new Set(['SessionStarted']));
    expect(standing.every(({ session: told }) => told?.live)).toBe(true);
    await isp.nas.logout(session.id, 'User-Request');
    expect(await take(stream, 'networkEvents')).toMatchObject([
      { __typename: 'SessionStopped', snapshot: null },
    ]);
    await stream.return?.();
  });
});

test('a list of many services, each with session, device and changes, costs a handful of queries', async () => {
  const cost = async (count: number) => {
    const representations = services
      .slice(0, count)
      .map(({ serviceId: id }) => ({ __typename: 'Service', id }));
    const asked = { queries: 0 };
    const data = await counted.run(asked, () =>
      isp.tenant.data<{ _entities: { access: { session: { live: boolean } } }[] }>(
        'network',
        `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Service { access {
        username device { name site { name } interfaces { name } nases { name } }
        session { live device { name } nas { name } service { id } } sessions { id } changes { state steps { kind } } } } } }`,
        { r: representations },
      ),
    );
    expect(data._entities).toHaveLength(count);
    expect(data._entities.every((service) => service.access.session.live)).toBe(true);
    return asked.queries;
  };
  const services: TestService[] = [];
  for (let i = 0; i < 12; i++) services.push(await isp.order());
  for (const service of services) await isp.online(service);
  await isp.lock(services[0] as TestService, ['BILLING']);
  await isp.settled(services[0]?.serviceId ?? '', 1);
  const few = await cost(2);
  expect(await cost(12)).toBe(few);
  expect(few).toBeLessThanOrEqual(10);
});

test('two services never get one address, however many are ordered at once', async () => {
  const { database } = isp.tenant.services;
  const at = new Date(0);
  const given = await Promise.all(
    Array.from({ length: 70 }, (_, index) =>
      database.transaction().execute((transaction) => assignAddress(transaction, `svc_race${index}`, at)),
    ),
  );
  const addresses = given.filter((address) => address !== null);
  expect(new Set(addresses).size).toBe(addresses.length);
  // The pool had 61; when it is empty, nobody gets anything and nothing breaks.
  expect(given).toContain(null);
  const [use] = await poolUses(
    database,
    (await addressPools(database)).map((pool) => pool.id),
  );
  expect(use).toMatchObject({ available: 0 });
});
