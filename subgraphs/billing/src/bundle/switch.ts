import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents } from '@dotmac/platform';
import {
  type Bundle,
  ConflictError,
  NotFoundError,
  StalePlanError,
  type TenantEvents,
  ValidationError,
} from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { type Account, expectCharge, lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { effectiveVersionId, type Plan, plansById } from '../catalogue/store.ts';
import { accountOfTenant } from '../metering/store.ts';
import { previewAccount, rolledBack } from '../preview/preview.ts';
import { type AccountPreview, previewFingerprint } from '../preview/rules.ts';
import { type Act, occurred } from '../run/issue.ts';
import { appendServiceEvent } from '../service-line/store.ts';
import { paidFrom } from './rules.ts';
import { bundleLineId, lastOfBundle, planOfBundle, runningBundles } from './store.ts';

export interface SwitchRequest {
  readonly tenantId: string;
  readonly bundle: Bundle;
  readonly on: boolean;
}

/** What a switch would do, and the fingerprint that APPLY must bring back. */
export interface SwitchPlan {
  readonly plan: Plan;
  /** The first day that is paid for, or is not any more, ISO. */
  readonly from: string;
  readonly preview: AccountPreview;
  readonly fingerprint: string;
}

/**
 * Writes that a bundle begins or ends today, for a customer whose account is locked. It is there, or gone, at once; what
 * is charged begins after a trial that covers it.
 * @returns the first day that is paid for, or is not any more.
 * @throws ConflictError BUNDLE_STATE when it is so already
 */
async function writeSwitch(
  transaction: Transaction<TenantDatabase>,
  account: Account,
  planId: string,
  on: boolean,
  act: Act,
): Promise<string> {
  const { customerId } = account;
  const last = await lastOfBundle(transaction, customerId, planId);
  const runs = last !== undefined && last.type !== 'cancel';
  if (runs === on)
    throw new ConflictError('BUNDLE_STATE', runs ? 'The bundle runs already' : 'The bundle does not run');
  const wanted = on ? paidFrom(act.today, account) : act.today;
  // What ends before it was to be paid for costs nothing: it ends on that very day.
  const from = last !== undefined && last.effectiveOn > wanted ? last.effectiveOn : wanted;
  await appendServiceEvent(transaction, {
    serviceLineId: bundleLineId(customerId, planId),
    customerId,
    type: on ? 'start' : 'cancel',
    effectiveOn: from,
    planId: on ? planId : null,
    planVersionId: on ? await effectiveVersionId(transaction, planId, from) : null,
    sourcePosition: null,
  });
  await expectCharge(transaction, customerId, from);
  await tell(transaction, account, act);
  return from;
}

/** Tells which bundles the ISP has from now on: all of them, so that the last word alone matters. */
async function tell(
  transaction: Transaction<TenantDatabase>,
  { customerId, tenantId }: Account,
  act: Act,
): Promise<void> {
  if (tenantId === null) return;
  const bundles = await runningBundles(transaction, customerId);
  await appendEvents<TenantEvents>(transaction, [
    {
      type: 'platform.bundles.changed',
      subject: customerId,
      payload: { customerId, tenantId, bundles },
      ...occurred(act),
    },
  ]);
}

/** Begins or ends a plan of the kind BUNDLE for a customer, today. @throws ValidationError, NotFoundError, ConflictError */
export async function switchPlan(
  { database }: BillingServices,
  { customerId, planId, on }: { readonly customerId: string; readonly planId: string; readonly on: boolean },
  act: Act,
): Promise<Account> {
  return database.transaction().execute(async (transaction) => {
    const account = await lockedAccount(transaction, customerId);
    if (account === null) throw new NotFoundError('Customer', customerId);
    const [plan] = await plansById(transaction, [planId]);
    if (plan?.kind !== 'BUNDLE') throw new ValidationError('input.planId', 'This is not a bundle');
    await writeSwitch(transaction, account, planId, on, act);
    return (await lockedAccount(transaction, customerId)) as Account;
  });
}

async function attempt(
  transaction: Transaction<TenantDatabase>,
  { tenantId, bundle, on }: SwitchRequest,
  act: Act,
): Promise<SwitchPlan> {
  const found = await accountOfTenant(transaction, tenantId);
  const account = found === null ? null : await lockedAccount(transaction, found.customerId);
  if (account === null) throw new NotFoundError('PlatformAccount', tenantId);
  const plan = await planOfBundle(transaction, bundle);
  if (plan === null) throw new ConflictError('BUNDLE_NOT_SOLD', `The operator does not sell ${bundle}`);
  const from = await writeSwitch(transaction, account, plan.id, on, act);
  const preview = await previewAccount(transaction, account.customerId, act.today);
  return {
    plan,
    from,
    preview,
    fingerprint: previewFingerprint(['bundle', tenantId, bundle, on, from], preview),
  };
}

/** What a switch would cost or give back. Writes nothing. @throws NotFoundError, ConflictError */
export const planSwitch = (
  services: BillingServices,
  request: SwitchRequest,
  act: Act,
): Promise<SwitchPlan> => rolledBack(services.database, (transaction) => attempt(transaction, request, act));

/** Does what the plan with this fingerprint said. @throws StalePlanError, and what `planSwitch` throws */
export async function applySwitch(
  services: BillingServices,
  request: SwitchRequest,
  fingerprint: string,
  act: Act,
): Promise<SwitchPlan> {
  return services.database.transaction().execute(async (transaction) => {
    const done = await attempt(transaction, request, act);
    if (done.fingerprint !== fingerprint) throw new StalePlanError();
    return done;
  });
}
