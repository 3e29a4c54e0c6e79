/**
 * `start` as a person runs it: what is in its way, what is killed under it, and how it ends. One small installation
 * (no demo) carries them all, because it takes seconds to bring up.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { signIn, tenantsBySlug } from '../demo/tenants.ts';
import { graphClient } from '../graph-client.ts';
import { operatorEmail, operatorSlug } from '../processes/operator.ts';
import { openFileSecrets } from '../secrets/file-secrets.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const patience = { timeout: 45_000, interval: 50 };

interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly errors: () => string;
  readonly ended: Promise<number | null>;
}

function run(home: string, port: number | string): Run {
  const child = spawn(process.execPath, [main, 'start', '--no-demo'], {
    env: { ...process.env, DOTMAC_HOME: home, DOTMAC_PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { out: '', err: '' };
  child.stdout.on('data', (text: Buffer) => {
    texts.out += text;
  });
  child.stderr.on('data', (text: Buffer) => {
    texts.err += text;
  });
  return {
    child,
    output: () => texts.out,
    errors: () => texts.err,
    ended: once(child, 'close').then(([code]) => code as number | null),
  };
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

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'dotmac-start-'));
  // As root the tenants' accounts must be able to pass.
  chmodSync(home, 0o711);
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as { port: number }).port;
  server.close();
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

test('a setting that is wrong is named', async () => {
  const started = run(home, 'many');
  expect(await started.ended).toBe(1);
  expect(started.errors()).toMatch(/DOTMAC_PORT is "many": it must be a port/);
  expect(started.errors()).not.toMatch(/^\s+at /m);
});

describe.skipIf(process.platform !== 'linux')('an installation', () => {
  const operator = async () => {
    const password = await openFileSecrets(home).read('platform', 'operator-password');
    return (await signIn(graphClient(`http://127.0.0.1:${port}/graphql`), operatorEmail, password)).client;
  };
  const operatorState = async () => (await tenantsBySlug(await operator())).get(operatorSlug)?.state;
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
