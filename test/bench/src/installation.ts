import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A state folder of its own for a benchmark, and `dotmac start` on it. */
export interface Installation extends AsyncDisposable {
  readonly home: string;
  /** Runs `start` until it prints `ready`. @throws Error with its last words when it ends before. */
  start(env?: Readonly<Record<string, string>>): Promise<Started>;
}

interface Started {
  /** Seconds from the command to `ready`. */
  readonly seconds: number;
  /** CPU seconds that all processes of the installation had taken by then; null where there is no /proc. */
  readonly cpuSeconds: number | null;
  readonly demo: Demo;
  /** As Ctrl-C does. */
  stop(): Promise<void>;
}

/** The parts of `demo.json` that benchmarks use. */
export interface DemoTenant {
  readonly tokens: Readonly<Record<'owner', string>>;
  readonly radius: {
    readonly host: string;
    readonly authPort: number;
    readonly acctPort: number;
    readonly secret: string;
  };
  readonly logins: readonly { readonly username: string; readonly password: string }[];
}

interface Demo {
  readonly graphql: string;
  readonly tenants: Readonly<Record<string, DemoTenant>>;
  readonly operator: { readonly token: string };
}

export async function newInstallation(): Promise<Installation> {
  const home = mkdtempSync(join(tmpdir(), 'dotmac-bench-'));
  // As root the tenants' accounts must be able to pass; what is inside is closed to them.
  chmodSync(home, 0o711);
  const port = await freePort();
  let running: ChildProcess | null = null;
  const stop = async () => {
    if (running === null || running.exitCode !== null) return;
    const exited = once(running, 'exit');
    running.kill('SIGINT');
    await exited;
  };
  return {
    home,
    async start(env = {}) {
      const begun = performance.now();
      const child = spawn(process.execPath, ['cli/src/main.ts', 'start'], {
        cwd: root,
        env: { ...process.env, DOTMAC_HOME: home, DOTMAC_PORT: String(port), ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      running = child;
      let said = '';
      child.stderr.on('data', (text: Buffer) => {
        said += text;
      });
      for await (const line of createInterface(child.stdout)) {
        if (!line.startsWith('ready')) continue;
        const seconds = (performance.now() - begun) / 1000;
        const demo = JSON.parse(readFileSync(join(home, 'demo.json'), 'utf8')) as Demo;
        return { seconds, cpuSeconds: cpuSecondsOf(home, child.pid ?? 0), demo, stop };
      }
      throw new Error(`start ended before it was ready:\n${said}`);
    },
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Asks the graph. @throws Error on any error in the answer. */
export async function ask<Data>(
  url: string,
  token: string,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<Data> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data: Data; errors?: unknown };
  if (errors !== undefined) throw new Error(`The operation failed: ${JSON.stringify(errors)}`);
  return data;
}

/** The middle value; the mean of the two in the middle for an even count. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low = Number.NaN, high = low] = [
    sorted[Math.ceil(sorted.length / 2) - 1],
    sorted[Math.floor(sorted.length / 2)],
  ];
  return (low + high) / 2;
}

export const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('No free port');
  return address.port;
}

/** proc(5): utime, stime and those of ended children are fields 14 to 17, in ticks of 10 ms. */
function cpuSecondsOf(home: string, startPid: number): number | null {
  if (process.platform !== 'linux') return null;
  const belongs = (pid: string) =>
    pid === String(startPid) ||
    [`/proc/${pid}/environ`, `/proc/${pid}/cmdline`].some((file) =>
      readFileSync(file, 'utf8').includes(home),
    );
  let ticks = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (pid === String(process.pid) || !belongs(pid)) continue;
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      ticks += [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
    } catch {
      // It has ended meanwhile, or is somebody else's.
    }
  }
  return ticks / 100;
}
