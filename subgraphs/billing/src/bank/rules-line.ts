import { createHash } from 'node:crypto';
import { minorDigits } from '@dotmac/platform/money/currency';

/** Money that came in, as a statement says it. */
export interface StatementLine {
  /** IBAN or other name of the account it is on. */
  readonly account: string;
  /** ISO date. */
  readonly bookedOn: string;
  readonly currency: string;
  /** Minor units, above zero. */
  readonly amount: bigint;
  readonly payer: string | null;
  /** The bank's own id of it; empty when it gives none. */
  readonly bankReference: string;
  /** Structured and free text, one after the other. */
  readonly remittance: string;
}

export type StatementResult =
  | {
      readonly ok: true;
      readonly lines: readonly StatementLine[];
      /** Entries that are no money in: debits and what is not booked yet. */
      readonly skipped: number;
    }
  /** `at` is a line of the file, from 1. */
  | { readonly ok: false; readonly at: number; readonly message: string };

/** A decimal amount in the minor units of its currency, or undefined. */
export function statementAmount(text: string, currency: string): bigint | undefined {
  const digits = minorDigits(currency);
  const match = /^([+-]?)(\d{1,15})(?:\.(\d{1,5}))?$/.exec(text);
  if (digits === undefined || match === null) return undefined;
  const [, sign, whole = '', fraction = ''] = match;
  if (fraction.slice(digits).replaceAll('0', '') !== '') return undefined;
  const minor = BigInt(whole + fraction.slice(0, digits).padEnd(digits, '0'));
  return sign === '-' ? -minor : minor;
}

export function isCalendarDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** The hash of each line; equal lines of one file are told apart by which of them they are. */
export function lineHashes(lines: readonly StatementLine[]): string[] {
  const seen = new Map<string, number>();
  return lines.map((line) => {
    const text = JSON.stringify([
      line.account,
      line.bookedOn,
      line.currency,
      `${line.amount}`,
      line.payer,
      line.bankReference,
      line.remittance,
    ]);
    const count = (seen.get(text) ?? 0) + 1;
    seen.set(text, count);
    return createHash('sha256').update(`${text}\n${count}`).digest('hex');
  });
}
