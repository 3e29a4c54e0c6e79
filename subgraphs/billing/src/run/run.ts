import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { StalePlanError } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import type { BillingServices } from '../builder.ts';
import { type Day, formatDay, parseDay } from '../calendar/rules.ts';
import type { Draft } from '../document/rules-draft.ts';
import type { IssuedDocument } from '../document/store.ts';
import { billGroup, type Group } from '../payer/rules.ts';
import { dueGroups } from '../payer/store.ts';
import { summarise } from '../payer/summarise.ts';
import { expire } from '../prepaid/expire.ts';
import { type Unaffordable, unaffordable } from '../prepaid/rules.ts';
import { endGrace } from '../prepaid/store.ts';
import type { TaxComponent } from '../tax/rules-types.ts';
import { taxComponents } from '../tax/store.ts';
import { type Act, issueDrafts } from './issue.ts';
import { type AccountSnapshot, type BillResult, fingerprintOf } from './rules.ts';
import { billAlike } from './rules-alike.ts';
import {
  claimDue,
  dueAccounts,
  forgetPlans,
  loadSnapshots,
  lockAccounts,
  lookAgain,
  recordProblems,
  settleAccounts,
} from './store.ts';

/** Accounts per transaction of a mass run: enough to make statements cheap, few enough to keep memory flat. */
const defaultChunkSize = 1_000;

/** What a run stands on. */
export type RunServices = Pick<BillingServices, 'database' | 'clock' | 'logger' | 'tenant'>;

/** An account that could not be billed, and why. */
export interface Problem {
  readonly customerId: string;
  readonly message: string;
}

/** What a run would do, exactly, and the fingerprint that APPLY must bring back. */
export interface RunPlan {
  readonly runDate: string;
  readonly drafts: readonly Draft[];
  readonly problems: readonly Problem[];
  readonly fingerprint: string;
}

export interface RunResult {
  readonly runDate: string;
  readonly documents: number;
  /** Signed sums of what was issued, by currency; minor units. */
  readonly gross: ReadonlyMap<string, bigint>;
  readonly problems: readonly Problem[];
}

/** Components by jurisdiction. */
type Taxes = ReadonlyMap<string, readonly TaxComponent[]>;

interface Computed {
  readonly drafts: Draft[];
  readonly problems: Problem[];
  /** Of customers who pay ahead: what their balance does not buy. */
  readonly unaffordable: Unaffordable[];
  /** Customers who pay ahead, and no longer wait to buy something. */
  readonly bought: string[];
  readonly settled: { customerId: string; nextBillOn: string | null }[];
}

/** `bill` over snapshots; a snapshot that makes the rules throw is a problem of its account, not of the run. */
function compute(snapshots: readonly AccountSnapshot[], runDate: Day, taxes: Taxes): Computed {
  const computed: Computed = { drafts: [], problems: [], unaffordable: [], bought: [], settled: [] };
  const billOne = billAlike(runDate, taxes);
  for (const snapshot of snapshots) {
    const { customerId } = snapshot;
    const result = billSafely(snapshot, billOne);
    if (!result.ok) {
      computed.problems.push({ customerId, message: result.message });
      continue;
    }
    const purchase = unaffordable(result.draft, snapshot.prepaid);
    if (purchase !== undefined) {
      computed.unaffordable.push(purchase);
      continue;
    }
    if (snapshot.prepaid?.unpaidSince != null) computed.bought.push(customerId);
    if (result.draft !== null) computed.drafts.push(result.draft);
    const { nextBillOn } = result;
    computed.settled.push({ customerId, nextBillOn: nextBillOn === null ? null : formatDay(nextBillOn) });
  }
  return computed;
}

function billSafely(
  snapshot: AccountSnapshot,
  billOne: (account: AccountSnapshot) => BillResult,
): BillResult {
  try {
    return billOne(snapshot);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { ok: false, customerId: snapshot.customerId, message: error.message };
  }
}

/** What billing one customer, or everybody who is due, would issue on a run date. Writes nothing. */
export async function planRun(
  services: BillingServices,
  runDate: string,
  customerId: string | null,
): Promise<RunPlan> {
  const ids = await dueAccounts(services.database, runDate, customerId);
  const taxes = await taxComponents(services.database);
  const drafts: Draft[] = [];
  const problems: Problem[] = [];
  for (let at = 0; at < ids.length; at += defaultChunkSize) {
    const snapshots = await loadSnapshots(services.database, ids.slice(at, at + defaultChunkSize));
    const computed = compute(snapshots, dayOfText(runDate), taxes);
    drafts.push(...computed.drafts);
    problems.push(...computed.problems, ...computed.unaffordable.map(expiryOf));
  }
  for (const group of await dueGroups(services.database, runDate, customerId)) {
    const billed = await computeGroup(services.database, group, runDate, taxes);
    drafts.push(...billed.drafts);
    problems.push(...billed.problems);
  }
  return { runDate, drafts, problems, fingerprint: fingerprintOf(drafts) };
}

/**
 * Issues exactly what the plan with this fingerprint said, in one transaction.
 * @throws StalePlanError when the same computation, now under lock, says something else.
 */
export async function applyPlan(
  services: BillingServices,
  plan: { readonly runDate: string; readonly customerId: string | null; readonly fingerprint: string },
  act: Act,
): Promise<{ readonly documents: IssuedDocument[]; readonly problems: Problem[] }> {
  return services.database.transaction().execute(async (transaction) => {
    const ids = await dueAccounts(transaction, plan.runDate, plan.customerId);
    const groups = await dueGroups(transaction, plan.runDate, plan.customerId);
    await lockAccounts(transaction, [...ids, ...groups.flatMap(idsOf)]);
    const taxes = await taxComponents(transaction);
    const computed: Computed = { drafts: [], problems: [], unaffordable: [], bought: [], settled: [] };
    for (let at = 0; at < ids.length; at += defaultChunkSize) {
      const snapshots = await loadSnapshots(transaction, ids.slice(at, at + defaultChunkSize));
      const part = compute(snapshots, dayOfText(plan.runDate), taxes);
      computed.drafts.push(...part.drafts);
      computed.problems.push(...part.problems);
      computed.unaffordable.push(...part.unaffordable);
      computed.bought.push(...part.bought);
      computed.settled.push(...part.settled);
    }
    for (const group of groups) {
      const part = await computeGroup(transaction, group, plan.runDate, taxes);
      computed.drafts.push(...part.drafts);
      computed.problems.push(...part.problems);
      computed.settled.push(...part.settled);
    }
    if (fingerprintOf(computed.drafts) !== plan.fingerprint) throw new StalePlanError();
    const documents = await write(transaction, services, computed, plan.runDate, act);
    return { documents, problems: computed.problems };
  });
}

export interface RunOptions {
  /** Accounts per transaction, and the most that the run holds in memory. */
  readonly chunkSize?: number;
  /** Called with each chunk that is committed. */
  readonly onChunk?: (chunk: Chunk) => void;
}

/**
 * Bills everybody who is due, in chunks of one transaction each. A run that was cut short, or another that works at
 * the same time, is no matter: whatever is billed is no longer due.
 */
export async function runBilling(
  services: RunServices,
  runDate: string,
  act: Act,
  { chunkSize = defaultChunkSize, onChunk }: RunOptions = {},
): Promise<RunResult> {
  const total = { documents: 0, gross: new Map<string, bigint>(), problems: [] as Problem[] };
  const count = (done: Chunk) => {
    onChunk?.(done);
    total.problems.push(...done.problems);
    for (const { draft } of done.documents) {
      total.documents += 1;
      total.gross.set(draft.currency, (total.gross.get(draft.currency) ?? 0n) + draft.gross);
    }
  };
  // First what is free, then what somebody else held when we came by.
  for (const locked of ['SKIP', 'WAIT'] as const) {
    for (;;) {
      const done = await runChunk(services, runDate, locked, act, chunkSize);
      if (done === null) break;
      count(done);
    }
  }
  for (const group of await dueGroups(services.database, runDate, null))
    count(await runGroup(services, group, runDate, act));
  return { runDate, ...total };
}

/** What came of the accounts of one transaction. */
export interface Chunk {
  readonly documents: readonly IssuedDocument[];
  readonly problems: readonly Problem[];
}

async function runChunk(
  services: RunServices,
  runDate: string,
  locked: 'SKIP' | 'WAIT',
  act: Act,
  chunkSize: number,
): Promise<Chunk | null> {
  let claimed: string[] = [];
  try {
    return await services.database.transaction().execute(async (transaction) => {
      await forgetPlans(transaction);
      claimed = await claimDue(transaction, runDate, chunkSize, locked);
      return claimed.length === 0 ? null : billChunk(transaction, services, claimed, runDate, act);
    });
  } catch (error) {
    if (!isRefusal(error)) throw error;
    services.logger.warn({ error, accounts: claimed.length }, 'a chunk of the billing run was refused');
    return isolate(services, claimed, runDate, act, error);
  }
}

const idsOf = ({ payerId, modes }: Group): string[] => [payerId, ...modes.keys()];

async function computeGroup(
  db: Executor<TenantDatabase>,
  group: Group,
  runDate: string,
  taxes: Taxes,
): Promise<Computed> {
  const snapshots = await loadSnapshots(db, idsOf(group));
  try {
    return { ...billGroup(group, snapshots, dayOfText(runDate), taxes), unaffordable: [], bought: [] };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const problems = [{ customerId: group.payerId, message: error.message }];
    return { drafts: [], problems, unaffordable: [], bought: [], settled: [] };
  }
}

/** Bills a group in a transaction of its own; who is in it, and due, is read again under its locks. */
async function runGroup(services: RunServices, group: Group, runDate: string, act: Act): Promise<Chunk> {
  try {
    return await services.database.transaction().execute(async (transaction) => {
      await lockAccounts(transaction, idsOf(group));
      const [now] = await dueGroups(transaction, runDate, group.payerId);
      if (now === undefined) return { documents: [], problems: [] };
      await lockAccounts(transaction, idsOf(now));
      const computed = await computeGroup(transaction, now, runDate, await taxComponents(transaction));
      const documents = await write(transaction, services, computed, runDate, act);
      return { documents, problems: computed.problems };
    });
  } catch (error) {
    if (!isRefusal(error)) throw error;
    services.logger.warn({ error, payer: group.payerId }, 'the billing of a group was refused');
    const problems = idsOf(group).map((customerId) => ({ customerId, message: String(error) }));
    await services.database
      .transaction()
      .execute((transaction) =>
        recordProblems(transaction, problems, new Date(act.now), formatDay(dayOfText(runDate) + 1)),
      );
    return { documents: [], problems };
  }
}

/** Halves a refused chunk until the accounts that the database refuses are alone. */
async function isolate(
  services: RunServices,
  customerIds: readonly string[],
  runDate: string,
  act: Act,
  cause: unknown,
): Promise<Chunk> {
  if (customerIds.length === 1) {
    const problems = customerIds.map((customerId) => ({ customerId, message: String(cause) }));
    await services.database
      .transaction()
      .execute((transaction) =>
        recordProblems(transaction, problems, new Date(act.now), formatDay(dayOfText(runDate) + 1)),
      );
    return { documents: [], problems };
  }
  const middle = Math.ceil(customerIds.length / 2);
  const halves: Chunk[] = [];
  for (const half of [customerIds.slice(0, middle), customerIds.slice(middle)]) {
    try {
      halves.push(
        await services.database.transaction().execute(async (transaction) => {
          await lockAccounts(transaction, half);
          return billChunk(transaction, services, half, runDate, act);
        }),
      );
    } catch (error) {
      if (!isRefusal(error)) throw error;
      halves.push(await isolate(services, half, runDate, act, error));
    }
  }
  return {
    documents: halves.flatMap((half) => half.documents),
    problems: halves.flatMap((half) => half.problems),
  };
}

async function billChunk(
  transaction: Transaction<TenantDatabase>,
  services: RunServices,
  customerIds: readonly string[],
  runDate: string,
  act: Act,
): Promise<Chunk> {
  const computed = compute(
    await loadSnapshots(transaction, customerIds),
    dayOfText(runDate),
    await taxComponents(transaction),
  );
  const documents = await write(transaction, services, computed, runDate, act);
  return { documents, problems: computed.problems };
}

async function write(
  transaction: Transaction<TenantDatabase>,
  services: RunServices,
  computed: Computed,
  runDate: string,
  act: Act,
): Promise<IssuedDocument[]> {
  await settleAccounts(transaction, computed.settled, runDate);
  const nextTry = formatDay(dayOfText(runDate) + 1);
  await recordProblems(transaction, computed.problems, new Date(act.now), nextTry);
  await lookAgain(
    transaction,
    computed.unaffordable.map(({ customerId }) => customerId),
    nextTry,
  );
  await endGrace(transaction, computed.bought);
  // What is billed ahead of its day may still be paid for until then.
  if (runDate <= act.today) await expire(transaction, services, computed.unaffordable, runDate, act);
  const issued = await issueDrafts(transaction, services, computed.drafts, act);
  await summarise(transaction, services, issued);
  return issued;
}

/** As a preview says it. */
const expiryOf = ({ customerId, balance, needed, currency }: Unaffordable): Problem => ({
  customerId,
  message: `the prepaid balance of ${balance} ${currency} does not buy what costs ${needed} (minor units)`,
});

/** Data that PostgreSQL refuses (SQLSTATE classes 22 and 23), as against a broken connection or a deadlock. */
function isRefusal(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^2[23]/.test(code);
}

export function dayOfText(text: string): Day {
  const day = parseDay(text);
  if (day === undefined) throw new RangeError(`"${text}" is not a date; write YYYY-MM-DD`);
  return day;
}
