import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '@dotmac/device';
import { backoffMs, STABLE_MS } from '../backoff.ts';
import { errnoOf, HostingError } from '../error.ts';
import { poll } from '../poll.ts';
import {
  type Exit,
  type Observed,
  type ResolveSecret,
  specHash,
  type WorkloadSpec,
  type WorkloadState,
} from '../port.ts';
import { readJson, writeJson } from '../state/json-file.ts';
import { probe } from './health-probe.ts';
import { adopt, httpSocket, type LaunchPlace, launch, prepare, type Run } from './launch.ts';
import { rotateLog } from './log-files.ts';
import { isRunning, type ProcessIdentity, signal, signalGroup } from './process-identity.ts';

/** Probe interval until the first readiness. */
const STARTING_INTERVAL_MS = 25;
/** An answer slower than this counts as none. */
const SHORTEST_TIMEOUT_MS = 1_000;
/** Liveness failures in a row after which a process counts as hung. */
const HUNG_AFTER = 5;

/** What a workload's folder remembers of it. */
export interface WorkloadRecord {
  readonly owner: string;
  readonly spec: WorkloadSpec;
  readonly specHash: string;
  readonly desired: 'RUNNING' | 'STOPPED';
  readonly process?: ProcessIdentity | undefined;
  readonly restarts: number;
  readonly lastExit?: Exit | undefined;
}

export interface WorkloadContext {
  readonly place: LaunchPlace;
  readonly clock: Clock;
  readonly resolveSecret: ResolveSecret;
  epoch(): number;
  changed(observed: Observed): void;
  /** Told of failures that supervision survives, such as a full disk under its notes. */
  problem(error: unknown): void;
}

const recordFile = (directory: string) => join(directory, 'workload.json');

/** The record in a workload's folder, if there is one. */
export function readRecord(directory: string): WorkloadRecord | undefined {
  return readJson<WorkloadRecord>(recordFile(directory));
}

/** One generation of one component under supervision: started, probed, restarted, ended. */
export class Workload {
  readonly #context: WorkloadContext;
  #record: WorkloadRecord;
  #state: WorkloadState;
  #run: Run | undefined;
  /** Aborted when supervision ends, by stop or by release. */
  #supervision: AbortController | undefined;
  #loop: Promise<void> = Promise.resolve();

  constructor(context: WorkloadContext, record: WorkloadRecord) {
    this.#context = context;
    this.#record = record;
    this.#state = 'STOPPED';
  }

  /** A record for a spec that was never started. */
  static recordOf(owner: string, spec: WorkloadSpec): WorkloadRecord {
    return { owner, spec, specHash: specHash(spec), desired: 'STOPPED', restarts: 0 };
  }

  get spec(): WorkloadSpec {
    return this.#record.spec;
  }

  get specHash(): string {
    return this.#record.specHash;
  }

  get state(): WorkloadState {
    return this.#state;
  }

  get desired(): 'RUNNING' | 'STOPPED' {
    return this.#record.desired;
  }

  observed(): Observed {
    const { spec, restarts, lastExit } = this.#record;
    const { tenant, component, generation, release } = spec;
    return {
      tenant,
      component,
      generation,
      release,
      state: this.#state,
      specHash: this.#record.specHash,
      epoch: this.#context.epoch(),
      restarts,
      ...(lastExit && { lastExit }),
      ...(this.#run && { pid: this.#run.identity.pid }),
    };
  }

  /**
   * Runs it under supervision: adopts `running`, or launches. A first launch that fails is the caller's error;
   * later ones are tried again with backoff.
   */
  async start(running?: ProcessIdentity): Promise<void> {
    if (this.#supervision !== undefined) return;
    mkdirSync(this.#context.place.directory, { recursive: true, mode: 0o711 });
    const supervision = new AbortController();
    this.#remember({ desired: 'RUNNING' });
    const found = running ?? this.#record.process;
    if (found !== undefined && isRunning(found)) {
      this.#begin(adopt(found, supervision.signal));
    } else {
      await this.#launch();
    }
    this.#supervision = supervision;
    this.#loop = this.#supervise(supervision.signal);
  }

  /** SIGTERM, then SIGKILL to the whole group at the deadline. Remembered first, so that nothing restarts it. */
  async end(deadlineMs: number): Promise<void> {
    this.#remember({ desired: 'STOPPED' });
    await this.suspend(deadlineMs);
  }

  /** As `end`, but the next supervisor starts it again. */
  async suspend(deadlineMs: number): Promise<void> {
    await this.release();
    const identity = this.#run?.identity ?? this.#record.process;
    if (identity !== undefined && isRunning(identity)) {
      this.#become('DRAINING');
      await terminate(identity, deadlineMs);
    }
    this.#run = undefined;
    this.#remember({ process: undefined });
    this.#become('STOPPED');
  }

  /** Leaves the route at once; `end` follows. */
  drain(): void {
    this.#become('DRAINING');
  }

  /** Ends supervision, not the process: a later supervisor adopts it. */
  async release(): Promise<void> {
    this.#supervision?.abort();
    this.#supervision = undefined;
    await this.#loop;
  }

  async #supervise(signal: AbortSignal): Promise<void> {
    let inARow = 0;
    while (!signal.aborted) {
      const since = this.#context.clock.now();
      const exit = this.#run === undefined ? await this.#relaunch() : await this.#watch(this.#run, signal);
      if (exit === undefined || signal.aborted) continue;
      const at = this.#context.clock.now();
      inARow = at - since >= STABLE_MS ? 1 : inARow + 1;
      this.#run = undefined;
      this.#note({ process: undefined, restarts: this.#record.restarts + 1, lastExit: { at, ...exit } });
      this.#become('BACKOFF');
      // One that ran well is missed at once: its customers are offline.
      if (inARow > 1) await delay(backoffMs(inARow - 1), undefined, { signal }).catch(ignoreAbort);
    }
  }

  /** Undefined when it was launched; otherwise why not. */
  async #relaunch(): Promise<Omit<Exit, 'at'> | undefined> {
    try {
      await this.#launch();
      return undefined;
    } catch (error) {
      return { code: null, signal: null, reason: error instanceof Error ? error.message : String(error) };
    }
  }

  async #launch(): Promise<void> {
    const { place, resolveSecret } = this.#context;
    await prepare(this.#record.spec, place, resolveSecret);
    this.#begin(await launch(this.#record.spec, place));
  }

  #begin(run: Run): void {
    this.#run = run;
    this.#note({ process: run.identity });
    this.#become('STARTING');
  }

  /** Probes a run until it ends or supervision does. */
  async #watch(run: Run, supervision: AbortSignal): Promise<Omit<Exit, 'at'>> {
    const probing = new AbortController();
    const reason = this.#probeUntil(AbortSignal.any([probing.signal, supervision]), run);
    const exit = await Promise.race([run.ended, aborted(supervision)]);
    probing.abort();
    const why = await reason;
    if (exit === undefined) return { code: null, signal: null };
    return why === undefined ? exit : { ...exit, reason: why };
  }

  /** Keeps the state true; kills what never becomes ready or hangs, and says so. */
  async #probeUntil(signal: AbortSignal, run: Run): Promise<string | undefined> {
    const { place } = this.#context;
    const { health } = this.#record.spec;
    const socket = httpSocket(place.socketDirectory);
    const deadline = performance.now() + health.startDeadlineMs;
    const limits = { timeoutMs: Math.max(health.intervalMs, SHORTEST_TIMEOUT_MS), signal };
    let failures = 0;
    while (!signal.aborted) {
      const ready = await probe(socket, health.readyPath, limits);
      if (signal.aborted) return undefined;
      if (ready && this.#state !== 'DRAINING') this.#become('READY');
      else if (this.#state === 'READY') this.#become('UNREADY');
      failures = ready || (await probe(socket, health.livePath, limits)) ? 0 : failures + 1;
      if (signal.aborted) return undefined;
      const starting = this.#state === 'STARTING';
      if (starting ? performance.now() > deadline : failures >= HUNG_AFTER) {
        signalGroup(run.identity, 'SIGKILL');
        return starting
          ? `not ready within ${health.startDeadlineMs} ms`
          : `${health.livePath} failed ${failures} times in a row`;
      }
      rotateLog(join(place.directory, 'log'));
      await delay(starting ? STARTING_INTERVAL_MS : health.intervalMs, undefined, { signal }).catch(
        ignoreAbort,
      );
    }
    return undefined;
  }

  #become(state: WorkloadState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#context.changed(this.observed());
  }

  /** As `remember`, where the work goes on without: a process with our labels is found again all the same. */
  #note(part: Partial<WorkloadRecord>): void {
    try {
      this.#remember(part);
    } catch (error) {
      this.#context.problem(error);
    }
  }

  #remember(part: Partial<WorkloadRecord>): void {
    this.#record = { ...this.#record, ...part };
    writeJson(recordFile(this.#context.place.directory), this.#record);
  }
}

/** SIGTERM to the process; at the deadline SIGKILL to its whole group. @throws `STOP_TIMEOUT` */
export async function terminate(identity: ProcessIdentity, deadlineMs: number): Promise<void> {
  const gone = () => (isRunning(identity) ? undefined : true);
  signal(identity, 'SIGTERM');
  if (await poll(gone, { deadlineMs })) return;
  signalGroup(identity, 'SIGKILL');
  if (await poll(gone, { deadlineMs: 10_000 })) return;
  throw new HostingError('STOP_TIMEOUT', `Process ${identity.pid} did not end after SIGKILL.`);
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

function ignoreAbort(error: unknown): void {
  if (errnoOf(error) !== 'ABORT_ERR') throw error;
}
