/**
 * `round(numerator / denominator)`, half away from zero, symmetric: a credit mirrors its charge.
 * Exact on bigint. Throws `RangeError` for a zero denominator.
 */
export function divRound(numerator: bigint, denominator: bigint): bigint {
  if (denominator === 0n) throw new RangeError('division by zero: the denominator must not be 0');
  const negative = numerator < 0n !== denominator < 0n;
  const n = numerator < 0n ? -numerator : numerator;
  const d = denominator < 0n ? -denominator : denominator;
  const quotient = (2n * n + d) / (2n * d);
  return negative ? -quotient : quotient;
}

/** `round(amount × numerator / denominator)`, half away from zero, from the exact rational. */
export function mulDivRound(amount: bigint, numerator: bigint, denominator: bigint): bigint {
  return divRound(amount * numerator, denominator);
}

/** `round(numerator / denominator)`, half to even. Only for currency conversion. */
export function divRoundHalfEven(numerator: bigint, denominator: bigint): bigint {
  if (denominator === 0n) throw new RangeError('division by zero: the denominator must not be 0');
  const negative = numerator < 0n !== denominator < 0n;
  const n = numerator < 0n ? -numerator : numerator;
  const d = denominator < 0n ? -denominator : denominator;
  const floor = n / d;
  const twice = 2n * (n % d);
  const up = twice > d || (twice === d && floor % 2n === 1n);
  const quotient = up ? floor + 1n : floor;
  return negative ? -quotient : quotient;
}
