import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, newId } from '@dotmac/platform';
import {
  ConflictError,
  NotFoundError,
  StalePlanError,
  type TenantEvents,
  ValidationError,
} from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { expectCharge, lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { formatDay } from '../calendar/rules.ts';
import { plansById } from '../catalogue/store.ts';
import { leaveContract, leavingFee } from '../contract/leave.ts';
import type { Explanation } from '../explanation/rules.ts';
import { periodContaining } from '../period/rules.ts';
import { previewAccount, rolledBack } from '../preview/preview.ts';
import { type AccountPreview, previewFingerprint } from '../preview/rules.ts';
import { type Act, occurred } from '../run/issue.ts';
import { dayOfText } from '../run/run.ts';
import { historiesOfLines, type LineHistory } from '../service-line/histories.ts';
import { lineAccruals } from '../service-line/rules.ts';
import { appendServiceEvent, currentVersions } from '../service-line/store.ts';
import {
  dueChanges,
  insertPlanChange,
  type PlanChange,
  scheduledChanges,
  updatePlanChange,
  versionOnSale,
} from './store.ts';

export interface ChangeRequest {
  readonly serviceId: string;
  readonly planId: string;
  readonly when: ChangeTime;
}

/** Today, with the next period, or on a local day (ISO): one that is over is billed again from there, one to come is scheduled. */
export type ChangeTime = 'now' | 'periodEnd' | { readonly on: string };

export interface ChangePlan {
  readonly customerId: string;
  readonly currency: string;
  /** The first day by the new plan, ISO. */
  readonly on: string;
  readonly preview: AccountPreview;
  /** Of a contract that a cheaper plan leaves; null when none does. */
  readonly earlyTermination: { readonly amount: bigint; readonly explanation: Explanation } | null;
  readonly fingerprint: string;
}

/** Writes the change as if it had happened: for a transaction that takes it back. */
async function write(
  transaction: Transaction<TenantDatabase>,
  services: Pick<BillingServices, 'clock'>,
  { serviceId, planId, when }: ChangeRequest,
  act: Act,
): Promise<ChangePlan> {
  const [history] = await historiesOfLines(transaction, [serviceId]);
  if (history === undefined) throw new NotFoundError('Service', serviceId);
  const { customerId } = history;
  const account = await lockedAccount(transaction, customerId);
  if (account === null) throw new NotFoundError('Service', serviceId);
  const today = dayOfText(act.today);
  const accrued = lineAccruals(history.events, {
    anchorDay: account.anchorDay ?? 1,
    currency: account.currency,
  });
  if (!accrued.ok) throw new ConflictError('CANNOT_BE_BILLED', accrued.message);
  const accrual = accrued.accruals.find(({ to }) => today < to);
  if (accrual === undefined) throw new ConflictError('SERVICE_ENDED', 'The service is not charged any more');
  const on = dayOfChange(when, act.today, () =>
    formatDay(periodContaining(accrual.grid, Math.max(today, accrual.from)).to),
  );
  checkDay(on, history.events);
  const [plan] = await plansById(transaction, [planId]);
  if (plan?.kind !== 'ACCESS') throw new ValidationError('input.planId', 'This is not an access plan');
  const version = await versionOnSale(transaction, planId, on);
  if (version === null) throw new ValidationError('input.planId', `The plan is not on sale on ${on}`);
  if (version.currency !== account.currency)
    throw new ValidationError(
      'input.planId',
      `The plan is in ${version.currency}, the account in ${account.currency}`,
    );
  const [current] = await currentVersions(transaction, [serviceId]);
  if (current?.version.planId === planId)
    throw new ConflictError('SAME_PLAN', 'The service is on this plan already');
  const [scheduled] = await scheduledChanges(transaction, [serviceId]);
  if (scheduled !== undefined)
    throw new ConflictError(
      'CHANGE_SCHEDULED',
      `A change is scheduled for ${scheduled.onDay}: cancel it first`,
    );
  const leaving =
    current === undefined ? null : await leavingFee(transaction, serviceId, current.version, version, on);
  if (leaving !== null) await leaveContract(transaction, services, leaving.contract, on);
  await appendServiceEvent(transaction, {
    serviceLineId: serviceId,
    customerId,
    type: 'change',
    effectiveOn: on,
    planId,
    planVersionId: version.id,
    sourcePosition: null,
  });
  await expectCharge(transaction, customerId, act.today);
  const preview = await previewAccount(transaction, customerId, act.today);
  return {
    customerId,
    currency: account.currency,
    on,
    preview,
    earlyTermination: leaving?.fee ?? null,
    fingerprint: previewFingerprint(['plan', serviceId, planId, on], preview),
  };
}

function dayOfChange(when: ChangeTime, today: string, nextPeriod: () => string): string {
  if (when === 'now') return today;
  return when === 'periodEnd' ? nextPeriod() : when.on;
}

/**
 * What was decided later stays in force: a change takes effect on the day of the last one or after it.
 * @throws ValidationError
 */
function checkDay(on: string, events: LineHistory['events']): void {
  const last = Math.max(...events.filter(({ version }) => version !== null).map((event) => event.on));
  if (dayOfText(on) < last)
    throw new ValidationError(
      'input.on',
      `Since ${formatDay(last)} the service is on its plan: a change begins then or later`,
    );
}

/** What a change would cost now and with the next period. Writes nothing. @throws ValidationError, NotFoundError, ConflictError */
export const previewChange = (
  services: BillingServices,
  request: ChangeRequest,
  act: Act,
): Promise<ChangePlan> =>
  rolledBack(services.database, (transaction) => write(transaction, services, request, act));

/**
 * Orders the change of the preview with this fingerprint: at once, or on the first day of the next period.
 * @throws StalePlanError, and what `previewChange` throws.
 */
export async function confirmChange(
  services: BillingServices,
  request: ChangeRequest,
  fingerprint: string,
  act: Act,
): Promise<PlanChange> {
  return services.database
    .transaction()
    .execute((transaction) => confirmChangeIn(transaction, services, request, fingerprint, act));
}

/**
 * The same in the transaction of what the change goes with; null for a fingerprint takes the change as it is now.
 * @throws what `confirmChange` throws.
 */
export async function confirmChangeIn(
  transaction: Transaction<TenantDatabase>,
  services: Pick<BillingServices, 'clock'>,
  request: ChangeRequest,
  fingerprint: string | null,
  act: Act,
): Promise<PlanChange> {
  const { serviceId, planId } = request;
  const [history] = await historiesOfLines(transaction, [serviceId]);
  if (history === undefined) throw new NotFoundError('Service', serviceId);
  await lockedAccount(transaction, history.customerId);
  // Computed again under the lock, and taken back: the change itself is what subscribers says about it.
  const plan = await rolledBack(transaction, (tried) => write(tried, services, request, act));
  if (fingerprint !== null && plan.fingerprint !== fingerprint) throw new StalePlanError();
  const { customerId, on } = plan;
  const isDue = on <= act.today;
  const change = await insertPlanChange(transaction, {
    id: newId('pch', services.clock),
    serviceLineId: serviceId,
    customerId,
    planId,
    onDay: on,
    state: isDue ? 'ordered' : 'scheduled',
    confirmedBy: act.actor,
    confirmedAt: new Date(act.now),
  });
  if (isDue) await order(transaction, change, act);
  return change;
}

async function order(
  transaction: Transaction<TenantDatabase>,
  { serviceLineId: serviceId, customerId, planId, onDay: on }: PlanChange,
  act: Act,
): Promise<void> {
  await appendEvents<TenantEvents>(transaction, [
    {
      type: 'service.plan.change.ordered',
      subject: serviceId,
      payload: { serviceId, customerId, planId, on },
      ...occurred(act),
    },
  ]);
}

/** Every day before billing: the changes whose day has come. */
export async function orderDueChanges(transaction: Transaction<TenantDatabase>, act: Act): Promise<void> {
  for (const change of await dueChanges(transaction, act.today)) {
    await updatePlanChange(transaction, change.id, 'ordered');
    await order(transaction, change, act);
  }
}

/** @throws NotFoundError when no change of the service is scheduled. */
export async function cancelChange(services: BillingServices, serviceId: string): Promise<PlanChange> {
  return services.database.transaction().execute(async (transaction) => {
    const [change] = await scheduledChanges(transaction, [serviceId]);
    if (change === undefined) throw new NotFoundError('scheduled change of Service', serviceId);
    await lockedAccount(transaction, change.customerId);
    await updatePlanChange(transaction, change.id, 'cancelled');
    return { ...change, state: 'cancelled' };
  });
}
