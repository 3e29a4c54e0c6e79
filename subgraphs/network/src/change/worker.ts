import { setTimeout as wait } from 'node:timers/promises';
import { DeviceError, type OperationContext, type Verification } from '@dotmac/device';
import { appendEvents, type JobHandler } from '@dotmac/platform';
import type { AccessChangeState, TenantEvents } from '@dotmac/schema';
import type { LoginPolicy } from '../aaa/policy.ts';
import { type Access, accessesByService } from '../access/store.ts';
import type { NetworkServices } from '../builder.ts';
import type { AccessEnforcement, OpenMeans, Prospect } from './enforcement.ts';
import { changeQueue, progressEvent } from './events.ts';
import { ladder, mostAttempts } from './rules.ts';
import {
  type AccessChange,
  appendSteps,
  beginAttempt,
  pendingChange,
  progressChange,
  servicesWithPendingChange,
} from './store.ts';

const defaultSettle = [0, 250, 1_000, 2_500];

/** Before the second run of a change whose device was silent; doubled before each further one. */
const defaultRetry = 1_000;

/** Not done, but worth another try after a pause. */
const tryAgain = Symbol('try again');

export interface ChangeWorkerOptions {
  readonly services: NetworkServices;
  readonly enforcement: AccessEnforcement;
  readonly policy: LoginPolicy;
  readonly settleMilliseconds?: readonly number[] | undefined;
  readonly retryMilliseconds?: number | undefined;
}

/** How one run of a change ended. */
interface Ending {
  readonly state: AccessChangeState;
  readonly evidence: string;
}

/** Works off access changes: reads back what is, brings what is wanted, reads back again. */
export function changeWorker(options: ChangeWorkerOptions): JobHandler<{ serviceId: string }> {
  const busy = new Map<string, Promise<void>>();
  return {
    queue: changeQueue,
    tries: mostAttempts,
    concurrency: 8,
    // Two jobs of one service follow each other: each would see half of what the other does.
    async run({ serviceId }, signal) {
      const before = busy.get(serviceId) ?? Promise.resolve();
      const mine = before.then(() => settleService(options, serviceId, signal));
      const quiet = mine.catch(() => {
        // The job has the error; the next of this service starts afresh.
      });
      busy.set(serviceId, quiet);
      try {
        await mine;
      } finally {
        if (busy.get(serviceId) === quiet) busy.delete(serviceId);
      }
    },
  };
}

/**
 * Jobs that a killed process held come back only when they expire, and pauses between runs live in the process: at its
 * start the changes that are on their way are taken up.
 */
export async function resumeChanges({ database, jobs }: NetworkServices): Promise<void> {
  for (const serviceId of await servicesWithPendingChange(database)) {
    await jobs.enqueue(database as never, changeQueue, { serviceId });
  }
}

/** Brings the newest change of a service to an end; one that comes meanwhile is taken up too. */
async function settleService(
  options: ChangeWorkerOptions,
  serviceId: string,
  signal: AbortSignal,
): Promise<void> {
  const { database } = options.services;
  for (;;) {
    const pending = await pendingChange(database, serviceId);
    const change = pending === null ? null : await beginAttempt(database, pending.id);
    if (change === null) return;
    const [access] = await accessesByService(database, [serviceId]);
    if (access === undefined) return;
    // The next login must agree with what the devices are about to be told.
    await options.policy.refresh([serviceId]);
    const ending = await attempt(options, change, access, signal).catch((error: unknown) => {
      if (signal.aborted || change.attempts < mostAttempts) throw error;
      options.services.logger.error({ error, serviceId }, 'a change of access failed');
      return { state: 'FAILED', evidence: 'Something went wrong on our side; see the log' } as const;
    });
    if (ending === tryAgain) return runLater(options, change);
    if (ending !== null) await progress(options.services, change.id, ending);
  }
}

function runLater(
  { services, retryMilliseconds = defaultRetry }: ChangeWorkerOptions,
  change: AccessChange,
): void {
  const { serviceId, attempts } = change;
  const enqueue = () => {
    services.jobs.enqueue(services.database as never, changeQueue, { serviceId }).catch((error: unknown) => {
      services.logger.warn({ error, serviceId }, 'a change waits for the next start of the process');
    });
  };
  setTimeout(enqueue, retryMilliseconds * 2 ** (attempts - 1)).unref();
}

/** @returns null when a newer change has taken its place. */
async function attempt(
  { services, enforcement, settleMilliseconds = defaultSettle }: ChangeWorkerOptions,
  change: AccessChange,
  access: Access,
  signal: AbortSignal,
): Promise<Ending | typeof tryAgain | null> {
  const context = enforcement.context(signal, 'provision', change.id);
  const wanted: Access = { ...access, mode: change.mode, shaping: change.shaping };
  try {
    let prospect = await enforcement.prospect(wanted, context, change);
    if (prospect === null)
      return { state: 'VERIFIED', evidence: 'No speed is known yet, so nobody can log in' };
    let dropped = false;
    const readBack = async (of: Prospect) => {
      // The address of a session that was ended may be somebody else's by now.
      const now = dropped ? await enforcement.prospect(wanted, context, change) : null;
      prospect = now === null ? of : { ...now, means: of.means };
      return check(services, enforcement, change, prospect, context);
    };
    // After a crash nobody knows how far it came: look before doing anything.
    if (change.attempts > 1) {
      const before = await readBack(prospect);
      if (before?.state === 'VERIFIED') return ended(before);
    }
    let seen: Verification | null = null;
    let unanswered = false;
    for (const means of ladder(prospect.means, change.mode)) {
      const carried = await carryOut(services, change, means, prospect, context);
      if (carried === 'SUPERSEDED') return null;
      dropped ||= carried === 'DROPPED';
      unanswered ||= carried === 'UNANSWERED';
      for (const pause of carried === 'NOTHING_TO_DO' ? [0] : settleMilliseconds) {
        await wait(pause, undefined, { signal });
        seen = await readBack(prospect);
        if (seen?.state === 'VERIFIED') return ended(seen);
      }
      if (seen?.state === 'UNVERIFIED') break;
    }
    if (seen === null) return nobodyToAsk(prospect);
    // Silence is no answer: it is asked again, as often as there are attempts.
    if (unanswered && seen.state === 'UNVERIFIED' && change.attempts < mostAttempts)
      return await again(services, change, seen.evidence);
    return ended(seen);
  } catch (error) {
    // A process that shuts down is no failure of the device.
    if (!(error instanceof DeviceError) || signal.aborted) throw error;
    const evidence = `${error.code}: ${error.message}`;
    if (!error.retryable || change.attempts >= mostAttempts) return { state: 'FAILED', evidence };
    return again(services, change, evidence);
  }
}

/** Keeps why this run did not come through, without a new state. */
async function again(
  { database, clock }: NetworkServices,
  { id }: AccessChange,
  evidence: string,
): Promise<typeof tryAgain> {
  await database
    .transaction()
    .execute((transaction) => progressChange(transaction, { id }, { evidence, at: new Date(clock.now()) }));
  return tryAgain;
}

function ended({ state, evidence }: Verification): Ending {
  return { state, evidence };
}

function nobodyToAsk({ live, means }: Prospect): Ending {
  if (means.length > 0)
    return { state: 'FAILED', evidence: 'No way to this access device can bring the change' };
  return {
    state: 'UNVERIFIED',
    evidence:
      live === null ? 'No session is known; the next login brings it' : 'The access device cannot be asked',
  };
}

/** `DROPPED`: sent, and the session ends with it. */
type Carried = 'NOTHING_TO_DO' | 'SENT' | 'DROPPED' | 'UNANSWERED' | 'SUPERSEDED';

/** Plans and applies with one means. */
async function carryOut(
  services: NetworkServices,
  change: AccessChange,
  means: OpenMeans,
  { desired }: Prospect,
  context: OperationContext,
): Promise<Carried> {
  const { protocol, session } = means;
  const { database, clock } = services;
  const plan = await session.plan(desired, context);
  const at = new Date(clock.now());
  await appendSteps(
    database,
    change.id,
    plan.steps.map(({ ref, native, after }) => ({
      at,
      kind: 'PLAN' as const,
      protocol,
      subject: ref,
      command: native,
      ok: true,
      message: after ?? '',
    })),
  );
  if (plan.steps.length === 0) return 'NOTHING_TO_DO';
  if ((await pendingChange(database, change.serviceId))?.id !== change.id) return 'SUPERSEDED';
  const { outcome, steps } = await session.apply(plan, context);
  const appliedAt = new Date(clock.now());
  await appendSteps(
    database,
    change.id,
    steps.map(({ ref, ok, message }) => ({
      at: appliedAt,
      kind: 'APPLY' as const,
      protocol,
      subject: ref,
      command: null,
      ok,
      message,
    })),
  );
  const still = await progress(services, change.id, {
    state: 'APPLIED',
    evidence: `${protocol}: ${outcome}`,
  });
  if (!still) return 'SUPERSEDED';
  if (outcome === 'unknown') return 'UNANSWERED';
  return plan.risk === 'session-drop' && outcome === 'applied' ? 'DROPPED' : 'SENT';
}

async function check(
  services: NetworkServices,
  enforcement: AccessEnforcement,
  change: AccessChange,
  { means, desired }: Prospect,
  context: OperationContext,
): Promise<Verification | null> {
  const seen = await enforcement.verify(means, desired, context);
  if (seen === null) return null;
  await appendSteps(services.database, change.id, [
    {
      at: new Date(seen.observedAt),
      kind: 'VERIFY',
      protocol: seen.protocol,
      subject: seen.source,
      command: null,
      ok: seen.state === 'VERIFIED',
      message: `${seen.state}: ${seen.evidence}`,
    },
  ]);
  return seen;
}

/** @returns false when the change is no longer on its way. */
async function progress(services: NetworkServices, id: string, ending: Ending): Promise<boolean> {
  const now = services.clock.now();
  return services.database.transaction().execute(async (transaction) => {
    const change = await progressChange(transaction, { id }, { ...ending, at: new Date(now) });
    if (change === null) return false;
    await appendEvents<TenantEvents>(transaction, [progressEvent(change, now)]);
    return true;
  });
}
