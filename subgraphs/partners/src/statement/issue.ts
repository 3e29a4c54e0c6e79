import type { PlatformDatabase } from '@dotmac/migrations';
import { appendEvents, type Executor, newId } from '@dotmac/platform';
import { minorDigits } from '@dotmac/platform/money/currency';
import { type PlatformEvents, StalePlanError, ValidationError } from '@dotmac/schema';
import type { PartnersServices } from '../builder.ts';
import type { CommissionEntry } from '../commission/store.ts';
import { digestOf, refusalOfUntil, type StatementSums, statementHash, sumsOf } from './rules.ts';
import {
  carriedBalances,
  dueEntries,
  insertStatement,
  lastStatements,
  lockPartners,
  minimumPayouts,
} from './store.ts';

/** A statement that would be issued. */
export interface DueStatement {
  readonly partnerId: string;
  readonly currency: string;
  readonly sums: StatementSums;
  readonly entries: readonly CommissionEntry[];
}

export interface StatementPlan {
  readonly due: readonly DueStatement[];
  readonly fingerprint: string;
}

/**
 * What would be stated until a day (UTC), a statement per partner and currency that has entries due.
 * @param until ISO date, the first of a month that is over. Months that were left out go onto this statement.
 * @throws ValidationError naming `input.until`
 */
export async function planStatements(
  db: Executor<PlatformDatabase>,
  until: string,
  now: Date,
): Promise<StatementPlan> {
  const refusal = refusalOfUntil(until, now.toISOString().slice(0, 10));
  if (refusal !== undefined) throw new ValidationError('input.until', refusal);
  const entries = await dueEntries(db, new Date(`${until}T00:00:00Z`));
  const partnerIds = [...new Set(entries.map(({ partnerId }) => partnerId))];
  if (partnerIds.length === 0) return { due: [], fingerprint: digestOf([until]) };
  const carried = await carriedBalances(db, partnerIds);
  const minimums = new Map(
    (await minimumPayouts(db, partnerIds, now)).map((row) => [row.partnerId, row.minimumPayout]),
  );
  const due: DueStatement[] = [];
  for (const group of Map.groupBy(
    entries,
    ({ partnerId, currency }) => `${partnerId} ${currency}`,
  ).values()) {
    const { partnerId, currency } = group[0] as CommissionEntry;
    const before = carried.find((row) => row.partnerId === partnerId && row.currency === currency);
    // A month is stated once: what came late goes onto the next statement.
    if (before !== undefined && before.until >= until) continue;
    const digits = minorDigits(currency);
    if (digits === undefined) throw new Error(`${currency} of ${partnerId} is no currency`);
    const minimumMinor = BigInt(minimums.get(partnerId) ?? 0) * 10n ** BigInt(digits);
    due.push({
      partnerId,
      currency,
      sums: sumsOf(before?.carriedMinor ?? 0n, group, minimumMinor),
      entries: group,
    });
  }
  const facts = due.map(({ partnerId, currency, sums, entries: lines }) => [
    partnerId,
    currency,
    `${sums.openingMinor}`,
    `${sums.payableMinor}`,
    lines.map(({ id }) => id),
  ]);
  return { due, fingerprint: digestOf([until, facts]) };
}

/**
 * Issues what the plan with this fingerprint said, all of it or nothing.
 * @returns the ids of the statements.
 * @throws StalePlanError, and what `planStatements` throws.
 */
export async function issueStatements(
  { database, clock }: PartnersServices,
  until: string,
  fingerprint: string,
  actor: string,
): Promise<string[]> {
  return database.transaction().execute(async (transaction) => {
    await lockPartners(transaction);
    const now = new Date(clock.now());
    const plan = await planStatements(transaction, until, now);
    if (plan.fingerprint !== fingerprint) throw new StalePlanError();
    if (plan.due.length === 0) return [];
    const last = new Map(
      (
        await lastStatements(
          transaction,
          plan.due.map(({ partnerId }) => partnerId),
        )
      ).map((row) => [row.partnerId, row]),
    );
    const ids: string[] = [];
    for (const { partnerId, currency, sums, entries } of plan.due) {
      const before = last.get(partnerId);
      const head = {
        ...sums,
        partnerId,
        currency,
        until,
        number: (before?.number ?? 0) + 1,
        previousHash: before?.hash ?? null,
      };
      const hash = statementHash(head, entries);
      const id = newId('cst', clock);
      await insertStatement(
        transaction,
        { ...head, id, hash, issuedAt: now, issuedBy: actor },
        entries.map((entry) => entry.id),
      );
      last.set(partnerId, { partnerId, number: head.number, hash });
      ids.push(id);
    }
    await appendEvents<PlatformEvents>(
      transaction,
      plan.due.map(({ partnerId, currency, sums }, index) => ({
        type: 'commission.stated',
        subject: partnerId,
        payload: {
          statementId: ids[index] as string,
          partnerId,
          payableMinor: `${sums.payableMinor}`,
          currency,
        },
        occurredAt: now.getTime(),
        actor,
      })),
    );
    return ids;
  });
}
