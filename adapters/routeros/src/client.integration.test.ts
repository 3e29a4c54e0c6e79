import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Chunking,
  type RouterDescription,
  type RouterosSimulatorOptions,
  startRouterosSimulator,
} from '@dotmac/lab/routeros';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ClientOptions, RouterosClient } from './client.ts';
import { encodeSentence } from './codec.ts';

const description: RouterDescription = {
  name: 'edge',
  version: '7.22.3',
  boardName: 'CHR',
  users: [{ name: 'dotmac', password: 'pässword=1' }],
  interfaces: [{ name: 'ether1', comment: 'до провайдера' }],
};
const credential = { username: 'dotmac', password: 'pässword=1' };

async function lab(
  options: RouterosSimulatorOptions = {},
  client: Partial<ClientOptions> = {},
  changes: Partial<RouterDescription> = {},
) {
  const simulator = await startRouterosSimulator({ ...description, ...changes }, options);
  const routeros = new RouterosClient({ host: simulator.host, port: simulator.port, credential, ...client });
  onTestFinished(async () => {
    await routeros.close();
    await simulator.close();
  });
  return { simulator, router: simulator.router, client: routeros };
}

test.each<Chunking>(['random', 'single-byte', 'mss', 'before-terminator', 'inside-length', 'whole'])(
  'rows are the same with segments cut "%s"',
  async (chunking) => {
    const { client, router } = await lab({ chunking });
    for (let index = 0; index < 200; index += 1)
      router.add('/ppp/secret', { name: `user-${index}`, comment: 'x'.repeat(index) });
    const rows = await client.print('/ppp/secret', { fields: ['.id', 'name', 'comment', 'caller-id'] });
    expect(rows).toHaveLength(200);
    expect({ ...rows[150] }).toEqual({
      '.id': '*97',
      name: 'user-150',
      comment: 'x'.repeat(150),
      'caller-id': '',
    });
    expect(await client.print('/interface', { fields: ['comment'] })).toMatchObject([
      { comment: 'до провайдера' },
    ]);
    expect(await client.count('/ppp/secret')).toBe(200);
  },
);

test('an empty answer is no rows, with !empty and without it', async () => {
  for (const version of ['7.9', '7.18']) {
    const { client } = await lab({}, {}, { version });
    expect(await client.print('/ppp/secret', { fields: ['name'] })).toEqual([]);
    expect(await client.count('/ppp/secret')).toBe(0);
  }
});

test('refusals carry code, field and the router’s words, and the connection goes on', async () => {
  const { client, simulator } = await lab();
  await expect(client.print('/no/menu', { fields: ['x'] })).rejects.toMatchObject({
    code: 'CAPABILITY_UNSUPPORTED',
  });
  const refused = client.run('/ppp/secret/add', { name: 'a', profile: 'gold', password: 'hunter2' });
  await expect(refused).rejects.toMatchObject({
    code: 'UNKNOWN_REFERENCE',
    field: 'profile',
    maybeApplied: false,
  });
  await expect(refused).rejects.not.toThrow(/hunter2/);
  await expect(client.run('/ppp/secret/add', { name: 'a', colour: 'red' })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    field: 'colour',
  });
  const added = await client.run('/ppp/secret/add', { name: 'a', password: '' });
  expect(added.ret).toBe('*1');
  await expect(client.run('/ppp/secret/add', { name: 'a' })).rejects.toMatchObject({
    code: 'ALREADY_EXISTS',
  });
  await expect(client.run('/ppp/secret/remove', { '.id': '*99' })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  expect(simulator.connections).toBe(1);
});

test('many commands share the connection, few at a time, and each gets its own answer', async () => {
  const { client, simulator } = await lab({}, { limits: { maxInFlight: 4, maxQueued: 500 } });
  const names = Array.from({ length: 300 }, (_, index) => `user-${index}`);
  const ids = await Promise.all(names.map((name) => client.run('/ppp/secret/add', { name })));
  expect(new Set(ids.map(({ ret }) => ret)).size).toBe(300);
  const found = await Promise.all(
    names.map((name) => client.print('/ppp/secret', { fields: ['name'], where: [`?name=${name}`] })),
  );
  expect(found.map((rows) => rows[0]?.name)).toEqual(names);
  expect(simulator.connections).toBe(1);
});

test('the queue is bounded', async () => {
  const { client, simulator } = await lab({}, { limits: { maxInFlight: 1, maxQueued: 2 } });
  await client.count('/interface');
  simulator.behaviour.faultFor = () => 'stall';
  const answers = Promise.allSettled(Array.from({ length: 4 }, () => client.count('/interface')));
  await expect(client.count('/interface')).rejects.toMatchObject({ code: 'DEVICE_BUSY', retryable: true });
  await client.close();
  const codes = (await answers).map((answer) => answer.status === 'rejected' && answer.reason.code);
  expect(codes).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED', 'DEVICE_BUSY']);
});

test('who is waited for goes first', async () => {
  const { client, simulator } = await lab({}, { limits: { maxInFlight: 1 } });
  await client.count('/interface');
  const order: string[] = [];
  simulator.behaviour.onSentence = ([command = '']) => order.push(command);
  await Promise.all([
    client.print('/ip/pool', { fields: ['name'] }, { priority: 'bulk' }),
    client.print('/log', { fields: ['time'] }, { priority: 'bulk' }),
    client.print('/ppp/active', { fields: ['name'] }, { priority: 'poll' }),
    client.print('/radius', { fields: ['address'] }, { priority: 'poll' }),
    client.print('/interface', { fields: ['name'] }, { priority: 'interactive' }),
  ]);
  expect(order).toEqual(
    ['/ip/pool', '/interface', '/ppp/active', '/radius', '/log'].map((menu) => `${menu}/print`),
  );
});

test('a deadline passes, a write says it may have been done, and a device that does not end it is left', async () => {
  const { client, simulator } = await lab({}, { limits: { cancelGraceMs: 50 } });
  await client.count('/interface');
  simulator.behaviour.faultFor = () => 'stall';
  const write = client.run('/ppp/secret/add', { name: 'a' }, { deadlineMs: 20 });
  await expect(write).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', maybeApplied: true });
  const stalled = client.count('/interface', [], { deadlineMs: 5_000 });
  await expect(stalled).rejects.toMatchObject({ code: 'UNREACHABLE', maybeApplied: false });
  simulator.behaviour.faultFor = null;
  expect(await client.count('/interface')).toBe(1);
});

test('an abort cancels on the wire; the connection stays in use', async () => {
  const { client, router, simulator } = await lab();
  const sentences: string[] = [];
  simulator.behaviour.onSentence = (words) => sentences.push(words.join(' '));
  const abort = new AbortController();
  await client.count('/ppp/active');
  const changes = client.stream(['/ppp/active/listen'], { signal: abort.signal });
  const first = changes.next();
  await client.count('/ppp/active');
  router.addSession({ username: 'ada', address: '100.64.0.2', callerId: 'AA:BB:CC:00:00:01' });
  expect((await first).value).toMatchObject({ name: 'ada', address: '100.64.0.2' });
  router.removeSession('ada');
  expect((await changes.next()).value).toMatchObject({ '.dead': 'true' });
  const waiting = changes.next();
  abort.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(await client.count('/ppp/active')).toBe(0);
  expect(sentences.filter((sentence) => sentence.startsWith('/cancel'))).toHaveLength(1);
  expect(simulator.connections).toBe(1);
});

test('leaving a stream cancels it', async () => {
  const { client, simulator } = await lab();
  const cancels = Promise.withResolvers<string>();
  simulator.behaviour.onSentence = (words) => {
    if (words[0] === '/cancel') cancels.resolve(words.join(' '));
  };
  for await (const row of client.stream(['/interface/monitor-traffic', '=interface=ether1', '=interval=1'])) {
    expect(row['rx-bits-per-second']).toBe('20000000');
    break;
  }
  expect(await cancels.promise).toBe('/cancel =tag=2');
});

test('a slow reader holds up the device, not our memory', async () => {
  const { client, router } = await lab({ chunking: 'whole' }, { limits: { maxStreamRows: 10 } });
  for (let index = 0; index < 3_000; index += 1) router.add('/ppp/secret', { name: `user-${index}` });
  let count = 0;
  // Without the pause the rows would pile up here, and the stream would be ended as overrun.
  for await (const row of client.stream(['/ppp/secret/print'])) {
    expect(row.name).toBe(`user-${count}`);
    count += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(count).toBe(3_000);
});

test('a command in the middle of a held-up stream is answered', async () => {
  const { client, router } = await lab({ chunking: 'whole' }, { limits: { maxStreamRows: 100 } });
  for (let index = 0; index < 3_000; index += 1) router.add('/ppp/secret', { name: `user-${index}` });
  let count = 0;
  for await (const _ of client.stream(['/ppp/secret/print'])) {
    count += 1;
    if (count === 1_000) expect(await client.count('/interface')).toBe(1);
  }
  expect(count).toBe(3_000);
});

test('a stream whose consumer waits for something else is ended before it fills the memory', async () => {
  const { client, router } = await lab({ chunking: 'whole' }, { limits: { maxStreamRows: 10 } });
  for (let index = 0; index < 2_000; index += 1) router.add('/ppp/secret', { name: `user-${index}` });
  const reading = async () => {
    for await (const _ of client.stream(['/ppp/secret/print'])) await client.count('/interface');
  };
  await expect(reading()).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  expect(await client.count('/ppp/secret')).toBe(2_000);
});

test.each([
  ['half-close', 'UNREACHABLE'],
  ['reset-before', 'UNREACHABLE'],
  ['reset-after', 'UNREACHABLE'],
  ['reserved-octet', 'PROTOCOL_VIOLATION'],
] as const)('after "%s" everything pending fails and the next call connects again', async (fault, code) => {
  const { client, simulator, router } = await lab();
  await client.count('/interface');
  simulator.behaviour.faultFor = (command) => (command === '/ppp/secret/add' ? fault : 'stall');
  const [read, write] = await Promise.allSettled([
    client.count('/interface'),
    client.run('/ppp/secret/add', { name: 'a' }),
  ]);
  expect(read).toMatchObject({ status: 'rejected', reason: { code, maybeApplied: false } });
  expect(write).toMatchObject({ status: 'rejected', reason: { code, maybeApplied: true } });
  simulator.behaviour.faultFor = null;
  expect(await client.count('/ppp/secret')).toBe(fault === 'reset-after' ? 1 : 0);
  expect(router.rows('/ppp/secret')).toHaveLength(fault === 'reset-after' ? 1 : 0);
});

test.each(['unknown-reply', 'long-prefix'] as const)('"%s" is passed over', async (fault) => {
  const { client, simulator } = await lab();
  simulator.behaviour.faultFor = () => fault;
  expect(await client.count('/interface')).toBe(1);
  expect(client.statistics).toEqual({ connections: 1, unknownReplies: 1, repliesWithoutCommand: 0 });
});

test('several traps are one refusal, in the words of the first', async () => {
  const { client, simulator } = await lab();
  simulator.behaviour.faultFor = () => 'repeat-trap';
  await expect(client.count('/interface')).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringMatching(/failure: first/),
  });
});

test('while a device is down, calls fail at once and the next attempt waits', async () => {
  let now = 0;
  const { client, simulator } = await lab({}, { clock: { now: () => now }, random: () => 0.5 });
  simulator.behaviour.fatalBeforeLogin = 'too many sessions';
  await expect(client.count('/interface')).rejects.toMatchObject({ code: 'SESSION_LIMIT' });
  simulator.behaviour.fatalBeforeLogin = null;
  await expect(client.count('/interface')).rejects.toMatchObject({
    message: expect.stringMatching(/next attempt in 375 ms/),
  });
  now = 400;
  expect(await client.count('/interface')).toBe(1);
});

test('nobody there is unreachable, a wrong password is refused, neither with the secret in it', async () => {
  const { simulator } = await lab();
  const wrong = new RouterosClient({
    host: simulator.host,
    port: simulator.port,
    credential: { username: 'dotmac', password: 'wr0ng-secret' },
  });
  const refused = wrong.count('/interface');
  await expect(refused).rejects.toMatchObject({
    code: 'AUTH_FAILED',
    message: expect.not.stringContaining('wr0ng'),
  });
  await simulator.close();
  const nobody = new RouterosClient({ host: simulator.host, port: simulator.port, credential });
  await expect(nobody.count('/interface')).rejects.toMatchObject({ code: 'UNREACHABLE' });
  await Promise.all([wrong.close(), nobody.close()]);
});

test('the challenge login is used when set, and never by itself', async () => {
  const old = { version: '6.40.9' };
  const { client } = await lab({}, { credential: { ...credential, login: 'challenge' } }, old);
  expect(await client.count('/interface')).toBe(1);
  const { client: modern, simulator } = await lab({}, {}, old);
  const sentences: string[] = [];
  simulator.behaviour.onSentence = (words) => sentences.push(words[0] ?? '');
  await expect(modern.count('/interface')).rejects.toMatchObject({
    code: 'AUTH_FAILED',
    message: expect.stringMatching(/challenge/),
  });
  expect(sentences).toEqual(['/login']);
});

test('a router without certificate is reached encrypted, by choice', async () => {
  const { client } = await lab(
    { tls: 'anonymous' },
    { credential: { ...credential, transport: { kind: 'anonymous' } } },
  );
  expect(await client.count('/interface')).toBe(1);
});

const certificateTool = 'openssl';
describe.skipIf(spawnSync(certificateTool, ['version']).status !== 0)(
  'a certificate of the router’s own',
  () => {
    function selfSigned(): { key: string; cert: string } {
      const folder = mkdtempSync(join(tmpdir(), 'dotmac-routeros-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
      const request = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=router';
      execFileSync(certificateTool, [...request.split(' '), '-keyout', key, '-out', cert], {
        stdio: 'ignore',
      });
      return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
    }

    test('is taken when it is the pinned one, and nothing is said to any other', async () => {
      const tls = selfSigned();
      const { fingerprint256 } = new X509Certificate(tls.cert);
      const pinned = (fingerprint: string) => ({
        credential: { ...credential, transport: { kind: 'pinned', fingerprint256: fingerprint } as const },
      });
      const { client } = await lab({ tls }, pinned(fingerprint256.toLowerCase()));
      expect(await client.count('/interface')).toBe(1);
      const { client: stranger, simulator } = await lab({ tls }, pinned('00'.repeat(32)));
      const heard: string[] = [];
      simulator.behaviour.onSentence = (words) => heard.push(words[0] ?? '');
      await expect(stranger.count('/interface')).rejects.toMatchObject({ code: 'TLS_UNTRUSTED' });
      expect(heard).toEqual([]);
    });
  },
);

/** What a router answered to each sentence of an exchange, octet for octet. */
async function record(sentences: readonly string[][]): Promise<Buffer[]> {
  const simulator = await startRouterosSimulator(description, { chunking: 'whole' });
  const socket = connectTcp({ host: simulator.host, port: simulator.port });
  const replies: Buffer[] = [];
  for (const words of sentences) {
    const parts: Buffer[] = [];
    socket.write(encodeSentence(words));
    while (!Buffer.concat(parts).includes('!done')) parts.push(await nextData(socket));
    replies.push(Buffer.concat(parts));
  }
  socket.destroy();
  await simulator.close();
  return replies;
}

function nextData(socket: Socket): Promise<Buffer> {
  return new Promise((resolve) => socket.once('data', resolve));
}

test('a recorded exchange gives the same answers at every split position', async () => {
  const print = ['/interface/print', '=.proplist=name,comment,mtu'];
  const replies = await record([
    ['/login', '=name=dotmac', '=password=pässword=1', '.tag=1'],
    [...print, '.tag=2'],
    ['/no/menu/print', '=count-only=', '.tag=3'],
    ['/ppp/secret/print', '=.proplist=name', '.tag=4'],
  ]);
  expect(String(replies[3])).toMatch(/!empty[^!]*!done/);
  const total = replies.reduce((sum, reply) => sum + reply.length, 0);
  let cut = 1;
  const server = createServer({ noDelay: true }, (socket) => {
    let before = 0;
    let turn = 0;
    socket.on('data', () => {
      const reply = replies[turn++] ?? Buffer.of();
      const at = Math.min(Math.max(cut - before, 0), reply.length);
      before += reply.length;
      socket.write(reply.subarray(0, at));
      setImmediate(() => setImmediate(() => socket.write(reply.subarray(at))));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  for (; cut < total; cut += 1) {
    const client = new RouterosClient({ host: '127.0.0.1', port, credential });
    const rows = await client.print('/interface', { fields: ['name', 'comment', 'mtu'] });
    expect(rows.map((row) => ({ ...row }))).toEqual([
      { name: 'ether1', comment: 'до провайдера', mtu: '1500' },
    ]);
    await expect(client.count('/no/menu')).rejects.toMatchObject({ code: 'CAPABILITY_UNSUPPORTED' });
    expect(await client.print('/ppp/secret', { fields: ['name'] })).toEqual([]);
    await client.close();
  }
  expect(cut).toBe(total);
});
