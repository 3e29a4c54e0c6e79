import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type Exchange, Pool } from './pool.ts';
import type { HttpAnswer } from './response-reader.ts';

const cleanUp: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

/** A server that gets the text of each request, `GET <name>`, and answers as it likes. */
async function serve(
  onRequest: (name: string, socket: Socket) => void,
): Promise<{ origin: string; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      text += chunk;
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        const name = text.slice(0, end);
        text = text.slice(end + 1);
        onRequest(name, socket);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets };
}

function poolOf(origin: string, connections = 4): Pool {
  const pool = new Pool(origin, { connections, largestBody: 1_000 });
  cleanUp.push(() => pool.close());
  return pool;
}

const answer = (body: string, more = '') =>
  `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n${more}\r\n${body}`;

interface Asked {
  readonly exchange: Exchange;
  readonly answer: Promise<HttpAnswer>;
}

function request(name: string, options: Partial<Exchange> = {}): Asked {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  promise.catch(() => undefined);
  return {
    answer: promise,
    exchange: {
      text: `${name}\n`,
      repeatable: true,
      expiresAt: performance.now() + 10_000,
      abandoned: () => false,
      late: () => false,
      onAnswer: resolve,
      onError: reject,
      ...options,
    },
  };
}

async function ask(pool: Pool, ...requests: Asked[]): Promise<string[]> {
  pool.send(requests.map(({ exchange }) => exchange));
  return (await Promise.all(requests.map((one) => one.answer))).map(({ body }) => body);
}

describe('connections to one origin', () => {
  test('what is sent together goes over one connection and is answered in order', async () => {
    const { origin, sockets } = await serve((name, socket) => socket.write(answer(name)));
    const pool = poolOf(origin);
    expect(await ask(pool, request('a'), request('b'), request('c'))).toEqual(['a', 'b', 'c']);
    expect(await ask(pool, request('d'))).toEqual(['d']);
    expect(sockets).toHaveLength(1);
  });

  test('what is sent apart has connections of its own, and waits when there are as many as may be', async () => {
    const waiting: (() => void)[] = [];
    const { origin, sockets } = await serve((name, socket) => {
      waiting.push(() => socket.write(answer(name)));
    });
    const pool = poolOf(origin, 2);
    const asked = ['a', 'b', 'c'].map((name) => ask(pool, request(name)));
    while (waiting.length < 2) await new Promise(setImmediate);
    for (const go of waiting.splice(0)) go();
    expect((await Promise.all(asked.slice(0, 2))).flat()).toEqual(['a', 'b']);
    while (waiting.length < 1) await new Promise(setImmediate);
    waiting[0]?.();
    expect(await asked[2]).toEqual(['c']);
    expect(sockets).toHaveLength(2);
  });

  test('a query goes again when its connection closes under it, something that changes does not', async () => {
    let closing = false;
    const { origin, sockets } = await serve((name, socket) => {
      if (closing) {
        closing = false;
        socket.destroy();
      } else socket.write(answer(name));
    });
    const pool = poolOf(origin);
    await ask(pool, request('first'));
    closing = true;
    expect(await ask(pool, request('again'))).toEqual(['again']);
    expect(sockets).toHaveLength(2);
    closing = true;
    await expect(ask(pool, request('change', { repeatable: false }))).rejects.toThrow();
    expect(sockets).toHaveLength(2);
  });

  test('a new connection that closes without an answer is not tried for ever', async () => {
    const { origin, sockets } = await serve((_, socket) => socket.destroy());
    await expect(ask(poolOf(origin), request('a'))).rejects.toThrow();
    expect(sockets).toHaveLength(1);
  });

  test('what a server closes between two answers goes on over another connection', async () => {
    const { origin, sockets } = await serve((name, socket) => {
      if (!socket.writableEnded) socket.end(answer(name, 'connection: close\r\n'));
    });
    expect(await ask(poolOf(origin), request('a'), request('b'))).toEqual(['a', 'b']);
    expect(sockets).toHaveLength(2);
  });

  test('octets that nobody asked for are never an answer', async () => {
    const { origin, sockets } = await serve((name, socket) =>
      socket.write(answer(name) + (name === 'first' ? answer('forged') : '')),
    );
    const pool = poolOf(origin);
    expect(await ask(pool, request('first'))).toEqual(['first']);
    expect(await ask(pool, request('second'))).toEqual(['second']);
    expect(sockets).toHaveLength(2);
  });

  test('gives up what is late or abandoned, while it waits for a connection too', async () => {
    const { origin } = await serve(() => undefined);
    const pool = poolOf(origin, 1);
    let left = false;
    const first = request('a', { abandoned: () => left });
    const second = request('b', { expiresAt: performance.now() + 30 });
    pool.send([first.exchange]);
    pool.send([second.exchange]);
    await expect(second.answer).rejects.toMatchObject({ reason: 'TIMEOUT' });
    left = true;
    await expect(first.answer).rejects.toMatchObject({ reason: 'ABANDONED' });
  });
});
