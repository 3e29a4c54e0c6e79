/**
 * `start` as a person runs it: what is in its way, what is killed under it, and how it ends. One small installation
 * (no demo) carries them all, because it takes seconds to bring up.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { isTraversable, serverAccount, startTestPostgres } from '@dotmac/hosting';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { signIn, tenantsBySlug } from '../demo/tenants.ts';
import { graphClient } from '../graph-client.ts';
import { operatorEmail, operatorSlug } from '../processes/operator.ts';
import { openFileSecrets } from '../secrets/file-secrets.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const patience = { timeout: 90_000, interval: 50 };

interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly errors: () => string;
  readonly ended: Promise<number | null>;
}

const runs: Run[] = [];

function run(
  home: string,
  port: number | string,
  { env, ...as }: { uid?: number; gid?: number; env?: Readonly<Record<string, string>> } = {},
): Run {
  const child = spawn(process.execPath, [main, 'start', '--no-demo'], {
    env: { ...process.env, DATABASE_URL: undefined, DOTMAC_HOME: home, DOTMAC_PORT: String(port), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...as,
  });
  const texts = { out: '', err: '' };
  child.stdout.on('data', (text: Buffer) => {
    texts.out += text;
  });
  child.stderr.on('data', (text: Buffer) => {
    texts.err += text;
  });
  const started = {
    child,
    output: () => texts.out,
    errors: () => texts.err,
    ended: once(child, 'close').then(([code]) => code as number | null),
  };
  runs.push(started);
  return started;
}

async function ready(started: Run): Promise<void> {
  await vi.waitFor(() => {
    if (started.child.exitCode !== null) throw new Error(started.errors());
    expect(started.output()).toMatch(/^ready /m);
  }, patience);
}

/** Our processes and PostgreSQL's, by the state folder in their environment or arguments. */
function left(home: string): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid) || pid === String(process.pid)) return [];
    try {
      const [command, environment] = ['cmdline', 'environ'].map((file) =>
        readFileSync(`/proc/${pid}/${file}`, 'utf8').replaceAll('\0', ' '),
      );
      return `${command} ${environment}`.includes(home) ? [`${pid} ${command}`] : [];
    } catch {
      // It has ended meanwhile, or is another account's.
      return [];
    }
  });
}

let home: string;
let port: number;

function newHome(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dotmac-start-'));
  // As root the tenants' accounts must be able to pass.
  chmodSync(folder, 0o711);
  return folder;
}

beforeAll(async () => {
  home = newHome();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as { port: number }).port;
  server.close();
});
// What a failed test has left running would be in the way of the next.
afterEach(async () => {
  const alive = runs.splice(0).filter(({ child }) => child.exitCode === null && child.signalCode === null);
  for (const { child } of alive) child.kill('SIGINT');
  await Promise.all(alive.map(({ ended }) => ended));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('what is in the way is said in one line, with exit code 1', () => {
  const refused = async (folder: string, wanted: number | string, message: RegExp) => {
    const started = run(folder, wanted);
    expect(await started.ended).toBe(1);
    const [, ...lines] = started.errors().trimEnd().split('\n');
    expect(lines.join('\n')).toMatch(message);
    expect(lines.filter((line) => /^\s+at /.test(line))).toEqual([]);
    expect(existsSync(join(folder, 'log'))).toBe(false);
  };

  test('a port in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port: taken } = server.address() as { port: number };
    await refused(home, taken, new RegExp(`^Port ${taken} is in use. Choose another with DOTMAC_PORT.$`));
    server.close();
  });

  test('a state folder that is a file', async () => {
    const file = join(home, 'file');
    writeFileSync(file, '');
    await refused(
      file,
      port,
      /^The state folder .* cannot be written \(.*\). Choose another with DOTMAC_HOME.$/,
    );
  });
});

test.for([
  ['DOTMAC_PORT', 'many', /DOTMAC_PORT is "many": it must be a port/],
  ['DATABASE_URL', 'db.example', /DATABASE_URL .*it must be postgres:\/\/user:password@host\/database/],
] as const)('a setting that is wrong is named: %s', async ([name, value, message]) => {
  const started = run(home, port, { env: { [name]: value } });
  expect(await started.ended).toBe(1);
  expect(started.errors()).toMatch(message);
  expect(started.errors()).not.toMatch(/^\s+at /m);
});

async function operatorState(folder = home): Promise<string | undefined> {
  const password = await openFileSecrets(folder).read('platform', 'operator-password');
  const { client } = await signIn(graphClient(`http://127.0.0.1:${port}/graphql`), operatorEmail, password);
  return (await tenantsBySlug(client)).get(operatorSlug)?.state;
}

describe.skipIf(process.platform !== 'linux')('an installation', () => {
  const serves = () => vi.waitFor(async () => expect(await operatorState()).toBe('ACTIVE'), patience);
  const pidOf = (name: string): number =>
    JSON.parse(readFileSync(join(home, 'run', `${name}.json`), 'utf8')).pid;

  test('that is stopped while it starts leaves nothing running', { timeout: 120_000 }, async () => {
    const started = run(home, port);
    await vi.waitFor(() => expect(existsSync(join(home, 'run', 'control-plane.json'))).toBe(true), patience);
    started.child.kill('SIGINT');
    expect(await started.ended).toBe(0);
    expect(started.output()).toBe('');
    expect(left(home)).toEqual([]);
  });

  test('survives kill -9 of each part and of start itself, and ends in order', {
    timeout: 180_000,
  }, async () => {
    const first = run(home, port);
    await ready(first);
    await serves();

    const second = run(home, port);
    expect(await second.ended).toBe(1);
    expect(second.errors()).toMatch(/\nDotMac is already started here\. .* is in use by process \d+/);

    for (const name of ['control-plane', 'gateway']) {
      const before = pidOf(name);
      process.kill(before, 'SIGKILL');
      await vi.waitFor(() => expect(pidOf(name)).not.toBe(before), patience);
      await serves();
    }

    first.child.kill('SIGKILL');
    await first.ended;
    // Whoever was served is served on.
    expect(await operatorState()).toBe('ACTIVE');
    const third = run(home, port);
    await ready(third);
    expect(third.errors()).toMatch(/an earlier start was killed; ended what it left: .*gateway/);
    await serves();

    third.child.kill('SIGINT');
    // A package manager passes the signal on a second time.
    third.child.kill('SIGINT');
    expect(await third.ended).toBe(0);
    expect(left(home)).toEqual([]);
  });
});

/** A folder with this many megabytes and no more, or null where nobody may mount one. */
function smallDisk(megabytes: number): string | null {
  const folder = newHome();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0711`, 'tmpfs', folder]);
  if (mounted.status === 0) return folder;
  rmSync(folder, { recursive: true });
  return null;
}

describe('a full disk is said in one line, and nothing is left running', { timeout: 120_000 }, () => {
  // Too small for the programs; too small for PostgreSQL.
  test.for([8, 60])('%d MB', async (megabytes, { skip }) => {
    const folder = smallDisk(megabytes);
    if (folder === null) return skip('only root can mount a small disk here');
    try {
      const started = run(folder, port);
      expect(await started.ended).toBe(1);
      expect(started.errors()).toMatch(
        /No space left below .*\. Free space there, or move the state with DOTMAC_HOME\./,
      );
      expect(started.errors()).not.toMatch(/^\s+at /m);
      expect(left(folder)).toEqual([]);
    } finally {
      spawnSync('umount', [folder]);
      rmSync(folder, { recursive: true });
    }
  });
});

test('an ordinary user can start it too', { timeout: 180_000 }, async ({ skip }) => {
  const account = serverAccount();
  if (account === undefined) return skip('we are an ordinary user: every test above shows it');
  if (!isTraversable(dirname(main))) return skip('no other account can reach this checkout');
  const folder = newHome();
  chownSync(folder, account.uid, account.gid);
  const started = run(folder, port, { ...account, env: { HOME: folder } });
  await ready(started);
  await vi.waitFor(async () => expect(await operatorState(folder)).toBe('ACTIVE'), patience);
  started.child.kill('SIGINT');
  expect(await started.ended).toBe(0);
  rmSync(folder, { recursive: true });
});

/** The server behind a TCP port, as an operator's would be: tenants' accounts cannot reach our socket. */
async function overTcp(connectionString: string): Promise<{ readonly url: string } & AsyncDisposable> {
  const url = new URL(connectionString);
  const socket = join(url.searchParams.get('host') ?? '', '.s.PGSQL.5432');
  const proxy = createServer((client) => {
    const upstream = connect(socket);
    pipeline(client, upstream, client, () => undefined);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as { port: number };
  return {
    url: `postgres://${url.username}:${url.password}@127.0.0.1:${port}${url.pathname}`,
    async [Symbol.asyncDispose]() {
      proxy.close();
    },
  };
}

describe('on a server that the operator runs (DATABASE_URL)', { timeout: 180_000 }, () => {
  test('every tenant has a database of its own there, and the mode cannot be changed by accident', async () => {
    await using server = await startTestPostgres();
    await using door = await overTcp(server.connectionString);
    const folder = newHome();
    const env = { DATABASE_URL: door.url };
    const started = run(folder, port, { env });
    await ready(started);
    await vi.waitFor(async () => expect(await operatorState(folder)).toBe('ACTIVE'), patience);
    const client = new Client({ connectionString: server.connectionString });
    await client.connect();
    const { rows } = await client.query(
      "SELECT datname FROM pg_database WHERE datname LIKE 'dotmac\\_%' ORDER BY 1",
    );
    expect(rows.map(({ datname }) => datname)).toEqual(['dotmac_platform', 'dotmac_t_operator']);
    await client.end();
    expect(left(folder).filter((line) => / -D /.test(line))).toEqual([]);
    started.child.kill('SIGINT');
    expect(await started.ended).toBe(0);

    const embedded = run(folder, port);
    expect(await embedded.ended).toBe(1);
    expect(embedded.errors()).toMatch(/on the server of DATABASE_URL, and now they would be embedded/);
    rmSync(folder, { recursive: true });
  });
});
