import { formatDay, parseDay } from '../calendar/rules.ts';
import type { Draft } from '../document/rules-draft.ts';

/** What a customer who pays ahead has; minor units. */
export interface PrepaidStanding {
  readonly balance: bigint;
  /** ISO date; null while everything is bought. */
  readonly expiredOn: string | null;
  /** So many days his services go on although a purchase is not covered. */
  readonly graceDays: number;
  /** ISO date of the purchase that waits for a top-up; null while everything is bought. */
  readonly unpaidSince: string | null;
}

/** The day (ISO) on which services are closed when what is due on a day is not covered: after the days of grace. */
export function closingDay(
  { unpaidSince, graceDays }: Pick<PrepaidStanding, 'unpaidSince' | 'graceDays'>,
  dueOn: string,
): string {
  const since = unpaidSince ?? dueOn;
  const day = parseDay(since);
  if (day === undefined) throw new RangeError(`"${since}" is not a date; write YYYY-MM-DD`);
  return formatDay(day + graceDays);
}

/** A purchase that a balance does not cover: nothing of it is bought. */
export interface Unaffordable {
  readonly customerId: string;
  readonly currency: string;
  readonly balance: bigint;
  readonly needed: bigint;
}

/** Whether a document is bought from the balance: all of it, or nothing. A credit note always is. */
export function unaffordable(
  draft: Draft | null,
  prepaid: PrepaidStanding | null | undefined,
): Unaffordable | undefined {
  if (draft === null || prepaid == null || draft.gross <= prepaid.balance) return undefined;
  const { customerId, currency, gross } = draft;
  return { customerId, currency, balance: prepaid.balance, needed: gross };
}
