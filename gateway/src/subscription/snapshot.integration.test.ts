import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { RawSocket, type Received, subscribeSse, subscribeWs, webSocketClient } from '../testing/clients.ts';
import { eventually } from '../testing/eventually.ts';
import { staff, startWorld, type World } from '../testing/world.ts';

const states = `subscription States($after: Cursor) { customerStates(after: $after, initial: true) {
  cursor id snapshot { number of } session { id customer { name } } } }`;

let world: World;
let token: string;
const cleanups: (() => unknown)[] = [];
beforeAll(async () => {
  world = await startWorld();
  token = await world.token(staff('alpha', 'NOC'));
  for (const customer of ['c1', 'c2', 'c1', 'c3']) world.tenants.alpha.events.append(customer);
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
  await eventually(() => expect(world.tenants.alpha.events.open).toBe(0));
});
afterAll(() => world[Symbol.asyncDispose]());

function noc(variables: Record<string, unknown> = {}, url = world.gateway.url): Received {
  const client = webSocketClient(url, { authorization: `Bearer ${token}` });
  const received = subscribeWs(client, states, variables);
  cleanups.push(() => received.stop());
  cleanups.push(() => client.dispose());
  return received;
}

interface State {
  readonly cursor: string;
  readonly id: string;
  readonly snapshot: { readonly number: number; readonly of: number } | null;
  readonly session: { readonly id: string };
}
const statesOf = ({ results }: Pick<Received, 'results'>) =>
  results.map(({ data }) => (data as unknown as { customerStates: State }).customerStates);
const told = (received: Pick<Received, 'results'>) =>
  statesOf(received).map(({ id, snapshot }) => `${id} ${snapshot?.number ?? '-'}`);

describe('a subscription with initial: true', () => {
  test('brings what stands, then what happens, over WebSocket and as server-sent events', async () => {
    const owner = await world.token(staff('alpha', 'OWNER'));
    const overSse = subscribeSse(world.gateway.url, owner, states);
    cleanups.push(() => overSse.stop());
    const both = [noc(), overSse];
    for (const received of both) {
      await received.count(3);
      expect(told(received)).toEqual(['c1 1', 'c2 2', 'c3 3']);
      expect(received.results[0]).toEqual({
        data: {
          customerStates: {
            cursor: expect.any(String),
            id: 'c1',
            snapshot: { number: 1, of: 3 },
            session: { id: 'ses_3', customer: { name: 'ten_alpha c1' } },
          },
        },
      });
    }
    world.tenants.alpha.events.append('c2');
    for (const received of both) {
      await received.count(4);
      expect(told(received)[3]).toBe('c2 -');
    }
  });

  test('is one for all who come at once, and one stream with them in the end', async () => {
    const source = world.tenants.alpha.events;
    const { opened } = source;
    const gate = Promise.withResolvers<void>();
    source.betweenStanding = gate.promise;
    const first = noc();
    await eventually(() => expect(source.opened).toBe(opened + 1));
    const others = [noc(), noc(), noc()];
    gate.resolve();
    await Promise.all([first, ...others].map((received) => received.count(3)));
    const late = noc();
    await late.count(3);
    source.append('c1');
    await Promise.all([first, late, ...others].map((received) => received.count(4)));
    for (const received of [first, late, ...others])
      expect(told(received)).toEqual(['c1 1', 'c2 2', 'c3 3', 'c1 -']);
    expect([source.opened, source.open]).toEqual([opened + 1, 1]);
  });

  test('begins anew when the runtime is killed in the middle of what stands', async () => {
    const source = world.tenants.alpha.events;
    const gate = Promise.withResolvers<void>();
    let past = 0;
    source.betweenStanding = {
      // The first is told, the second waits.
      // biome-ignore lint/suspicious/noThenProperty: this is what `await` asks for
      then: (resolve: () => void) => {
        past += 1;
        if (past === 1) resolve();
        else void gate.promise.then(resolve);
      },
    } as unknown as Promise<void>;
    const received = noc();
    await received.count(1);
    await world.tenants.alpha.kill();
    source.append('c4');
    gate.resolve();
    await world.tenants.alpha.start();
    await received.count(5);
    expect(told(received)).toEqual(['c1 1', 'c1 1', 'c2 2', 'c3 3', 'c4 4']);
    source.betweenStanding = Promise.resolve();
  });

  test('is resumed after the last of what stands, and anew from inside it', async () => {
    const received = noc();
    await received.count(4);
    const [inside, , , end] = statesOf(received).map(({ cursor }) => cursor);
    received.stop();
    await eventually(() => expect(world.tenants.alpha.events.open).toBe(0));
    world.tenants.alpha.events.append('c2');
    const goingOn = noc({ after: end });
    await goingOn.count(1);
    expect(told(goingOn)).toEqual(['c2 -']);
    const anew = noc({ after: inside });
    await anew.count(4);
    expect(told(anew)).toEqual(['c1 1', 'c2 2', 'c3 3', 'c4 4']);
  });
});

test('a slow client of a topic of states gets the newest of each key and is not sent away', async () => {
  const small = await world.another({ limits: { bufferedBytes: 600_000 } });
  const source = world.tenants.alpha.events;
  world.tenants.alpha.names.set('large', 'x'.repeat(50_000));
  world.tenants.alpha.names.set('huge', 'y'.repeat(50_000));
  const slow = await new RawSocket(small.url).initialise(token);
  cleanups.push(() => slow.socket.terminate());
  slow.send({ id: '1', type: 'subscribe', payload: { query: states } });
  const fast = noc({}, small.url);
  await fast.count(4);
  const nexts = () => slow.messages.filter(({ type }) => type === 'next');
  await eventually(() => expect(nexts().length).toBe(4));
  slow.socket.pause();
  // Far more than the buffers of both ends of a connection hold.
  for (let round = 0; round < 400; round += 1) source.append(round % 2 === 0 ? 'large' : 'huge');
  const last = source.append('c1');
  await eventually(() => expect(statesOf(fast).at(-1)?.cursor).toBe(last), 30_000);
  slow.socket.resume();
  const got = () =>
    nexts()
      .slice(4)
      .map(({ payload }) => (payload as { data: { customerStates: State } }).data.customerStates);
  await eventually(() => expect(got().at(-1)?.cursor).toBe(last), 30_000);
  expect(slow.messages.some(({ type }) => type === 'error')).toBe(false);
  expect(got().length).toBeLessThan(400);
  const places = got().map(({ cursor }) => source.cursors.indexOf(cursor));
  expect(places).toEqual(places.toSorted((one, other) => one - other));
  // The newest of each is there.
  const sessions = got().map(({ session }) => session.id);
  const { length } = source.cursors;
  expect(sessions).toEqual(expect.arrayContaining([2, 1, 0].map((back) => `ses_${length - back}`)));
});
