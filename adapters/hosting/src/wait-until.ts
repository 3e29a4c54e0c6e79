import { HostingError } from './error.ts';
import type { Observed, TenantRuntime, WorkloadRef, WorkloadState } from './port.ts';

/**
 * Waits until a workload is in a state.
 * @throws HostingError `START_TIMEOUT` naming the state it was in, and how it last ended.
 */
export async function waitUntil(
  runtime: TenantRuntime,
  ref: WorkloadRef,
  state: WorkloadState,
  deadlineMs: number,
): Promise<Observed> {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(deadlineMs)]);
  const isRef = (seen: Observed) => seen.component === ref.component && seen.generation === ref.generation;
  // Listen before looking, so that a change between the two is not missed.
  const events = runtime.watch(signal)[Symbol.asyncIterator]();
  let next = events.next();
  try {
    for (;;) {
      const seen = (await runtime.observe(ref.tenant)).find(isRef);
      if (seen?.state === state) return seen;
      const { done, value } = await next;
      if (done) throw late(ref, state, deadlineMs, seen);
      // What was may be over already, such as the wait before a restart at once.
      if (
        value.kind === 'CHANGED' &&
        value.observed.tenant === ref.tenant &&
        isRef(value.observed) &&
        value.observed.state === state
      )
        return value.observed;
      next = events.next();
    }
  } finally {
    stop.abort();
    await next;
  }
}

/** Waits until a workload may receive requests. See `waitUntil`. */
export function waitUntilReady(
  runtime: TenantRuntime,
  ref: WorkloadRef,
  deadlineMs: number,
): Promise<Observed> {
  return waitUntil(runtime, ref, 'READY', deadlineMs);
}

function late(ref: WorkloadRef, state: WorkloadState, deadlineMs: number, seen: Observed | undefined) {
  const { tenant, component, generation } = ref;
  const exit = seen?.lastExit && ` (last end: ${JSON.stringify(seen.lastExit)})`;
  return new HostingError(
    'START_TIMEOUT',
    `Workload ${component} ${generation} of tenant ${tenant} is ${seen?.state ?? 'absent'} after ${deadlineMs} ms, not ${state}${exit ?? ''}.`,
  );
}
