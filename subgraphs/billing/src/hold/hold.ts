import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, newId } from '@dotmac/platform';
import { parseDecimal } from '@dotmac/platform/money/decimal';
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
import { termEnd } from '../contract/rules.ts';
import { runningContracts, termOf } from '../contract/store.ts';
import { previewAccount, rolledBack } from '../preview/preview.ts';
import { type AccountPreview, previewFingerprint } from '../preview/rules.ts';
import { type Act, occurred } from '../run/issue.ts';
import { dayOfText } from '../run/run.ts';
import { historiesOfLines } from '../service-line/histories.ts';
import {
  type Hold,
  holdById,
  holdsOfServices,
  holdsToEnforce,
  insertHold,
  unsettle,
  updateHold,
} from './store.ts';

/** Days are local and ISO; `to` is exclusive, null until it is ended. */
export interface HoldRequest {
  readonly serviceId: string;
  readonly from: string;
  readonly to: string | null;
  /** Of the price, decimal text. */
  readonly percent: string;
  readonly extendsContract: boolean;
  readonly because: string;
}

export interface HoldPlan {
  readonly hold: Hold;
  readonly preview: AccountPreview;
  /** The first day after the contract's term, ISO; null without one. */
  readonly contractEndsOn: string | null;
  readonly fingerprint: string;
}

/** More than a year back is a slip of the pen. */
const farthestBack = 366;

async function write(
  transaction: Transaction<TenantDatabase>,
  { clock }: BillingServices,
  request: HoldRequest,
  act: Act,
): Promise<HoldPlan> {
  const { serviceId, from, to, percent, extendsContract, because } = request;
  const [history] = await historiesOfLines(transaction, [serviceId]);
  const started = history?.events.find(({ type }) => type === 'start');
  if (history === undefined || started === undefined) throw new NotFoundError('Service', serviceId);
  const { customerId } = history;
  await lockedAccount(transaction, customerId);
  const [begin, today] = [dayOfText(from), dayOfText(act.today)];
  if (because.trim() === '' || because.length > 500)
    throw new ValidationError('input.because', 'Say why in 1 to 500 characters: it is kept');
  if (!/^\d{1,2}(\.\d{1,6})?$/.test(percent))
    throw new ValidationError('input.percent', `"${percent}" is no percentage from 0 to below 100`);
  if (to !== null && to <= from)
    throw new ValidationError('input.to', `A hold ends after it begins, ${from}, not on ${to}`);
  if (begin < started.on)
    throw new ValidationError('input.from', `The service begins on ${formatDay(started.on)}`);
  if (begin < today - farthestBack)
    throw new ValidationError('input.from', `${from} is more than a year back`);
  const before = await holdsOfServices(transaction, [serviceId]);
  const other = before.find(
    (one) =>
      one.kind === 'customer' &&
      (one.toDay === null || (one.toDay > from && one.toDay > one.fromDay)) &&
      (to === null || one.fromDay < to),
  );
  if (other !== undefined)
    throw new ConflictError(
      'HOLD_OVERLAP',
      `It is on hold from ${other.fromDay} to ${other.toDay ?? 'further notice'}`,
    );
  const hold = await insertHold(transaction, {
    id: newId('hld', clock),
    serviceLineId: serviceId,
    customerId,
    kind: 'customer',
    fromDay: from,
    toDay: to,
    percent: normal(percent),
    extendsContract,
    locked: false,
    because,
    setBy: act.actor,
    setAt: new Date(act.now),
  });
  return planned(
    transaction,
    hold,
    ['hold', serviceId, from, to, normal(percent), extendsContract, because],
    act,
  );
}

const normal = (percent: string): string => {
  const { num, den } = parseDecimal(percent);
  return num === 0n ? '0' : den === 1n ? `${num}` : percent.replace(/0+$/, '');
};

async function planned(
  transaction: Transaction<TenantDatabase>,
  hold: Hold,
  request: readonly (string | boolean | null)[],
  act: Act,
): Promise<HoldPlan> {
  const { customerId, serviceLineId, fromDay } = hold;
  await unsettle(transaction, { id: serviceLineId, customerId }, fromDay);
  // What was billed ahead goes back at once, however far ahead the hold is.
  await expectCharge(transaction, customerId, act.today);
  const preview = await previewAccount(transaction, customerId, act.today);
  const [contract] = await runningContracts(transaction, [serviceLineId]);
  const end = contract === undefined ? undefined : termEnd(termOf(contract), dayOfText(act.today));
  const contractEndsOn = end === undefined ? null : formatDay(end);
  const fingerprint = previewFingerprint([...request, contractEndsOn], preview);
  return { hold, preview, contractEndsOn, fingerprint };
}

/** What a hold would cost and credit. Writes nothing. @throws ValidationError, NotFoundError, ConflictError */
export const planHold = (services: BillingServices, request: HoldRequest, act: Act): Promise<HoldPlan> =>
  rolledBack(services.database, (transaction) => write(transaction, services, request, act));

/** Sets what the plan with this fingerprint showed. @throws StalePlanError, and what `planHold` throws. */
export const applyHold = (
  services: BillingServices,
  request: HoldRequest,
  fingerprint: string,
  act: Act,
): Promise<Hold> =>
  services.database.transaction().execute(async (transaction) => {
    const plan = await write(transaction, services, request, act);
    if (plan.fingerprint !== fingerprint) throw new StalePlanError();
    return (await enforce(transaction, [plan.hold], act))[0] ?? plan.hold;
  });

async function end(
  transaction: Transaction<TenantDatabase>,
  holdId: string,
  on: string,
  act: Act,
): Promise<HoldPlan> {
  const found = await holdById(transaction, holdId);
  if (found === null || found.kind !== 'customer') throw new NotFoundError('ServiceHold', holdId);
  await lockedAccount(transaction, found.customerId);
  if (on < found.fromDay)
    throw new ValidationError(
      'input.on',
      `It begins on ${found.fromDay}; to end it on that day is to take it back`,
    );
  if (found.toDay !== null && on > found.toDay)
    throw new ValidationError('input.on', `It ends on ${found.toDay} already: set another one after it`);
  const hold = await updateHold(transaction, holdId, { toDay: on });
  return planned(transaction, hold, ['end', holdId, on], act);
}

/** What ending a hold on a day (ISO, not on hold any more) would cost. Writes nothing. */
export const planHoldEnd = (
  services: BillingServices,
  holdId: string,
  on: string,
  act: Act,
): Promise<HoldPlan> => rolledBack(services.database, (transaction) => end(transaction, holdId, on, act));

/** @throws StalePlanError, and what the plan throws. */
export const applyHoldEnd = (
  services: BillingServices,
  holdId: string,
  on: string,
  fingerprint: string,
  act: Act,
): Promise<Hold> =>
  services.database.transaction().execute(async (transaction) => {
    const plan = await end(transaction, holdId, on, act);
    if (plan.fingerprint !== fingerprint) throw new StalePlanError();
    return (await enforce(transaction, [plan.hold], act))[0] ?? plan.hold;
  });

/** Asks for the services of these holds to be closed, or opened, as the day says. @returns those that changed. */
async function enforce(
  transaction: Transaction<TenantDatabase>,
  holds: readonly Hold[],
  act: Act,
): Promise<Hold[]> {
  const changed: Hold[] = [];
  for (const hold of holds) {
    const { id, fromDay, toDay, serviceLineId: serviceId, customerId, because } = hold;
    const isOn = fromDay <= act.today && (toDay === null || toDay > act.today);
    if (isOn === hold.locked) continue;
    changed.push(await updateHold(transaction, id, { locked: isOn }));
    await appendEvents<TenantEvents>(transaction, [
      {
        type: isOn ? 'service.hold.began' : 'service.hold.ended',
        subject: serviceId,
        payload: { serviceId, customerId, because },
        ...occurred(act),
      },
    ]);
  }
  return changed;
}

/** Every day: the holds that begin close their services, those that are over open them. */
export async function enforceHolds(transaction: Transaction<TenantDatabase>, act: Act): Promise<void> {
  // What ends comes first: another hold of the service may begin on the same day.
  const due = await holdsToEnforce(transaction, act.today);
  await enforce(
    transaction,
    due.filter(({ locked }) => locked),
    act,
  );
  await enforce(
    transaction,
    due.filter(({ locked }) => !locked),
    act,
  );
}
