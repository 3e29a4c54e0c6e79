import type { Day } from '../calendar/rules.ts';
import type { Explanation } from '../explanation/rules.ts';

/** One tax of one jurisdiction on one class of product: data with a validity, never code. */
export interface TaxComponent {
  /** Names the tax, and its account: the same for all classes, rates and validities that round together. */
  readonly id: string;
  readonly jurisdiction: string;
  readonly productClass: string;
  /** Undefined: any class of customer. */
  readonly customerClass?: string;
  /** Valid on [from, to). */
  readonly from: Day;
  readonly to?: Day;
  readonly name: string;
  /** Percent as decimal text, or minor units per unit of quantity. */
  readonly charge: { readonly percent: string } | { readonly perUnit: bigint };
  /** Ids of components whose tax is part of this one's base (tax on tax). */
  readonly onTopOf?: readonly string[];
  /** EN 16931 (UNCL 5305) category, such as S, Z, E, AE, O. */
  readonly category: string;
}

/** Where tax is rounded: once per rate and document (EN 16931), on every line, or once per document. */
export type TaxRounding = 'perRate' | 'perLine' | 'documentOnce';

export interface TaxableLine {
  /** Minor units; negative on credits. */
  readonly amount: bigint;
  /** The amount is what is paid: tax is part of it. */
  readonly inclusive?: boolean | undefined;
  readonly quantity: bigint;
  readonly productClass: string;
  /** The day that decides the rate: the tax point of the line. */
  readonly taxPoint: Day;
}

/** What frees a customer from the taxes of a jurisdiction on [from, to). */
export interface TaxExemption {
  /** Its number, or the VAT id that was checked. */
  readonly certificate: string;
  /** The charge is shifted to the customer (category AE) instead of being dropped (E). */
  readonly reverseCharge?: boolean;
  readonly jurisdiction: string;
  readonly from: Day;
  readonly to: Day;
}

export interface TaxContext {
  /** From the place of supply, broadest first: `['CA', 'CA-QC']`. */
  readonly jurisdictions: readonly string[];
  readonly customerClass: string;
  readonly exemptions: readonly TaxExemption[];
  /** Cross-border business customer: category AE, tax 0, with the reason on the document. */
  readonly reverseCharge?: { readonly reason: string; readonly evidence: string };
  readonly rounding: TaxRounding;
}

/** All lines of a document under one component and rate (and category). Amounts in minor units. */
export interface TaxSubtotal {
  readonly componentId: string;
  readonly name: string;
  readonly category: string;
  readonly percent?: string;
  readonly base: bigint;
  readonly tax: bigint;
  readonly reason?: string;
  readonly explanation: Explanation;
}

/** What one tax takes of a line; `group` is the place of its subtotal. */
export interface TaxPart {
  readonly componentId: string;
  readonly tax: bigint;
  readonly group: number;
}

export interface TaxedLine {
  readonly net: bigint;
  readonly tax: bigint;
  readonly parts: readonly TaxPart[];
}

export type TaxError = {
  readonly code:
    | 'UNKNOWN_JURISDICTION'
    | 'OVERLAPPING_COMPONENTS'
    | 'UNKNOWN_BASE_COMPONENT'
    | 'INCLUSIVE_PER_UNIT';
  readonly field: string;
  readonly message: string;
};

export type TaxResult =
  | {
      readonly ok: true;
      readonly lines: TaxedLine[];
      readonly subtotals: TaxSubtotal[];
      readonly net: bigint;
      readonly tax: bigint;
    }
  | { readonly ok: false; readonly error: TaxError };
