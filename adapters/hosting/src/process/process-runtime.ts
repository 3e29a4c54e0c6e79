import { EventEmitter, on } from 'node:events';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isRoot } from '../account.ts';
import { concurrently } from '../concurrently.ts';
import { errnoOf, HostingError, writingState } from '../error.ts';
import type { HostingContext } from '../hosting-context.ts';
import type {
  LogLine,
  Observed,
  RuntimeEvent,
  TenantId,
  TenantRuntime,
  WorkloadRef,
  WorkloadSpec,
} from '../port.ts';
import { specHash } from '../port.ts';
import { createSerialiser } from '../serialiser.ts';
import { checkSpec, checkTenantId } from '../spec-check.ts';
import { epochOf, passFence } from '../state/fence.ts';
import type { HostingPaths } from '../state/paths.ts';
import { tenantAccount } from '../state/tenant-account.ts';
import { passTombstone } from '../state/tombstone.ts';
import { findLabelled, type LabelledProcess } from './labels.ts';
import { endpointsOf } from './launch.ts';
import { readCurrent, readRotated } from './log-files.ts';
import { isRunning, type ProcessIdentity } from './process-identity.ts';
import { readRecord, terminate, Workload, type WorkloadContext, type WorkloadRecord } from './workload.ts';

const FOLLOW_INTERVAL_MS = 200;
const STRAY_GRACE_MS = 10_000;

/** The process driver, and what its owner does with it beside the port. */
export interface ProcessRuntime extends TenantRuntime {
  /** Starts what should run and does not; `ensure` does the same for one. */
  resume(): Promise<void>;
  /** Stops supervising; the workloads run on. */
  release(): Promise<void>;
  /** Ends every workload; the next supervisor starts them again. */
  suspendAll(): Promise<void>;
}

/**
 * Runs each workload as a detached child process of its own, under the tenant's account when we are root.
 * Workloads that an earlier supervisor left running are adopted; `resume` starts those that have ended.
 */
export async function openProcessRuntime(context: HostingContext): Promise<ProcessRuntime> {
  const { paths, owner, clock } = context;
  const workloads = new Map<string, Workload>();
  const events = new EventEmitter().setMaxListeners(0);
  const serialise = createSerialiser();

  const publish = (event: RuntimeEvent) => events.emit('event', event);
  const contextOf = (ref: WorkloadRef): WorkloadContext => ({
    place: {
      owner,
      directory: paths.workload(ref),
      stateDirectory: paths.componentState(ref),
      socketDirectory: paths.socketDirectory(keyOf(ref)),
      account: tenantAccount(paths.accounts, ref.tenant),
      codeCacheSeed: context.codeCacheSeed,
    },
    clock,
    resolveSecret: context.resolveSecret,
    epoch: () => epochOf(paths, ref.tenant),
    changed: (observed) => publish({ kind: 'CHANGED', observed }),
    problem: context.onProblem,
  });
  const known = (ref: WorkloadRef): Workload => {
    const workload = workloads.get(keyOf(ref));
    if (workload === undefined) throw new HostingError('NOT_FOUND', `There is no workload ${keyOf(ref)}.`);
    return workload;
  };
  const ofTenant = (tenant: TenantId) => [...workloads.values()].filter(({ spec }) => spec.tenant === tenant);
  const change = <T>(ref: WorkloadRef, work: () => Promise<T>) =>
    serialise(keyOf(ref), () => writingState(paths.root, work));

  const labelled = new Map(findLabelled(owner).map((found) => [keyOf(found), found]));
  const ours = [...readRecords(paths.tenants)].filter((record) => record.owner === owner);
  await concurrently(ours, 4, (record) => {
    const found = labelled.get(keyOf(record.spec));
    return reopen(record, found?.specHash === record.specHash ? found.identity : undefined);
  });
  /** Processes with our label whose folder is gone: shown in the list, ended by `destroy`. */
  const strays = new Map([...labelled].filter(([key]) => !workloads.has(key)));

  async function reopen(record: WorkloadRecord, found: ProcessIdentity | undefined): Promise<void> {
    const identity = found ?? record.process;
    const workload = new Workload(contextOf(record.spec), { ...record, process: identity });
    workloads.set(keyOf(record.spec), workload);
    if (record.desired === 'STOPPED') return workload.end(record.spec.gracePeriodMs);
    if (identity !== undefined && isRunning(identity)) await workload.start();
  }

  return {
    kind: 'process',

    async capabilities() {
      return {
        isolation: isRoot() ? 'uid' : 'user',
        memoryLimit: false,
        liveResize: false,
        sourceIpPreserved: true,
        networkPolicy: false,
        restartsAlone: false,
        multiHost: false,
      };
    },

    async ensure(spec, fence) {
      checkSpec(spec);
      return change(spec, async () => {
        passFence(paths, spec.tenant, fence);
        const workload =
          workloads.get(keyOf(spec)) ?? new Workload(contextOf(spec), Workload.recordOf(owner, spec));
        if (workload.specHash !== specHash(spec)) throw conflict(spec);
        await workload.start();
        workloads.set(keyOf(spec), workload);
        return workload.observed();
      });
    },

    async observe(tenant) {
      return ofTenant(tenant).map((workload) => workload.observed());
    },

    async *list() {
      for (const workload of workloads.values()) yield workload.observed();
      for (const stray of strays.values()) if (isRunning(stray.identity)) yield observedStray(stray, paths);
    },

    async *watch(signal) {
      try {
        for await (const [event] of on(events, 'event', { signal })) yield event;
      } catch (error) {
        if (errnoOf(error) !== 'ABORT_ERR') throw error;
      }
    },

    async route(tenant, component) {
      const [newest] = ofTenant(tenant)
        .filter(({ spec, state }) => spec.component === component && state === 'READY')
        .sort((a, b) => b.spec.generation - a.spec.generation);
      return newest === undefined ? [] : endpointsOf(newest.spec, paths.socketDirectory(keyOf(newest.spec)));
    },

    drain: (ref, fence, deadlineMs) =>
      change(ref, async () => {
        const workload = known(ref);
        passFence(paths, ref.tenant, fence);
        workload.drain();
        await workload.end(deadlineMs);
      }),

    stop: (ref, fence) =>
      change(ref, async () => {
        const workload = known(ref);
        passFence(paths, ref.tenant, fence);
        await workload.end(workload.spec.gracePeriodMs);
      }),

    async destroy(ref, fence, tombstone) {
      checkTenantId(ref.tenant);
      return change(ref, async () => {
        passFence(paths, ref.tenant, fence);
        await passTombstone(context.findTombstone, clock, ref.tenant, tombstone);
        const workload = workloads.get(keyOf(ref));
        const stray = strays.get(keyOf(ref));
        await workload?.end(workload.spec.gracePeriodMs);
        if (stray !== undefined) await terminate(stray.identity, STRAY_GRACE_MS);
        workloads.delete(keyOf(ref));
        strays.delete(keyOf(ref));
        rmSync(paths.workload(ref), { recursive: true, force: true });
        rmSync(paths.socketDirectory(keyOf(ref)), { recursive: true, force: true });
        if (workload !== undefined) publish({ kind: 'REMOVED', observed: workload.observed() });
      });
    },

    async *logs(ref, { since, follow = false }) {
      known(ref);
      const directory = join(paths.workload(ref), 'log');
      const wanted = ({ at }: LogLine) => since === undefined || at === undefined || at >= since.getTime();
      for (const text of readRotated(directory)) {
        const line = logLine(ref, text);
        if (wanted(line)) yield line;
      }
      let offset = 0;
      do {
        const read = readCurrent(directory, offset);
        offset = read.offset;
        yield* read.lines.map((text) => logLine(ref, text)).filter(wanted);
        if (follow) await delay(FOLLOW_INTERVAL_MS);
      } while (follow && workloads.has(keyOf(ref)));
    },

    async resume() {
      const ended = [...workloads.values()].filter(({ desired }) => desired === 'RUNNING');
      await concurrently(ended, 4, (workload) =>
        change(workload.spec, () => workload.start()).catch(context.onProblem),
      );
    },

    async suspendAll() {
      await concurrently([...workloads.values()], 16, (workload) =>
        change(workload.spec, () => workload.suspend(workload.spec.gracePeriodMs)),
      );
    },

    async release() {
      await Promise.all([...workloads.values()].map((workload) => workload.release()));
    },
  };
}

function keyOf({ tenant, component, generation }: WorkloadRef): string {
  return `dm-${tenant}-${component}-${generation}`;
}

function observedStray({ identity, ...stray }: LabelledProcess, paths: HostingPaths): Observed {
  return {
    tenant: stray.tenant,
    component: stray.component,
    generation: stray.generation,
    specHash: stray.specHash,
    release: 'unknown',
    state: 'UNREADY',
    epoch: epochOf(paths, stray.tenant),
    restarts: 0,
    pid: identity.pid,
  };
}

function conflict(spec: WorkloadSpec): HostingError {
  return new HostingError(
    'GENERATION_CONFLICT',
    `${keyOf(spec)} runs with another spec. A generation never changes: raise it to ${spec.generation + 1} or more.`,
  );
}

function logLine({ tenant, component, generation }: WorkloadRef, text: string): LogLine {
  const time = /^\{.*?"time":(\d+)/.exec(text)?.[1];
  return { tenant, component, generation, text, ...(time !== undefined && { at: Number(time) }) };
}

function* readRecords(tenants: string): Generator<WorkloadRecord> {
  for (const tenant of entriesOf(tenants)) {
    const workloads = join(tenants, tenant, 'workloads');
    for (const name of entriesOf(workloads)) {
      const record = readRecord(join(workloads, name));
      if (record !== undefined) yield record;
    }
  }
}

function entriesOf(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}
