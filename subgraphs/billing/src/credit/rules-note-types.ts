import type { Rational } from '@dotmac/platform/money/rational';
import type { Day } from '../calendar/rules.ts';
import type { Explanation } from '../explanation/rules.ts';

interface LinePart {
  readonly group: number;
  readonly componentId: string;
  readonly tax: bigint;
  readonly credited: bigint;
}

/** A line of an issued invoice, and what credit notes took of it so far. Minor units. */
export interface CreditableLine {
  readonly id: string;
  readonly description: string;
  readonly productClass: string;
  readonly serviceLineId: string;
  readonly priceKey: string;
  readonly price: Rational;
  readonly dayCount: 'actual' | 'fixed30';
  readonly periodFrom: Day;
  readonly periodTo: Day;
  readonly from: Day;
  readonly ofDays: number;
  /** Lines of its key so far. */
  readonly corrections: number;
  readonly net: bigint;
  /** At most 0. */
  readonly credited: bigint;
  readonly taxInclusive: boolean;
  /** What each tax took of it, and gave back so far (from 0); `group` is its place among the invoice's taxes. */
  readonly parts: readonly LinePart[];
}

/** One tax of the invoice, and what credit notes took of it so far. Minor units, all from 0. */
export interface CreditableTax {
  readonly componentId: string;
  readonly name: string;
  readonly category: string;
  readonly percent: string;
  /** Why it takes nothing: a certificate, a reverse charge. */
  readonly reason?: string;
  readonly net: bigint;
  readonly tax: bigint;
  readonly creditedNet: bigint;
  readonly creditedTax: bigint;
}

export interface CreditableInvoice {
  readonly id: string;
  readonly customerId: string;
  readonly customerName: string;
  readonly customerEmail: string | null;
  readonly currency: string;
  readonly lines: readonly CreditableLine[];
  readonly taxes: readonly CreditableTax[];
}

/** An amount (minor units, above 0) to take off a line; why, and under what name, unless it is just asked for. */
export interface CreditLine {
  readonly lineId: string;
  readonly amount: bigint;
  /** The amount is with its tax: of lines whose price includes it only. */
  readonly gross?: boolean;
  readonly description?: string;
  readonly explanation?: Explanation;
}

/** What is taken of a line. */
export interface Picked {
  readonly line: CreditableLine;
  readonly asked: CreditLine;
  readonly net: bigint;
  /** Of each part of the line, from 0. */
  readonly taxes: readonly bigint[];
}
