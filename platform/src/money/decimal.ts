import { MoneyError } from './errors.ts';
import { type Rational, rational } from './rational.ts';
import { divRound } from './rounding.ts';

const PATTERN = /^(-?)(\d{1,30})(?:\.(\d{1,30}))?$/;

/**
 * The exact value of a plain decimal text (`-12.50`): no exponent, no separators, no sign but `-`.
 * Throws `MoneyError` MALFORMED_DECIMAL. NUMERIC columns are read this way, never as a number.
 */
export function parseDecimal(text: string): Rational {
  const match = PATTERN.exec(text);
  if (!match) {
    throw new MoneyError('MALFORMED_DECIMAL', `"${text}" is not a decimal; write it like -12.50`);
  }
  const [, sign = '', whole = '0', fraction = ''] = match;
  const units = BigInt(whole + fraction);
  return rational(sign ? -units : units, 10n ** BigInt(fraction.length));
}

/** Decimal text of `units / 10^digits` (`1250n, 2` is `12.50`). */
export function formatUnits(units: bigint, digits: number): string {
  const text = (units < 0n ? -units : units).toString().padStart(digits + 1, '0');
  const cut = text.length - digits;
  const sign = units < 0n ? '-' : '';
  return digits === 0 ? `${sign}${text}` : `${sign}${text.slice(0, cut)}.${text.slice(cut)}`;
}

/** `round(amount × percent / 100)`, with percent as decimal text: 2.9 % of 500 is 15, which floats make 14. */
export function percentOf(amount: bigint, percent: string): bigint {
  const rate = parseDecimal(percent);
  return divRound(amount * rate.num, rate.den * 100n);
}
