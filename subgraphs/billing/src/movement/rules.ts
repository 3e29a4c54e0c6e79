import { createHash } from 'node:crypto';
import type { PostingSet } from '../ledger/rules.ts';
import { accountKey } from '../ledger/rules.ts';
import { type Canonical, canonicalJson } from '../numbering/rules.ts';

/** Money of one customer that moves outside of documents and payments, as it would be written. Minor units. */
export interface Movement {
  readonly customerId: string;
  readonly currency: string;
  readonly amount: bigint;
  /** Taken off credits; `net`: of a credit note, the share that is net of tax. */
  readonly credits: readonly {
    readonly sourceId: string;
    readonly amount: bigint;
    readonly net?: bigint;
  }[];
  /** Above zero pays part of an invoice, below zero opens it again. */
  readonly allocations: readonly {
    readonly documentId: string;
    readonly amount: bigint;
    readonly net: bigint;
  }[];
  /** Of cash: what is taken back of a rounding, as an allocation is; above zero the invoice owes less. */
  readonly rounding?: CashRoundingBack;
  /** Under the reference that the movement gets when it is written. */
  readonly postings: (ref: string) => PostingSet[];
}

/** A rounding of cash that is taken back with its payment. Minor units. */
export interface CashRoundingBack {
  readonly reverses: string;
  readonly documentId: string;
  readonly amount: bigint;
  readonly net: bigint;
}

/** Under which id a rounding is taken back by the movement with an id. */
export const roundingBackId = (movementId: string): string => `${movementId}:rounding`;

/** One side of a posting as a person reads it: debits above zero. */
export interface NamedEntry {
  readonly kind: string;
  readonly account: string;
  readonly amount: bigint;
}

export const entriesOf = (movement: Movement): NamedEntry[] =>
  movement
    .postings('')
    .flatMap(({ kind, entries }) =>
      entries.map(({ account, amount }) => ({ kind, account: accountKey(account), amount })),
    );

/** SHA-256 (hex) over what was asked for and everything that would be written. */
export function movementFingerprint(request: Canonical, movement: Movement): string {
  const { customerId, currency, amount, credits, allocations, rounding } = movement;
  const text = canonicalJson({
    request,
    customerId,
    currency,
    amount,
    credits: credits.map((one) => [one.sourceId, one.amount]),
    allocations: allocations.map((one) => [one.documentId, one.amount, one.net]),
    ...(rounding === undefined ? {} : { rounding: [rounding.reverses, rounding.amount, rounding.net] }),
    entries: entriesOf(movement).map((one) => [one.kind, one.account, one.amount]),
  });
  return createHash('sha256').update(text).digest('hex');
}
