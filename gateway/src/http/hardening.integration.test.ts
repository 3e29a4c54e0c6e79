import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { staff, startWorld, type World } from '../testing/world.ts';

let world: World;
let token: string;
beforeAll(async () => {
  world = await startWorld();
  token = await world.token(staff('alpha', 'OWNER'));
});
afterAll(() => world[Symbol.asyncDispose]());

/** A client that writes octets of its own choice, and what came back until the gateway hung up. */
function raw(url: string): { socket: Socket; answer: Promise<string> } {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.on('data', (chunk) => chunks.push(Buffer.from(chunk)));
  // The gateway may hang up while the client still writes.
  socket.on('error', () => undefined);
  socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
  return { socket, answer: promise };
}

const head = (more: string) =>
  `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer ${token}\r\n${more}`;

/** CPU time of this process, which the gateway shares, in seconds. */
async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

const honest = async () =>
  expect((await world.query({ query: '{ whoAmI { id } }' }, { token })).body.data).toEqual({
    whoAmI: { id: 'usr_alpha_owner' },
  });

test('whoever sends his request drop by drop is hung up on, and holds nobody else up', async () => {
  const hasty = await world.another({ limits: { headersMilliseconds: 300, requestMilliseconds: 600 } });
  const slow = [
    ...Array.from({ length: 40 }, () => ({
      ...raw(hasty.url),
      drops: 'POST /graphql HTTP/1.1\r\nx-a: b\r\n',
    })),
    ...Array.from({ length: 40 }, () => ({
      ...raw(hasty.url),
      drops: head('content-length: 200000\r\n\r\n{"query":"'),
    })),
  ];
  for (const { socket, drops } of slow) socket.write(drops);
  const dripping = setInterval(() => {
    for (const { socket } of slow) if (socket.writable) socket.write('a');
  }, 50);
  const { body } = await world.query({ query: '{ whoAmI { id } }' }, { token, url: hasty.url });
  expect(body.data).toEqual({ whoAmI: { id: 'usr_alpha_owner' } });
  const answers = await Promise.all(slow.map(({ answer }) => answer));
  clearInterval(dripping);
  for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 408 /);
});

test('headers beyond 16 KiB are refused, in size and in number', async () => {
  for (const flood of [
    `x-large: ${'a'.repeat(64 * 1024)}\r\n\r\n`,
    `${Array.from({ length: 5_000 }, (_, index) => `x-${index}: a\r\n`).join('')}\r\n`,
  ]) {
    const { socket, answer } = raw(world.gateway.url);
    socket.write(head(flood));
    expect(await answer).toMatch(/^HTTP\/1\.1 431 /);
  }
  await honest();
});

test('a compression bomb is not unpacked, whatever it calls itself', async () => {
  // Ten thousand to one: 64 MiB in 64 KiB.
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  const memory = process.memoryUsage().rss;
  for (const encoding of ['gzip', 'deflate', 'br', 'zstd', 'gzip, gzip']) {
    const response = await fetch(`${world.gateway.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-encoding': encoding,
        authorization: `Bearer ${token}`,
      },
      body: bomb,
    });
    await response.text();
    expect([encoding, response.status]).toEqual([encoding, 415]);
  }
  expect(process.memoryUsage().rss - memory).toBeLessThan(32 * 1024 * 1024);
  await honest();
});

test('two requests in one, and a body that lies about its length, are refused', async () => {
  for (const smuggled of [
    head('content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'),
    head('content-length: 1\r\ncontent-length: 2\r\n\r\n{}'),
    head('transfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFFFF\r\n'),
    'POST /graphql HTTP/1.1\r\nhost: x\r\n folded: header\r\n\r\n',
  ]) {
    const { socket, answer } = raw(world.gateway.url);
    socket.write(smuggled);
    expect(await answer).toMatch(/^HTTP\/1\.1 400 /);
  }
  await honest();
});

const many = (count: number, item: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => item(index)).join(' ');
/** Documents that are small to send and would be large to run; a million fields where no limit held. */
const bombs: Readonly<Record<string, (variant: number) => string>> = {
  deep: (variant) => `{ a${variant}: recursive ${'{ next '.repeat(400)}{ id } ${'}'.repeat(400)} }`,
  wide: (variant) => `{ recursive { ${many(700, (index) => `a${variant}_${index}: id`)} } }`,
  'of aliases': (variant) => `{ ${many(300, (index) => `a${variant}_${index}: recursive { id }`)} }`,
  'of fragments': (variant) =>
    `{ a${variant}: recursive { ...F0 } } ${many(20, (i) => `fragment F${i} on Node { ...F${i + 1} next { ...F${i + 1} } }`)}
     fragment F20 on Node { id }`,
  'of fragments in a circle': (variant) =>
    `{ a${variant}: recursive { ...F0 } } ${many(40, (i) => `fragment F${i} on Node { ...F${(i + 1) % 40} ...F${(i + 7) % 40} }`)}`,
  'of variables': (variant) =>
    `query A${variant}(${many(300, (index) => `$a${index}: ID`)}) { recursive { id } }`,
  'of directives': (variant) => `{ a${variant}: recursive { id ${'@skip(if: true) '.repeat(150)} } }`,
  'of lists in lists': (variant) =>
    `{ a${variant}: customer(id: ${'['.repeat(700)}${']'.repeat(700)}) { id } }`,
};

test.each(Object.entries(bombs))(
  'a hundred different queries %s cost little and leave nothing behind',
  async (_, make) => {
    const send = async (variant: number) => {
      const { body } = await world.query({ query: make(variant) }, { token });
      expect(body.data ?? null).toBe(null);
      expect(body.errors?.[0]?.extensions.code).toMatch(
        /^(OPERATION_LIMIT_EXCEEDED|GRAPHQL_(PARSE|VALIDATION)_FAILED)$/,
      );
      expect(JSON.stringify(body).length).toBeLessThan(100_000);
    };
    await send(0);
    const seconds = await cpuOf(async () => {
      for (let variant = 1; variant <= 100; variant += 1) await send(variant);
    });
    // A bound, not a speed: without the limits each of these runs for seconds, or without end.
    expect(seconds / 100).toBeLessThan(0.5);
    await honest();
  },
);
