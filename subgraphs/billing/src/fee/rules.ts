import { rational } from '@dotmac/platform/money/rational';
import type { Day } from '../calendar/rules.ts';
import type { DraftLine } from '../document/rules-draft.ts';
import type { Explanation } from '../explanation/rules.ts';

/** A fee that is on no document yet. Amount in minor units. */
export interface OpenFee {
  readonly id: string;
  readonly description: string;
  readonly productClass: string;
  readonly currency: string;
  readonly amount: bigint;
  readonly taxInclusive: boolean;
  /** The first day on which an invoice takes it. */
  readonly on: Day;
  readonly explanation: Explanation;
}

/** Why a fee somebody set is what it is: because he set it. */
export const agreedFee = (amount: bigint, by: string): Explanation => ({
  rule: 'fee.agreed',
  version: 1,
  inputs: { fee: `${amount}` },
  formula: 'fee',
  facts: { by },
});

/** The line of a fee: its own key, so that it is charged once. An account may say of all prices whether tax is in them. */
export function feeLine(fee: OpenFee, pricesIncludeTax: boolean | null): Omit<DraftLine, 'tax' | 'taxParts'> {
  return {
    kind: 'oneOff',
    description: fee.description,
    productClass: fee.productClass,
    serviceLineId: fee.id,
    priceKey: 'fee',
    price: rational(fee.amount),
    dayCount: 'actual',
    periodFrom: fee.on,
    periodTo: fee.on + 1,
    from: fee.on,
    to: fee.on + 1,
    days: 1,
    ofDays: 1,
    correction: 0,
    taxInclusive: pricesIncludeTax ?? fee.taxInclusive,
    net: fee.amount,
    explanation: fee.explanation,
  };
}
