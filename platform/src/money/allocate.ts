import { MoneyError } from './errors.ts';

/**
 * Splits `total` by non-negative weights with the largest-remainder method: the parts sum to the whole, each
 * is within one unit of its exact share, ties go by order. A negative total mirrors the positive one.
 * Throws `MoneyError` INVALID_WEIGHTS when a weight is negative, or all are 0 while the total is not.
 */
export function allocate(total: bigint, weights: readonly bigint[]): bigint[] {
  if (weights.some((weight) => weight < 0n)) {
    throw new MoneyError('INVALID_WEIGHTS', 'weights must not be negative');
  }
  const whole = weights.reduce((sum, weight) => sum + weight, 0n);
  if (whole === 0n) {
    if (total === 0n) return weights.map(() => 0n);
    throw new MoneyError('INVALID_WEIGHTS', `${total} cannot be split: all weights are 0`);
  }
  const absolute = total < 0n ? -total : total;
  const parts = weights.map((weight) => (absolute * weight) / whole);
  const remainders = weights.map((weight) => (absolute * weight) % whole);
  let left = absolute - parts.reduce((sum, part) => sum + part, 0n);
  const order = weights.map((_, index) => index);
  order.sort((a, b) => {
    const [x, y] = [remainders[a] ?? 0n, remainders[b] ?? 0n];
    return x === y ? a - b : x > y ? -1 : 1;
  });
  for (const index of order) {
    if (left === 0n) break;
    parts[index] = (parts[index] ?? 0n) + 1n;
    left -= 1n;
  }
  return total < 0n ? parts.map((part) => -part) : parts;
}
