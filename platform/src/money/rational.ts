import { divRound } from './rounding.ts';

/** An exact number `num / den`, in lowest terms, `den > 0`. Carries an amount up to its one rounding. */
export interface Rational {
  readonly num: bigint;
  readonly den: bigint;
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** `num / den` in lowest terms. Throws `RangeError` when `den` is 0. */
export function rational(num: bigint, den = 1n): Rational {
  if (den === 0n) throw new RangeError('division by zero: the denominator must not be 0');
  if (den === 1n) return { num, den };
  const sign = den < 0n ? -1n : 1n;
  const divisor = gcd(num, den * sign) || 1n;
  return { num: (num * sign) / divisor, den: (den * sign) / divisor };
}

export const ZERO: Rational = { num: 0n, den: 1n };

export const plus = (a: Rational, b: Rational): Rational =>
  rational(a.num * b.den + b.num * a.den, a.den * b.den);
export const minus = (a: Rational, b: Rational): Rational =>
  rational(a.num * b.den - b.num * a.den, a.den * b.den);
export const times = (a: Rational, b: Rational): Rational => rational(a.num * b.num, a.den * b.den);
export const over = (a: Rational, b: Rational): Rational => rational(a.num * b.den, a.den * b.num);
export const lessThan = (a: Rational, b: Rational): boolean => a.num * b.den < b.num * a.den;

/** The nearest integer, half away from zero. */
export const round = (a: Rational): bigint => divRound(a.num, a.den);
/** `12`, `-1/3`: the exact text, as it appears in explanations. */
export const rationalText = (a: Rational): string => (a.den === 1n ? `${a.num}` : `${a.num}/${a.den}`);
