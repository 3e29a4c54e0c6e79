import type { EarnedSoFar } from './rules.ts';

/** Why an entry is what it is, complete enough to recompute it: `formula` over exact `inputs`, all in minor units. */
export interface CommissionExplanation {
  readonly rule: string;
  readonly version: number;
  /** + - * / ( ) and round(x) half away from zero, over the names of inputs and numbers. */
  readonly formula: string;
  readonly inputs: readonly { readonly name: string; readonly value: string }[];
}

/** By which formula `commissionOf` counts, with the numbers that it had. */
export function explanationOf(
  entry: { readonly baseMinor: bigint; readonly rateBasisPoints: number },
  before: EarnedSoFar,
): CommissionExplanation {
  const inputs = {
    baseBefore: before.baseMinor,
    base: entry.baseMinor,
    rateBasisPoints: entry.rateBasisPoints,
    earnedBefore: before.amountMinor,
  };
  return {
    rule: 'commission.share-of-all-cash',
    version: 1,
    formula: 'round((baseBefore + base) * rateBasisPoints / 10000) - earnedBefore',
    inputs: Object.entries(inputs).map(([name, value]) => ({ name, value: `${value}` })),
  };
}

/** The formula with its numbers put in. */
export function arithmetic({ formula, inputs }: CommissionExplanation): string {
  const values = new Map(
    inputs.map(({ name, value }) => [name, value.startsWith('-') ? `(${value})` : value]),
  );
  return formula.replace(/[a-z][A-Za-z]*/g, (name) => values.get(name) ?? name);
}
