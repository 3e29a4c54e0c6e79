import { existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { HostingError } from '@dotmac/hosting/error';
import { lockState } from '@dotmac/hosting/lock';
import { readLabState } from '../demo/lab-state.ts';
import { seedDemo } from '../demo/seed.ts';
import { signIn, untilActive } from '../demo/tenants.ts';
import { graphClient } from '../graph-client.ts';
import { gatewayStateFile, readHandover } from '../processes/handover.ts';
import { operatorEmail, operatorSlug } from '../processes/operator.ts';
import { endOrphans } from '../processes/orphans.ts';
import { gracePeriodMilliseconds, type Supervised, supervise } from '../processes/supervise.ts';
import { openPrograms } from '../programs/open.ts';
import { type Programs, programFile } from '../programs/programs.ts';
import { openFileSecrets } from '../secrets/file-secrets.ts';
import { CommandError } from './command.ts';
import { createProgress, type Progress } from './progress.ts';

export interface StartOptions {
  /** The state folder. */
  readonly home: string;
  /** Of the gateway; 0 takes any free one. */
  readonly port: number;
  /** A server of the operator for the databases; undefined brings up embedded ones. */
  readonly databaseUrl?: string | undefined;
  /** Two demo ISPs with a simulated network; off for an installation that is to be used. */
  readonly demo: boolean;
  /** Ends a start that is under way: what it has begun is stopped, then it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface Running {
  /** Of the graph. */
  readonly url: string;
  stop(): Promise<void>;
}

const deadlineMilliseconds = 120_000;
const supergraphFile = fileURLToPath(new URL('../../../schema/sdl/supergraph.graphql', import.meta.url));

/**
 * Brings everything up: control plane with its PostgreSQL, tenants, gateway and, for the demo, the simulated network.
 * Returns when everything serves; `stop` ends it in order.
 * @throws CommandError when something a person can put right is in the way; nothing is left running then.
 */
export async function start(options: StartOptions): Promise<Running> {
  const home = resolve(options.home);
  const progress = createProgress();
  const unlock = openStateFolder(home);
  const running: Supervised[] = [];
  let ready = false;
  const begin: Begin = (name, programs, environment) => {
    options.signal?.throwIfAborted();
    const supervised = supervise({
      name,
      node: programs.node,
      file: programFile(programs, name),
      environment,
      home,
      // What gives its reason while we start ends the start with it.
      onRestart: (message) => {
        if (ready || supervised.refusal === null) progress.warn(message);
      },
    });
    running.push(supervised);
    return supervised;
  };
  const stop = async () => {
    // The last one started depends on those before it.
    for (const supervised of running.reverse()) await supervised.stop();
    unlock();
  };
  try {
    const up = bringUp({ ...options, home }, progress, begin);
    const url = await Promise.race([up, rejected(options.signal)]);
    progress.done();
    ready = true;
    return { url, stop };
  } catch (error) {
    progress.failed();
    await stop();
    throw error;
  }
}

type Begin = (
  name: 'control-plane' | 'gateway' | 'lab',
  programs: Programs,
  environment: Readonly<Record<string, string>>,
) => Supervised;

async function bringUp(
  { home, port: wantedPort, databaseUrl, demo, signal }: StartOptions,
  progress: Progress,
  begin: Begin,
): Promise<string> {
  const left = await endOrphans(home, gracePeriodMilliseconds);
  if (left.length > 0) progress.warn(`an earlier start was killed; ended what it left: ${left.join(', ')}`);
  // Finds out before anything starts, so that the message comes at once and nothing is left half up.
  const port = await freePort(wantedPort);
  if (port === null) throw new CommandError(`Port ${wantedPort} is in use. Choose another with DOTMAC_PORT.`);
  const wait = waiting(signal);
  const programs = await openPrograms(home).catch((error: unknown) => {
    throw error instanceof HostingError ? new CommandError(error.message) : error;
  });
  const beginGateway = (environment: Readonly<Record<string, string>>) =>
    begin('gateway', programs, {
      ...environment,
      DOTMAC_PORT: String(port),
      DOTMAC_SUPERGRAPH_FILE: supergraphFile,
      NODE_ENV: 'production',
    });
  const beginLab = () => begin('lab', programs, { DOTMAC_HOME: home });

  // Where everything was the last time, it is this time: then nobody needs to wait for the control plane.
  const last = readHandover(home);
  const controlPort = (await freePort(last?.controlPort ?? 0)) ?? (await freePort(0));
  progress.step('control plane, databases and tenants');
  const controlPlane = begin('control-plane', programs, {
    DOTMAC_HOME: home,
    DOTMAC_NODE: programs.node,
    DOTMAC_PROGRAMS: programs.folder,
    ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
    DOTMAC_CONTROL_PORT: String(controlPort),
    DOTMAC_DEMO: String(demo),
    DOTMAC_GATEWAY_URL: `http://127.0.0.1:${port}/graphql`,
    NODE_ENV: 'production',
  });
  const early = last !== null && last.controlPort === controlPort && existsSync(gatewayStateFile(home));
  let gateway = early ? beginGateway(last.environment) : null;
  const { controlPort: labPort, networks } = readLabState(home);
  let lab = demo && labPort !== 0 ? beginLab() : null;

  const handover = await wait('The control plane', controlPlane, () => {
    const seen = readHandover(home);
    return seen?.pid === controlPlane.pid ? seen : null;
  });
  progress.step('gateway');
  if (gateway !== null && !isDeepStrictEqual({ ...handover, pid: 0 }, { ...last, pid: 0 })) {
    await gateway.stop();
    gateway = null;
  }
  gateway ??= beginGateway(handover.environment);
  const origin = `http://127.0.0.1:${port}`;
  await wait('The gateway', gateway, () => answers(`${origin}/health/ready`));
  if (lab !== null) await wait('The simulated network', lab, () => labAnswers(home));

  const startLab = async () => {
    if (lab !== null && !isDeepStrictEqual(networks, readLabState(home).networks)) {
      await lab.stop();
      lab = null;
    }
    lab ??= beginLab();
    await wait('The simulated network', lab, () => labAnswers(home));
  };
  const url = `${origin}/graphql`;
  if (demo) await seedDemo({ home, url, progress, startLab });
  else await tenantZeroServes(home, url, progress);
  return url;
}

async function tenantZeroServes(home: string, url: string, progress: Progress): Promise<void> {
  progress.step('tenant operator');
  const password = await openFileSecrets(home).read('platform', 'operator-password');
  const operator = await signIn(graphClient(url), operatorEmail, password);
  await untilActive(operator.client, [operatorSlug]);
}

/** Makes the folder, and it ours alone. @throws CommandError when it cannot be written, or another `start` runs on it. */
function openStateFolder(home: string): () => void {
  try {
    mkdirSync(join(home, 'secrets'), { recursive: true, mode: 0o700 });
    mkdirSync(join(home, 'run'), { recursive: true, mode: 0o700 });
    return lockState(join(home, 'run'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof Error && 'code' in error && error.code === 'STATE_FOLDER_IN_USE')
      throw new CommandError(`DotMac is already started here. ${reason}`);
    throw new CommandError(
      `The state folder ${home} cannot be written (${reason}). Choose another with DOTMAC_HOME.`,
    );
  }
}

/** Takes a port for a moment. @returns the port, a free one for 0, or null when it is in use. */
async function freePort(port: number): Promise<number | null> {
  const server = createServer();
  const { promise, resolve: listening, reject } = Promise.withResolvers<boolean>();
  server.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE') listening(false);
    else reject(new CommandError(`Port ${port} cannot be opened (${error.message}).`));
  });
  server.listen(port, '127.0.0.1', () => listening(true));
  if (!(await promise)) return null;
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

/** Rejects when the signal aborts; never ends otherwise. */
function rejected(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/**
 * Looks again and again until something is there.
 * @throws CommandError when the process ends with an error of its own, or after two minutes.
 */
function waiting(signal: AbortSignal | undefined) {
  return async <T>(
    what: string,
    process: Supervised,
    look: () => T | null | Promise<T | null>,
  ): Promise<T> => {
    const deadline = performance.now() + deadlineMilliseconds;
    for (;;) {
      const found = await look();
      if (found !== null) return found;
      signal?.throwIfAborted();
      if (process.refusal !== null)
        throw new CommandError(`${what} did not start: ${process.refusal} (see ${process.logFile})`);
      if (performance.now() > deadline)
        throw new CommandError(
          `${what} is not ready after ${deadlineMilliseconds / 1000} s. See ${process.logFile}`,
        );
      await new Promise((again) => setTimeout(again, 25));
    }
  };
}
