import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RawSocket } from '../testing/clients.ts';
import { eventually } from '../testing/eventually.ts';
import { staff, startWorld, type World } from '../testing/world.ts';
import { closeCodes } from './close-codes.ts';

const events = 'subscription { networkEvents { session { id customer { name } } } }';
const bufferedBytes = 200_000;

let world: World;
let token: string;
let url: string;
beforeAll(async () => {
  world = await startWorld({ limits: { bufferedBytes, stallMilliseconds: 500, messagesPerSecond: 20 } });
  token = await world.token(staff('alpha', 'NOC'));
  ({ url } = world.gateway);
  world.tenants.alpha.names.set('large', 'x'.repeat(50_000));
});
afterAll(() => world[Symbol.asyncDispose]());

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name}(?:\\{.*\\})? (.+)$`, 'm').exec(text)?.[1]);
}

/** An event stream of which nothing is ever read. */
function deafEventStream(): Socket {
  const { port } = new URL(url);
  const body = JSON.stringify({ query: events });
  const socket = connect(Number(port), '127.0.0.1');
  socket.pause();
  socket.on('error', () => undefined);
  socket.write(
    `POST /graphql HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\ncontent-type: application/json\r\n` +
      `authorization: Bearer ${token}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  return socket;
}

describe('clients that subscribe and never read', () => {
  test('make no more wait than is allowed, are given up, and let go of the subgraph', async () => {
    const source = world.tenants.alpha.events;
    const count = 10;
    const deaf: (RawSocket | Socket)[] = [];
    for (let index = 0; index < count; index += 1) {
      const socket = await new RawSocket(url).initialise(token);
      socket.send({ id: '1', type: 'subscribe', payload: { query: events } });
      // The start: it is subscribed.
      await socket.count(2);
      socket.socket.pause();
      deaf.push(socket);
    }
    for (let index = 0; index < count; index += 1) deaf.push(deafEventStream());
    await eventually(async () => expect(await metric('dotmac_gateway_connections')).toBe(2 * count));
    expect(source.open).toBe(1);

    let most = 0;
    // More than the buffers of all their connections hold.
    const flood = setInterval(() => source.append('large'), 1);
    try {
      await eventually(async () => {
        most = Math.max(most, await metric('dotmac_gateway_waiting_chars'));
        expect(await metric('dotmac_gateway_streams')).toBe(0);
      }, 40_000);
    } finally {
      clearInterval(flood);
    }
    expect(most).toBeLessThanOrEqual(2 * count * bufferedBytes);
    await eventually(() => expect(source.open).toBe(0));
    // The event streams are cut: their peers do not even take the end.
    await eventually(async () => expect(await metric('dotmac_gateway_connections')).toBe(count));
    const [first] = deaf as RawSocket[];
    first?.socket.resume();
    await eventually(() => expect(first?.messages.at(-1)).toMatchObject({ type: 'error' }));
    expect(first?.messages.at(-1)?.payload).toMatchObject([{ extensions: { code: 'SLOW_CONSUMER' } }]);
    for (const one of deaf) {
      if (one instanceof RawSocket) one.socket.terminate();
      else one.destroy();
    }
  });
});

describe('a flood of messages', () => {
  test('ends its connection, and nobody else’s', async () => {
    const bystander = await new RawSocket(url).initialise(token);
    const flooding = await new RawSocket(url).initialise(token);
    for (let message = 0; message < 2_000; message += 1) flooding.send({ type: 'ping' });
    expect((await flooding.closed).code).toBe(closeCodes.TOO_MANY_MESSAGES);
    // Of ten seconds' worth, one was `connection_init`.
    expect(flooding.messages.filter(({ type }) => type === 'pong').length).toBeLessThan(300);
    bystander.send({ id: 'q', type: 'subscribe', payload: { query: '{ __typename }' } });
    await bystander.count(3);
    expect(bystander.messages[1]).toMatchObject({ id: 'q', type: 'next' });
    bystander.socket.terminate();
  });

  test('of questions whose answers are not read ends the connection before much waits', async () => {
    const roomy = await world.another({ limits: { bufferedBytes, messagesPerSecond: 1_000 } });
    const deaf = await new RawSocket(roomy.url).initialise(token);
    deaf.socket.pause();
    const query = `{ ${Array.from({ length: 20 }, (_, index) => `a${index}: customer(id: "large") { name }`).join(' ')} }`;
    let sent = 0;
    const asking = setInterval(() => {
      sent += 1;
      if (deaf.socket.readyState === deaf.socket.OPEN)
        deaf.send({ id: `${sent}`, type: 'subscribe', payload: { query } });
    }, 5);
    const ended = async () => {
      const text = await (await fetch(`${roomy.url}/metrics`)).text();
      expect(text).toMatch(/^dotmac_gateway_connections(?:\{.*\})? 0$/m);
    };
    await eventually(ended, 30_000);
    clearInterval(asking);
    deaf.socket.resume();
    expect([closeCodes.SLOW_CONSUMER, 1006]).toContain((await deaf.closed).code);
  });
});
