import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { RawSocket } from './testing/clients.ts';
import { staff, startWorld, type World } from './testing/world.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
let world: World;
let settings: Record<string, string>;
const children: ChildProcess[] = [];
beforeAll(async () => {
  world = await startWorld();
  const file = async (name: string, text: string) => {
    const path = join(world.folder, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };
  const { connectionString, password = '' } = world.options.registry;
  settings = {
    DOTMAC_PORT: '0',
    DOTMAC_PLATFORM_DATABASE_URL: connectionString,
    DOTMAC_PLATFORM_DATABASE_PASSWORD_FILE: await file('password', `${password}\n`),
    DOTMAC_SUPERGRAPH_FILE: await file('supergraph.graphql', world.options.supergraphSdl),
    DOTMAC_GATEWAY_KEY_FILE: await file(
      'key.pem',
      world.options.signingKey.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ),
    DOTMAC_GATEWAY_KEY_ID: world.options.signingKey.id,
    DOTMAC_CONTROL_PLANE_ORIGIN: world.controlPlane.origin,
    DOTMAC_GATEWAY_STATE_FILE: join(world.folder, 'state.json'),
  };
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => world[Symbol.asyncDispose]());

function start(environment: Record<string, string>, ...nodeOptions: string[]) {
  const child = spawn(process.execPath, [...nodeOptions, main], {
    env: { PATH: process.env.PATH, DOTMAC_LOG_LEVEL: 'warn', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let stdout = '';
  let stderr = '';
  const ready = Promise.withResolvers<string>();
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
    const url = /^ready (\S+)$/m.exec(stdout)?.[1];
    if (url !== undefined) ready.resolve(url);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const exit = once(child, 'close').then(([code]) => ({ code: code as number | null, stderr }));
  return {
    child,
    ready: Promise.race([ready.promise, exit.then((end) => Promise.reject(new Error(end.stderr)))]),
    exit,
  };
}

describe('the process', () => {
  test('says when it is ready, serves, and ends in order', async () => {
    const { child, ready, exit } = start(settings);
    const url = await ready;
    const token = await world.token(staff('alpha', 'NOC'));
    const { body } = await world.query({ query: '{ sessions { customer { name } } }' }, { token, url });
    expect(body.data).toEqual({ sessions: [{ customer: { name: 'ten_alpha c1' } }] });
    for (const [path, text] of [
      ['/health/live', '"live"'],
      ['/health/ready', '"ready"'],
      ['/metrics', 'dotmac_gateway_operation_seconds_count{part="gateway",type="query",outcome="ok"} 1'],
      ['/', 'YogaGraphiQL'],
    ] as const) {
      const response = await fetch(url + path);
      expect([path, response.status]).toEqual([path, 200]);
      expect(await response.text()).toContain(text);
    }
    const socket = await new RawSocket(url).initialise(token);
    child.kill('SIGTERM');
    expect((await socket.closed).reason).toBe('The gateway restarts');
    expect(await exit).toEqual({ code: 0, stderr: '' });
  });

  test('names the port that is in use', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as { port: number };
    const { ready, exit } = start({ ...settings, DOTMAC_PORT: String(port) });
    ready.catch(() => undefined);
    const { code, stderr } = await exit;
    expect(code).toBe(1);
    expect(stderr).toContain(
      `cannot listen on 127.0.0.1:${port}: another program listens there; set DOTMAC_PORT`,
    );
    blocker.close();
  });

  test('names every setting that is wrong', async () => {
    const { DOTMAC_SUPERGRAPH_FILE: _, ...rest } = settings;
    const wrong = { ...rest, DOTMAC_PORT: '99999', DOTMAC_CONTROL_PLANE_ORIGIN: 'ftp://x' };
    const { ready, exit } = start(wrong);
    ready.catch(() => undefined);
    const { code, stderr } = await exit;
    expect(code).toBe(1);
    for (const name of [
      'DOTMAC_PORT is "99999"',
      'DOTMAC_CONTROL_PLANE_ORIGIN is "ftp://x"',
      'DOTMAC_SUPERGRAPH_FILE is not set',
    ]) {
      expect(stderr).toContain(name);
    }
  });

  test('says that a key is not one', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const path = join(world.folder, 'other.pem');
    await writeFile(path, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const { ready, exit } = start({ ...settings, DOTMAC_GATEWAY_KEY_FILE: path });
    ready.catch(() => undefined);
    expect((await exit).stderr).toContain(
      `DOTMAC_GATEWAY_KEY_FILE names ${path}, which holds no Ed25519 private key`,
    );
  });

  test.each(['own', 'stock'])(
    'opens no socket that leaves this machine, with the %s executor',
    async (executor) => {
      // Loaded before anything else, it prints where every client socket of the process goes.
      const spy = `data:text/javascript,${encodeURIComponent(`
      import { subscribe } from 'node:diagnostics_channel';
      subscribe('net.client.socket', ({ socket }) => {
        socket.once('connect', () => console.log('socket', socket.remoteAddress ?? 'unix'));
        socket.once('lookup', (error, address, family, host) => console.log('lookup', host));
        socket.on('connectionAttempt', (ip) => console.log('attempt', ip));
      });`)}`;
      const { child, ready, exit } = start({ ...settings, DOTMAC_EXECUTOR: executor }, '--import', spy);
      let printed = '';
      child.stdout?.on('data', (chunk: Buffer) => {
        printed += chunk;
      });
      const url = await ready;
      const token = await world.token(staff('alpha', 'NOC'));
      const query = '{ sessions { customer { name } } }';
      expect((await world.query({ query }, { token, url })).body.data).toHaveProperty('sessions');
      child.kill('SIGTERM');
      await exit;
      const places = printed.split('\n').filter((line) => /^(socket|lookup|attempt) /.test(line));
      expect(places.length).toBeGreaterThan(1);
      expect(places.filter((place) => place !== 'socket unix' && !place.startsWith('attempt /'))).toEqual([]);
    },
  );
});
