import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** What a server process says when it serves. */
export interface Ready {
  readonly urls: Readonly<Record<string, string>>;
  /** What its clients must send. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ServerProcess extends Ready {
  /** CPU time spent so far, user and system, in microseconds. */
  cpu(): Promise<number>;
  /** Resident memory in bytes. */
  memory(): Promise<number>;
  stop(): Promise<void>;
}

interface Usage {
  readonly cpu: number;
  readonly memory: number;
}

/** Starts a server script of this folder in a process of its own, so that its CPU time is its own. */
export async function startServer(script: string, argument: unknown): Promise<ServerProcess> {
  const child = fork(new URL(`./${script}`, import.meta.url), [JSON.stringify(argument)], {
    env: { ...process.env, NODE_ENV: 'production', APOLLO_TELEMETRY_DISABLED: 'true' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ready = (await answer(child)) as Ready;
  const usage = async () => {
    child.send('usage');
    return (await answer(child)) as Usage;
  };
  return {
    ...ready,
    cpu: async () => (await usage()).cpu,
    memory: async () => (await usage()).memory,
    async stop() {
      const exited = once(child, 'exit');
      // Not SIGTERM: Hive Gateway catches it, disposes of itself, and stays.
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function answer(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const exited = (code: number | null) => reject(new Error(`${child.spawnargs[1]} ended with ${code}`));
    child.once('exit', exited);
    child.once('message', (message) => {
      child.off('exit', exited);
      resolve(message);
    });
  });
}

/** The other side: tells the parent that it serves, then answers its questions. */
export function serveParent(ready: Ready): void {
  const send = (message: Ready | Usage) => process.send?.(message);
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    send({ cpu: user + system, memory: process.memoryUsage.rss() });
  });
  process.on('disconnect', () => process.exit());
  send(ready);
}

/** What {@link startServer} was given. */
export function serverArgument<Argument>(): Argument {
  return JSON.parse(process.argv[2] ?? 'null') as Argument;
}
