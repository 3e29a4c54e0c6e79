import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { seededRandom } from '../execution/differential/random.ts';
import { eventually } from '../testing/eventually.ts';
import { staff, startWorld, type World } from '../testing/world.ts';

/** `DOTMAC_KILLS=1000` for a long run. */
const kills = Number(process.env.DOTMAC_KILLS ?? 50);
const seed = Number(process.env.DOTMAC_SEED ?? 1);
const query = 'subscription ($after: Cursor) { networkEvents(after: $after) { cursor session { id } } }';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

/** The gateway as a process that dies without a word, always on the same port. */
class GatewayProcess {
  readonly port: number;
  readonly #settings: Record<string, string>;
  #child: ChildProcess | undefined;

  constructor(port: number, settings: Record<string, string>) {
    this.port = port;
    this.#settings = settings;
  }

  async start(): Promise<void> {
    const main = fileURLToPath(new URL('../main.ts', import.meta.url));
    const child = spawn(process.execPath, [main], {
      env: { PATH: process.env.PATH, DOTMAC_LOG_LEVEL: 'error', ...this.#settings },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child = child;
    const exited = once(child, 'exit').then(() => Promise.reject(new Error('The gateway did not start')));
    await Promise.race([once(child.stdout, 'data'), exited]);
    exited.catch(() => undefined);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** A NOC screen that goes on after the last event it processed, whatever breaks. */
class Screen {
  readonly sessions: string[] = [];
  readonly started = Promise.withResolvers<void>();
  readonly #url: string;
  readonly #token: string;
  #after: string | null = null;
  #socket: WebSocket | undefined;
  #stopped = false;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
    this.#connect();
  }

  /** What the socket still holds is not processed. */
  kill(): void {
    this.#socket?.terminate();
  }

  stop(): void {
    this.#stopped = true;
    this.kill();
  }

  #connect(): void {
    const socket = new WebSocket(this.#url, 'graphql-transport-ws');
    this.#socket = socket;
    const send = (message: object) => socket.send(JSON.stringify(message));
    socket.on('open', () =>
      send({ type: 'connection_init', payload: { authorization: `Bearer ${this.#token}` } }),
    );
    // `close` follows.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (!this.#stopped) setTimeout(() => this.#connect(), 10);
    });
    socket.on('message', (data: Buffer) => {
      if (socket !== this.#socket || socket.readyState !== socket.OPEN) return;
      const { type, payload } = JSON.parse(data.toString());
      if (type === 'connection_ack') {
        send({ id: '1', type: 'subscribe', payload: { query, variables: { after: this.#after } } });
      } else if (type === 'ping') {
        this.#after ??= payload.start.cursor;
        this.started.resolve();
      } else if (type === 'next') {
        const { cursor, session } = payload.data.networkEvents;
        this.sessions.push(session.id);
        this.#after = cursor;
      } else if (type === 'error' || type === 'complete') socket.terminate();
    });
  }
}

test(
  `${kills} kills of gateway, subgraph and client: what is delivered is what was committed, in order`,
  async () => {
    const random = seededRandom(String(seed));
    const { alpha } = world.tenants;
    const file = async (name: string, text: string) => {
      const path = join(world.folder, name);
      await writeFile(path, text, { mode: 0o600 });
      return path;
    };
    const { connectionString, password = '' } = world.options.registry;
    const pem = world.options.signingKey.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const port = await freePort();
    const gateway = new GatewayProcess(port, {
      DOTMAC_PORT: String(port),
      DOTMAC_PLATFORM_DATABASE_URL: connectionString,
      DOTMAC_PLATFORM_DATABASE_PASSWORD_FILE: await file('password', `${password}\n`),
      DOTMAC_SUPERGRAPH_FILE: await file('supergraph.graphql', world.options.supergraphSdl),
      DOTMAC_GATEWAY_KEY_FILE: await file('key.pem', pem),
      DOTMAC_GATEWAY_KEY_ID: world.options.signingKey.id,
      DOTMAC_CONTROL_PLANE_ORIGIN: world.controlPlane.origin,
    });
    await gateway.start();
    const token = await world.token(staff('alpha', 'NOC'), { lifetimeSeconds: 3600 });
    const screens = [1, 2, 3].map(() => new Screen(`ws://127.0.0.1:${port}/graphql`, token));
    try {
      await Promise.all(screens.map(({ started }) => started.promise));

      let writing = true;
      const writer = (async () => {
        while (writing) {
          alpha.events.append(`c${random.below(5)}`);
          await pause(random.below(4));
        }
      })();
      for (let kill = 0; kill < kills; kill += 1) {
        await pause(random.below(40));
        const victim = random.below(6);
        if (victim === 0) {
          await gateway.kill();
          await gateway.start();
        } else if (victim < 3) {
          await alpha.kill();
          await pause(random.below(20));
          await alpha.start();
        } else {
          screens[random.below(screens.length)]?.kill();
        }
      }
      writing = false;
      await writer;
      const committed = alpha.events.cursors.map((_, index) => `ses_${index + 1}`);
      await eventually(() => {
        for (const { sessions } of screens) expect(sessions.length).toBeGreaterThanOrEqual(committed.length);
      }, 60_000);
      for (const { sessions } of screens) expect(sessions).toEqual(committed);
    } finally {
      for (const screen of screens) screen.stop();
      await gateway.kill();
    }
  },
  60_000 + kills * 5_000,
);
