import type { Explanation } from './rules.ts';

/*
 * Recomputes an amount from its explanation alone. Deliberately shares no arithmetic with the rules that made
 * the amount: own fractions, own rounding.
 */

interface Fraction {
  readonly n: bigint;
  readonly d: bigint;
}

export type CheckResult =
  | { readonly outcome: 'AGREES' }
  | { readonly outcome: 'DIFFERS'; readonly recomputed: string; readonly stated: string }
  | { readonly outcome: 'MALFORMED'; readonly message: string };

/** Whether the explanation yields exactly `amount` (minor units). */
export function checkExplanation(explanation: Explanation, amount: bigint): CheckResult {
  let value: Fraction;
  try {
    value = evaluate(explanation.formula, explanation.inputs);
  } catch (error) {
    if (error instanceof FormulaError) return { outcome: 'MALFORMED', message: error.message };
    throw error;
  }
  if (value.n === amount * value.d) return { outcome: 'AGREES' };
  const recomputed = value.n % value.d === 0n ? `${value.n / value.d}` : `${value.n}/${value.d}`;
  return { outcome: 'DIFFERS', recomputed, stated: `${amount}` };
}

class FormulaError extends Error {}

function evaluate(formula: string, inputs: Readonly<Record<string, string>>): Fraction {
  const tokens = formula.match(/[A-Za-z][A-Za-z0-9]*|\d+(?:\.\d+)?|[-+*/(),]|\S/g) ?? [];
  let at = 0;
  const expect = (token: string) => {
    if (tokens[at] !== token) throw new FormulaError(`expected "${token}" at token ${at} of "${formula}"`);
    at += 1;
  };
  const sum = (): Fraction => {
    let left = product();
    while (tokens[at] === '+' || tokens[at] === '-') {
      const sign = tokens[at] === '+' ? 1n : -1n;
      at += 1;
      const right = product();
      left = { n: left.n * right.d + sign * right.n * left.d, d: left.d * right.d };
    }
    return left;
  };
  const product = (): Fraction => {
    let left = factor();
    while (tokens[at] === '*' || tokens[at] === '/') {
      const divide = tokens[at] === '/';
      at += 1;
      const right = factor();
      if (divide && right.n === 0n) throw new FormulaError(`division by zero in "${formula}"`);
      left = divide
        ? { n: left.n * right.d * (right.n < 0n ? -1n : 1n), d: left.d * (right.n < 0n ? -right.n : right.n) }
        : { n: left.n * right.n, d: left.d * right.d };
    }
    return left;
  };
  const factor = (): Fraction => {
    const token = tokens[at];
    at += 1;
    if (token === '-') {
      const value = factor();
      return { n: -value.n, d: value.d };
    }
    if (token === '(') {
      const value = sum();
      expect(')');
      return value;
    }
    if (token === undefined) throw new FormulaError(`"${formula}" ends too early`);
    if (/^\d/.test(token)) return literal(token);
    if (token === 'round' || token === 'ceil' || token === 'min' || token === 'max') {
      expect('(');
      const first = sum();
      if (token === 'round' || token === 'ceil') {
        expect(')');
        return { n: token === 'ceil' ? above(first) : nearest(first), d: 1n };
      }
      expect(',');
      const second = sum();
      expect(')');
      const firstIsLess = first.n * second.d < second.n * first.d;
      return firstIsLess === (token === 'min') ? first : second;
    }
    const input = Object.hasOwn(inputs, token) ? inputs[token] : undefined;
    if (input === undefined) throw new FormulaError(`"${token}" in "${formula}" is not among the inputs`);
    return literal(input);
  };
  const value = sum();
  if (at !== tokens.length) throw new FormulaError(`"${tokens[at]}" is left over in "${formula}"`);
  return value;
}

function literal(text: string): Fraction {
  const match = /^(-?)(\d+)(?:\.(\d+)|\/(\d+))?$/.exec(text);
  const denominator = match?.[4] === undefined ? 10n ** BigInt(match?.[3]?.length ?? 0) : BigInt(match[4]);
  if (!match || denominator === 0n) throw new FormulaError(`"${text}" is not a number`);
  const n = BigInt(`${match[2]}${match[3] ?? ''}`);
  return { n: match[1] ? -n : n, d: denominator };
}

/** The least whole number that is not below; division of bigint cuts towards zero. */
function above({ n, d }: Fraction): bigint {
  return n / d + (n > 0n && n % d !== 0n ? 1n : 0n);
}

/** Half away from zero, by remainder. */
function nearest({ n, d }: Fraction): bigint {
  const whole = n / d;
  const rest = n - whole * d;
  const twice = (rest < 0n ? -rest : rest) * 2n;
  return twice < d ? whole : whole + (n < 0n ? -1n : 1n);
}
