import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { RawSocket, type Received, subscribeSse, subscribeWs, webSocketClient } from '../testing/clients.ts';
import { eventually } from '../testing/eventually.ts';
import { staff, startWorld, type World } from '../testing/world.ts';

const events =
  'subscription Events($after: Cursor) { networkEvents(after: $after) { cursor session { id customer { name } } } }';
const eventsWithoutCursor = 'subscription { networkEvents { session { id } } }';

let world: World;
let token: string;
const cleanups: (() => unknown)[] = [];
beforeAll(async () => {
  world = await startWorld();
  token = await world.token(staff('alpha', 'NOC'));
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
  await eventually(() => expect(world.tenants.alpha.events.open).toBe(0));
});
afterAll(() => world[Symbol.asyncDispose]());

function noc(url = world.gateway.url): ReturnType<typeof webSocketClient> {
  const client = webSocketClient(url, { authorization: `Bearer ${token}` });
  cleanups.push(() => client.dispose());
  return client;
}

/** Begins to watch and waits until the subgraph has the subscription. */
async function watching(begin: () => Received): Promise<Received> {
  const { opened } = world.tenants.alpha.events;
  const received = begin();
  cleanups.push(() => received.stop());
  await eventually(() => expect(world.tenants.alpha.events.opened).toBeGreaterThan(opened));
  return received;
}

interface Payload {
  readonly networkEvents: NetworkEvent;
}
interface NetworkEvent {
  readonly cursor: string;
  readonly session: { readonly id: string };
}
const eventsOf = ({ results }: Received) =>
  results.map(({ data }) => (data as unknown as Payload).networkEvents);
const sessionsOf = (received: Received) => eventsOf(received).map(({ session }) => session.id);

/** The sessions of the last events, as they were appended. */
const lastSessions = (count: number) => {
  const { length } = world.tenants.alpha.events.cursors;
  return Array.from({ length: count }, (_, index) => `ses_${length - count + index + 1}`);
};

describe('a subscription', () => {
  test('brings events with the fields of another subgraph, over WebSocket and as server-sent events', async () => {
    const client = noc();
    const overWs = await watching(() => subscribeWs(client, events));
    const owner = await world.token(staff('alpha', 'OWNER'));
    const overSse = await watching(() => subscribeSse(world.gateway.url, owner, events));
    const cursor = world.tenants.alpha.events.append('c1');
    const [session] = lastSessions(1);
    for (const received of [overWs, overSse]) {
      await received.count(1);
      expect(received.results).toEqual([
        { data: { networkEvents: { cursor, session: { id: session, customer: { name: 'ten_alpha c1' } } } } },
      ]);
    }
  });

  test('replays after a cursor and goes on live, without a gap or a repetition', async () => {
    const source = world.tenants.alpha.events;
    const first = source.append('c1');
    for (let index = 0; index < 5; index += 1) source.append('c1');
    const client = noc();
    const received = await watching(() => subscribeWs(client, events, { after: first }));
    await received.count(5);
    for (let index = 0; index < 5; index += 1) source.append('c2');
    await received.count(10);
    expect(sessionsOf(received)).toEqual(lastSessions(10));
  });

  test('goes on after the last cursor when the runtime was killed, though the client did not ask for cursors', async () => {
    const source = world.tenants.alpha.events;
    const client = noc();
    const received = await watching(() => subscribeWs(client, eventsWithoutCursor));
    source.append('c1');
    await received.count(1);
    await world.tenants.alpha.kill();
    source.append('c1');
    source.append('c1');
    await world.tenants.alpha.start();
    await received.count(3);
    source.append('c1');
    await received.count(4);
    expect(sessionsOf(received)).toEqual(lastSessions(4));
    expect(received.results[0]).toEqual({ data: { networkEvents: { session: { id: lastSessions(4)[0] } } } });
  });

  test('misses nothing when the runtime was killed before there was any event', async () => {
    const source = world.tenants.alpha.events;
    const socket = await new RawSocket(world.gateway.url).initialise(token);
    cleanups.push(() => socket.socket.terminate());
    socket.send({ id: '1', type: 'subscribe', payload: { query: events } });
    // The start is told before any event.
    await socket.count(2);
    expect(socket.messages[1]).toMatchObject({ type: 'ping', payload: { start: { id: '1' } } });
    await world.tenants.alpha.kill();
    source.append('c1');
    await world.tenants.alpha.start();
    source.append('c1');
    await socket.count(4);
    const got = socket.messages
      .slice(2)
      .map(({ payload }) => (payload as { data: Payload }).data.networkEvents.session.id);
    expect(got).toEqual(lastSessions(2));
    const { start } = (socket.messages[1] as { payload: { start: { cursor: string } } }).payload;
    const again = subscribeWs(noc(), events, { after: start.cursor });
    cleanups.push(() => again.stop());
    await again.count(2);
    expect(sessionsOf(again)).toEqual(lastSessions(2));
  });

  test('says so when the runtime was killed and the stream has no cursors', async () => {
    const client = noc();
    const received = subscribeWs(client, 'subscription { beats }');
    await received.count(1);
    await world.tenants.alpha.kill();
    await world.tenants.alpha.start();
    expect(await received.ended).toMatchObject([{ extensions: { code: 'STREAM_INTERRUPTED' } }]);
  });

  test('a client that was gone finds everything after its cursor, while others go on', async () => {
    const source = world.tenants.alpha.events;
    const staying = await watching(() => subscribeSse(world.gateway.url, token, events));
    const leaving = subscribeWs(noc(), events);
    source.append('c1');
    await Promise.all([
      staying.count(1),
      eventually(() => source.append('c1') && expect(leaving.results.length).toBeGreaterThan(0)),
    ]);
    const { cursor } = eventsOf(leaving).at(-1) as NetworkEvent;
    leaving.stop();
    for (let index = 0; index < 20; index += 1) source.append('c2');
    const missed = source.cursors.slice(source.cursors.indexOf(cursor) + 1);
    const back = subscribeWs(noc(), events, { after: cursor });
    cleanups.push(() => back.stop());
    await back.count(missed.length);
    expect(eventsOf(back).map((event) => event.cursor)).toEqual(missed);
  });

  test('says CURSOR_EXPIRED, and refuses a cursor of another tenant', async () => {
    const source = world.tenants.alpha.events;
    const old = source.append('c1');
    source.append('c1');
    source.floor = source.cursors.length;
    const client = noc();
    expect(await subscribeWs(client, events, { after: old }).ended).toMatchObject([
      { extensions: { code: 'CURSOR_EXPIRED', freshCursor: source.cursors.at(-1) } },
    ]);
    source.floor = 0;
    const foreign = world.tenants.bravo.events.append('c1');
    expect(await subscribeWs(client, events, { after: foreign }).ended).toMatchObject([
      { extensions: { code: 'CURSOR_INVALID' } },
    ]);
  });

  test('needs the scope that the subgraph asks for', async () => {
    const key = await world.apiKey({ tenantId: 'ten_alpha', scopes: ['customers:read'] });
    await eventually(async () => {
      const received = subscribeWs(
        webSocketClient(world.gateway.url, { authorization: `Bearer ${key.text}` }),
        events,
      );
      expect(await received.ended).toMatchObject([
        { extensions: { code: 'FORBIDDEN', missingScope: 'network:read' } },
      ]);
    });
  });

  test('ends as complete when its source does', async () => {
    const client = noc();
    const received = subscribeWs(client, 'subscription { ticks }');
    expect(await received.ended).toBe(null);
    expect(received.results).toEqual([1, 2, 3].map((ticks) => ({ data: { ticks } })));
  });
});

describe('equal subscriptions', () => {
  test('of equal authority share one stream and one fetch of entities per event', async () => {
    const source = world.tenants.alpha.events;
    const clients: Received[] = [];
    const { opened } = source;
    for (let index = 0; index < 10; index += 1) {
      const socket = subscribeWs(noc(), events);
      cleanups.push(() => socket.stop());
      clients.push(socket);
    }
    await eventually(() => {
      source.append('c1');
      expect(clients.every(({ results }) => results.length > 0)).toBe(true);
    });
    expect(source.opened).toBe(opened + 1);
    const counts = clients.map(({ results }) => results.length);
    const total = source.cursors.length;
    await eventually(() => expect(sessionsOf(clients[0] as Received).at(-1)).toBe(`ses_${total}`));
    // Nothing of what came before is under way any more.
    const before = world.tenants.alpha.customerFetches;
    source.append('c2');
    await Promise.all(clients.map((client, index) => client.count((counts[index] as number) + 1)));
    await eventually(() =>
      expect(clients.every((client) => sessionsOf(client).at(-1) === `ses_${total + 1}`)).toBe(true),
    );
    expect(world.tenants.alpha.customerFetches - before).toBeLessThan(5);
  });

  test('become one stream when one that replays catches up with one that is live', async () => {
    const source = world.tenants.alpha.events;
    const old = source.append('c1');
    source.append('c1');
    source.append('c1');
    const live = await watching(() => subscribeSse(world.gateway.url, token, events));
    const replaying = await watching(() => subscribeSse(world.gateway.url, token, events, { after: old }));
    await replaying.count(2);
    // It has got to where the live one began.
    await eventually(() => expect(source.open).toBe(1));
    source.append('c2');
    await Promise.all([live.count(1), replaying.count(3)]);
    source.append('c2');
    await Promise.all([live.count(2), replaying.count(4)]);
    expect(sessionsOf(replaying)).toEqual(lastSessions(4));
    expect(sessionsOf(live)).toEqual(lastSessions(2));
    // What the live stream has had is replayed from memory.
    const third = subscribeSse(world.gateway.url, token, events, { after: source.cursors.at(-2) });
    cleanups.push(() => third.stop());
    await third.count(1);
    expect(sessionsOf(third)).toEqual(lastSessions(1));
    expect(source.open).toBe(1);
  });
});

describe('a slow client', () => {
  test('is told so with its last cursor, and goes on from there; others miss nothing', async () => {
    const small = await world.another({ limits: { bufferedBytes: 200_000 } });
    const source = world.tenants.alpha.events;
    world.tenants.alpha.names.set('large', 'x'.repeat(50_000));
    const healthy = await watching(() => subscribeWs(noc(small.url), events));
    const slow = await new RawSocket(small.url).initialise(token);
    slow.send({ id: '1', type: 'subscribe', payload: { query: events } });
    cleanups.push(() => slow.socket.terminate());
    await eventually(() => {
      source.append('c1');
      expect(slow.messages.length).toBeGreaterThan(1);
    });
    slow.socket.pause();
    const from = source.cursors.length;
    // More than the buffers of both ends of a connection hold.
    for (let index = 0; index < 500; index += 1) source.append('large');
    await eventually(() => expect(eventsOf(healthy).at(-1)?.cursor).toBe(source.cursors.at(-1)), 30_000);
    expect(sessionsOf(healthy).slice(-500)).toEqual(lastSessions(500));
    slow.socket.resume();
    await eventually(() => expect(slow.messages.at(-1)?.type).toBe('error'));
    const error = slow.messages.at(-1)?.payload as [{ extensions: { code: string; lastCursor: string } }];
    expect(error[0].extensions.code).toBe('SLOW_CONSUMER');
    const got = slow.messages
      .filter(({ type }) => type === 'next')
      .map(({ payload }) => payload as { data: Payload });
    const { lastCursor } = error[0].extensions;
    expect(got.at(-1)?.data.networkEvents.cursor).toBe(lastCursor);
    expect(source.cursors.indexOf(lastCursor)).toBeGreaterThanOrEqual(from);
    const rest = subscribeWs(noc(small.url), events, { after: lastCursor });
    cleanups.push(() => rest.stop());
    const missed = source.cursors.slice(source.cursors.indexOf(lastCursor) + 1);
    await rest.count(missed.length);
    expect(eventsOf(rest).map(({ cursor }) => cursor)).toEqual(missed);
  });
});

describe('a connection', () => {
  test('ends when its API key is revoked', async () => {
    const key = await world.apiKey({ tenantId: 'ten_alpha', scopes: ['network:read'] });
    const socket = await eventually(async () => {
      const made = await new RawSocket(world.gateway.url).open();
      made.send({ type: 'connection_init', payload: { authorization: `Bearer ${key.text}` } });
      await Promise.race([made.count(1), made.closed]);
      expect(made.messages).toEqual([{ type: 'connection_ack' }]);
      return made;
    });
    await world.database.query('update identity.api_key set revoked_at = now() where id = $1', [key.id]);
    expect(await socket.closed).toEqual({ code: 4401, reason: 'The credential is no longer valid' });
  });
});
