import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RawSocket } from '../testing/clients.ts';
import { eventually } from '../testing/eventually.ts';
import { staff, startWorld, type World } from '../testing/world.ts';

const query =
  'subscription Events($after: Cursor) { networkEvents(after: $after) { cursor session { id } } }';

let world: World;
let token: string;
beforeAll(async () => {
  world = await startWorld({ limits: { placeMilliseconds: 0 } });
  token = await world.token(staff('alpha', 'NOC'));
});
afterAll(() => world[Symbol.asyncDispose]());

/** What pings told of the place of an operation. */
const placesIn = ({ messages }: RawSocket, what: 'start' | 'place') =>
  messages.flatMap(({ payload }) => {
    const told = (payload as Record<string, { id: string; cursor: string }> | undefined)?.[what];
    return told === undefined ? [] : [told.cursor];
  });

async function watch(after: string | null): Promise<RawSocket> {
  const socket = await new RawSocket(world.gateway.url).initialise(token);
  socket.send({ id: 'a', type: 'subscribe', payload: { query, variables: { after } } });
  return socket;
}

test('a client of a quiet stream hears where it is, and comes back from there when the log was trimmed', async () => {
  const { events } = world.tenants.alpha;
  const quiet = await watch(null);
  const [start = ''] = await eventually(() => {
    const starts = placesIn(quiet, 'start');
    expect(starts.length).toBe(1);
    return starts;
  });
  // Days of other events, of which nothing is kept.
  events.passOver();
  const last = events.passOver();
  await eventually(() => expect(placesIn(quiet, 'place').at(-1)).toBe(last));
  quiet.socket.terminate();
  await quiet.closed;
  await eventually(() => expect(events.open).toBe(0));

  const expired = await watch(start);
  await eventually(() =>
    expect(expired.messages.at(-1)).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'CURSOR_EXPIRED', freshCursor: last } }],
    }),
  );
  expired.socket.terminate();
  const back = await watch(last);
  events.append('c1');
  await eventually(() =>
    expect(back.messages.at(-1)).toMatchObject({
      type: 'next',
      payload: { data: { networkEvents: { cursor: events.cursors.at(-1) } } },
    }),
  );
  back.socket.terminate();
  await eventually(() => expect(events.open).toBe(0));
});

test('over server-sent events it is an id, and whoever joins from it shares the stream', async () => {
  const { events } = world.tenants.alpha;
  const left = new AbortController();
  const watching = (lastEventId?: string) =>
    fetch(`${world.gateway.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: `Bearer ${token}`,
        ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
      },
      body: JSON.stringify({ query }),
      signal: left.signal,
    });
  const { body } = await watching();
  let text = '';
  const reading = (async () => {
    for await (const chunk of body ?? []) text += Buffer.from(chunk).toString();
  })();
  await eventually(() => expect(text).toMatch(/^id: \S+\n\n/));
  const place = events.passOver();
  await eventually(() => expect(text).toContain(`id: ${place}\n\n`));
  const { opened } = events;
  const second = await watching(place);
  const appended = events.append('c2');
  const item = await second.body?.getReader().read();
  expect(Buffer.from(item?.value ?? []).toString()).toContain(`id: ${appended}\nevent: next\n`);
  expect(events.opened).toBe(opened);
  left.abort();
  await reading.catch(() => undefined);
});

test('a stream of events that says nothing sends comment lines, which are no events', async () => {
  const lively = await world.another({ limits: { heartbeatMilliseconds: 20 } });
  const { hostname, port } = new URL(lively.url);
  const body = JSON.stringify({ query });
  const socket = connect(Number(port), hostname);
  socket.write(
    `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\naccept: text/event-stream\r\n` +
      `authorization: Bearer ${token}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  // Between chunks of HTTP/1.1: each line of its own, and nothing else.
  await eventually(() => expect(text.match(/\r\n:\n\n\r\n/g)?.length ?? 0).toBeGreaterThan(2));
  expect(text).toMatch(/^HTTP\/1\.1 200 /);
  expect(text).not.toContain('event:');
  // The lines begin with the answer, the events where the stream does.
  await eventually(() => expect(text).toMatch(/\nid: \S+\n\n/));
  const cursor = world.tenants.alpha.events.append('c3');
  await eventually(() => expect(text).toContain(`id: ${cursor}\nevent: next\n`));
  socket.destroy();
  await eventually(() => expect(world.tenants.alpha.events.open).toBe(0));
});

test('a WebSocket whose peer answers no ping is dropped, one that does stays', async () => {
  const strict = await world.another({ limits: { pingMilliseconds: 100 } });
  const [dead, alive] = await Promise.all(
    [false, true].map((autoPong) => new RawSocket(strict.url, {}, undefined, { autoPong }).initialise(token)),
  );
  // Dropped without a word: there is nobody to hear it.
  expect((await dead?.closed)?.code).toBe(1006);
  expect(alive?.socket.readyState).toBe(alive?.socket.OPEN);
  alive?.socket.terminate();
});
