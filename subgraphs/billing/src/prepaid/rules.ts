import type { Draft } from '../document/rules-draft.ts';

/** What a customer who pays ahead has; minor units. */
export interface PrepaidStanding {
  readonly balance: bigint;
  /** ISO date; null while everything is bought. */
  readonly expiredOn: string | null;
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
