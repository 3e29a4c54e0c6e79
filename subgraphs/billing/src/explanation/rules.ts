/**
 * Why an amount is what it is, complete enough to recompute it: `formula` over named exact `inputs`. `facts` say
 * what the inputs are about (dates, ids, version of a rate) and take no part in the arithmetic.
 */
export interface Explanation {
  /** Stable name of the rule, such as `charge.covered-days`. */
  readonly rule: string;
  readonly version: number;
  /** Integers, decimals or fractions `n/d` as text. Amounts are in minor units. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Grammar: + - * / ( ) and round(x) half away from zero, ceil(x), min(a, b), max(a, b), over input names and numbers. */
  readonly formula: string;
  readonly facts: Readonly<Record<string, string>>;
  /** Inputs that were computed themselves, by name. */
  readonly parts?: Readonly<Record<string, Explanation>>;
}

/** The formula with its numbers put in: `round(1000 * 7 / 31) - 871`. */
export function arithmetic(explanation: Explanation): string {
  return explanation.formula.replace(/[a-z][A-Za-z0-9]*/g, (name) => {
    const value = explanation.inputs[name];
    if (value === undefined) return name;
    return value.startsWith('-') || value.includes('/') ? `(${value})` : value;
  });
}

/** The same explanation where the value of a fact is another one, in its parts too. */
export function retold(explanation: Explanation, fact: string, from: string, to: string): Explanation {
  const { facts, parts } = explanation;
  return {
    ...explanation,
    facts: facts[fact] === from ? { ...facts, [fact]: to } : facts,
    ...(parts === undefined
      ? {}
      : {
          parts: Object.fromEntries(
            Object.entries(parts).map(([name, part]) => [name, retold(part, fact, from, to)]),
          ),
        }),
  };
}
