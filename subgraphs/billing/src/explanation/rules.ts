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

/**
 * The inputs in the order in which the formula names them, then any others by name: what was computed now and what comes
 * back from the database, which orders members by their length, are told alike.
 */
export function inputsInOrder({ formula, inputs }: Explanation): (readonly [string, string])[] {
  const named: readonly string[] = formula.match(/[a-z][A-Za-z0-9]*/g) ?? [];
  const place = ([name]: readonly [string, string]) => {
    const found = named.indexOf(name);
    return found < 0 ? named.length : found;
  };
  return byName(inputs).sort((a, b) => place(a) - place(b));
}

/** Members by their names. */
export const byName = <V>(members: Readonly<Record<string, V>>): (readonly [string, V])[] =>
  Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1));

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
