import { createHash } from 'node:crypto';
import type { TenantDatabase } from '@dotmac/migrations';
import { NotFoundError, StalePlanError, ValidationError } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { canonicalJson } from '../numbering/rules.ts';
import { rolledBack } from '../preview/preview.ts';
import type { Act } from '../run/issue.ts';
import { dayOfText } from '../run/run.ts';
import { loadSnapshots } from '../run/store.ts';
import { usageLines } from './rules-usage.ts';
import { accountOfTenant, insertRestatement, standingDay, type TenantDayRestatement } from './store.ts';

/** What was wrong with a count: ids of the ISP's customers, and the proof of who counts now. */
export interface RestateRequest {
  readonly tenantId: string;
  /** Local day, ISO. */
  readonly localDate: string;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly digest: string;
  readonly because: string;
}

export interface RestatePlan {
  readonly before: number;
  readonly restatement: TenantDayRestatement;
  /** Net, minor units: what the next invoice carries of its month; null while that is not billed. */
  readonly difference: { readonly minor: bigint; readonly currency: string } | null;
  readonly fingerprint: string;
}

/** What a restatement would change. Writes nothing. @throws ValidationError, NotFoundError */
export const planRestatement = (
  { database, clock }: Pick<BillingServices, 'database' | 'clock'>,
  request: RestateRequest,
  act: Act,
): Promise<RestatePlan> =>
  rolledBack(database, (transaction) => restate(transaction, request, { act, now: clock.now() }));

/** Writes it beside what was counted. @throws StalePlanError, and what `planRestatement` throws. */
export async function applyRestatement(
  { database, clock }: Pick<BillingServices, 'database' | 'clock'>,
  request: RestateRequest,
  fingerprint: string,
  act: Act,
): Promise<RestatePlan> {
  return database.transaction().execute(async (transaction) => {
    const done = await restate(transaction, request, { act, now: clock.now() });
    if (done.fingerprint !== fingerprint) throw new StalePlanError();
    return done;
  });
}

async function restate(
  transaction: Transaction<TenantDatabase>,
  request: RestateRequest,
  { act, now }: { readonly act: Act; readonly now: number },
): Promise<RestatePlan> {
  checkRequest(request);
  const { tenantId, localDate, added, removed, digest, because } = request;
  const account = await accountOfTenant(transaction, tenantId);
  if (account === null) throw new NotFoundError('PlatformAccount', tenantId);
  await lockedAccount(transaction, account.customerId);
  const day = await standingDay(transaction, tenantId, localDate);
  if (day === null) throw new NotFoundError('TenantDay', `${tenantId} ${localDate}`);
  const activeSubscribers = day.activeSubscribers + added.length - removed.length;
  if (activeSubscribers < 0)
    throw new ValidationError(
      'input.removed',
      `${localDate} stands at ${day.activeSubscribers}: ${removed.length} cannot be taken off`,
    );
  const owed = () => billedLate(transaction, account.customerId, localDate, act.today);
  const before = await owed();
  const restatement = await insertRestatement(transaction, {
    tenantId,
    localDate,
    revision: day.revision + 1,
    activeSubscribers,
    added: [...added],
    removed: [...removed],
    digest,
    because,
    restatedBy: act.actor,
    restatedAt: new Date(now),
  });
  const after = await owed();
  const difference =
    before === null || after === null ? null : { minor: after - before, currency: account.currency };
  const said = {
    request: { tenantId, localDate, added, removed, digest, because },
    before: day.activeSubscribers,
    revision: restatement.revision,
    difference: difference === null ? null : difference.minor,
  };
  const fingerprint = createHash('sha256').update(canonicalJson(said)).digest('hex');
  return { before: day.activeSubscribers, restatement, difference, fingerprint };
}

function checkRequest({ added, removed, digest, because }: RestateRequest): void {
  if (because.trim() === '') throw new ValidationError('input.because', 'Say why: the ISP reads it');
  if (added.length + removed.length === 0)
    throw new ValidationError('input.added', 'Name who was missing, or who should not have been counted');
  if (new Set([...added, ...removed]).size !== added.length + removed.length)
    throw new ValidationError('input.removed', 'A customer is named twice');
  if (!/^[0-9a-f]{64}$/.test(digest))
    throw new ValidationError('input.digest', 'A digest is 64 hexadecimal digits in small letters');
}

/** What is still to be billed of the billed month of a day, minor units; null while it is not billed. */
async function billedLate(
  transaction: Transaction<TenantDatabase>,
  customerId: string,
  localDate: string,
  today: string,
): Promise<bigint | null> {
  const [snapshot] = await loadSnapshots(transaction, [customerId]);
  if (snapshot?.usage == null) return null;
  const { usage, anchorDay } = snapshot;
  const day = dayOfText(localDate);
  const covers = (line: { readonly periodFrom: number; readonly periodTo: number }) =>
    line.periodFrom <= day && day < line.periodTo;
  const result = usageLines(usage, anchorDay ?? 1, dayOfText(today));
  if (!result.ok || result.lines.some((line) => covers(line) && line.correction === 0)) return null;
  const isBilled = usage.billed.some(covers) || (usage.settledBefore ?? usage.liveFrom) > day;
  if (!isBilled) return null;
  return result.lines.filter(covers).reduce((sum, line) => sum + line.net, 0n);
}
