import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { readLabState } from '../demo/lab-state.ts';
import { seedDemo } from '../demo/seed.ts';
import { sdlFile } from '../generate/supergraph.ts';
import { gatewayEnvironment } from '../processes/handover.ts';
import { type Supervised, supervise } from '../processes/supervise.ts';
import { CommandError } from './command.ts';
import { createProgress } from './progress.ts';

export interface StartOptions {
  /** The state folder. */
  readonly home: string;
  /** Of the gateway; 0 takes any free one. */
  readonly port: number;
  /** Two demo ISPs with a simulated network; off for an installation that is to be used. */
  readonly demo: boolean;
}

const deadlineMilliseconds = 120_000;

/**
 * Brings everything up: control plane with its PostgreSQL, tenants, gateway and, for the demo, the simulated network.
 * Returns when everything serves; `stop` ends it in order.
 */
export async function start(options: StartOptions): Promise<{ url: string; stop(): Promise<void> }> {
  const home = resolve(options.home);
  const progress = createProgress();
  makeStateFolder(home);
  // Finds out before anything starts, so that the message comes at once and nothing is left half up.
  const port = await listenOnce(options.port);
  const logFolder = join(home, 'log');
  const running: Supervised[] = [];
  const begin = (name: string, module: URL, environment: Record<string, string>): Supervised => {
    const supervised = supervise({ name, module, environment, logFolder, onRestart: progress.warn });
    running.push(supervised);
    return supervised;
  };
  const stop = async () => {
    // The last one started depends on those before it.
    for (const supervised of running.reverse()) await supervised.stop();
  };
  try {
    const controlPort = await listenOnce(0);
    progress.step('control plane and its PostgreSQL');
    const controlPlane = begin('control-plane', new URL('../processes/control-plane.ts', import.meta.url), {
      DOTMAC_HOME: home,
      DOTMAC_CONTROL_PORT: String(controlPort),
      DOTMAC_DEMO: String(options.demo),
    });
    const environment = await until(
      () => gatewayEnvironment(home, controlPlane.pid),
      'The control plane',
      controlPlane,
    );

    progress.step('gateway');
    const gateway = begin('gateway', new URL('../../../gateway/src/main.ts', import.meta.url), {
      ...environment,
      DOTMAC_PORT: String(port),
      DOTMAC_SUPERGRAPH_FILE: sdlFile('supergraph.graphql'),
      NODE_ENV: 'production',
    });
    const origin = `http://127.0.0.1:${port}`;
    await until(() => answers(`${origin}/health/ready`), 'The gateway', gateway);

    if (options.demo) {
      const startLab = async () => {
        const lab = begin('lab', new URL('../processes/lab.ts', import.meta.url), { DOTMAC_HOME: home });
        await until(() => labAnswers(home), 'The simulated network', lab);
      };
      await seedDemo({ home, url: `${origin}/graphql`, progress, startLab });
    }
    progress.done();
    return { url: `${origin}/graphql`, stop };
  } catch (error) {
    progress.done();
    await stop();
    throw error;
  }
}

function makeStateFolder(home: string): void {
  try {
    mkdirSync(join(home, 'secrets'), { recursive: true, mode: 0o700 });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(
      `The state folder ${home} cannot be written (${reason}). Choose another with DOTMAC_HOME.`,
    );
  }
}

/** Takes a port for a moment. @returns the port, a free one for 0. @throws CommandError when it is in use. */
async function listenOnce(port: number): Promise<number> {
  const server = createServer();
  const { promise, resolve: listening, reject } = Promise.withResolvers<void>();
  server.once('error', (error: NodeJS.ErrnoException) => {
    reject(
      error.code === 'EADDRINUSE'
        ? new CommandError(`Port ${port} is in use. Choose another with DOTMAC_PORT.`)
        : error,
    );
  });
  server.listen(port, '127.0.0.1', listening);
  await promise;
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return typeof address === 'object' && address !== null ? address.port : port;
}

/** The lab chooses its port at the first start and keeps it. */
async function labAnswers(home: string): Promise<true | null> {
  const { controlPort } = readLabState(home);
  return controlPort === 0 ? null : answers(`http://127.0.0.1:${controlPort}/networks`);
}

async function answers(url: string): Promise<true | null> {
  try {
    return (await fetch(url)).ok || null;
  } catch {
    // Not yet listening.
    return null;
  }
}

/** Looks again and again until something is there. @throws CommandError after two minutes, naming the log. */
async function until<T>(
  look: () => T | null | Promise<T | null>,
  what: string,
  process: Supervised,
): Promise<T> {
  const deadline = performance.now() + deadlineMilliseconds;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (performance.now() > deadline)
      throw new CommandError(
        `${what} is not ready after ${deadlineMilliseconds / 1000} s. See ${process.logFile}`,
      );
    await new Promise((again) => setTimeout(again, 25));
  }
}
