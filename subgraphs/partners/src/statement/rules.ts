import { createHash } from 'node:crypto';

/** A commission entry that is due. Amounts in minor units. */
export interface DueEntry {
  readonly id: string;
  readonly tenantId: string;
  readonly sourceKind: string;
  readonly sourceId: string;
  readonly baseMinor: bigint;
  readonly rateBasisPoints: number;
  readonly amountMinor: bigint;
  readonly earnedAt: Date;
}

/** The sums of a statement, minor units: opening + earned + taken back = payable + carried. */
export interface StatementSums {
  readonly openingMinor: bigint;
  readonly earnedMinor: bigint;
  /** Never above zero. */
  readonly takenBackMinor: bigint;
  readonly minimumMinor: bigint;
  readonly payableMinor: bigint;
  /** Below zero: to be netted with what comes, never debited. */
  readonly carriedMinor: bigint;
}

/**
 * What a statement comes to: all or nothing is paid, from the agreed minimum on; the rest is carried.
 * @param openingMinor carried from the statement before.
 */
export function sumsOf(
  openingMinor: bigint,
  entries: readonly Pick<DueEntry, 'amountMinor'>[],
  minimumMinor: bigint,
): StatementSums {
  let earnedMinor = 0n;
  let takenBackMinor = 0n;
  for (const { amountMinor } of entries) {
    if (amountMinor > 0n) earnedMinor += amountMinor;
    else takenBackMinor += amountMinor;
  }
  const total = openingMinor + earnedMinor + takenBackMinor;
  const payableMinor = total > 0n && total >= minimumMinor ? total : 0n;
  return {
    openingMinor,
    earnedMinor,
    takenBackMinor,
    minimumMinor,
    payableMinor,
    carriedMinor: total - payableMinor,
  };
}

export interface StatementHead extends StatementSums {
  readonly partnerId: string;
  readonly number: number;
  readonly currency: string;
  /** ISO date; what could be paid out before it. */
  readonly until: string;
  readonly previousHash: string | null;
}

/** SHA-256 over a statement, its lines in order, and the hash of the partner's statement before: none can be changed alone. */
export function statementHash(head: StatementHead, lines: readonly DueEntry[]): string {
  const { openingMinor, earnedMinor, takenBackMinor, minimumMinor, payableMinor, carriedMinor } = head;
  const sums = [openingMinor, earnedMinor, takenBackMinor, minimumMinor, payableMinor, carriedMinor];
  return digestOf([
    head.previousHash,
    head.partnerId,
    head.number,
    head.currency,
    head.until,
    ...sums.map(String),
    lines.map((line) => [
      line.id,
      line.tenantId,
      line.sourceKind,
      line.sourceId,
      `${line.baseMinor}`,
      line.rateBasisPoints,
      `${line.amountMinor}`,
      line.earnedAt.toISOString(),
    ]),
  ]);
}

type Fact = string | number | null | readonly Fact[];

/** SHA-256 over facts in their order, hexadecimal. */
export function digestOf(facts: readonly Fact[]): string {
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}

/** Why a month cannot be stated until this ISO date; undefined when it can. */
export function refusalOfUntil(until: string, today: string): string | undefined {
  if (!until.endsWith('-01'))
    return `A statement ends with a month: name the first of the next one, not ${until}`;
  if (until > today) return `The month before ${until} is not over: today is ${today} (UTC)`;
  return undefined;
}
