import { over, plus, type Rational, rational, round, ZERO } from '@dotmac/platform/money/rational';

/**
 * Splits `total` in proportion to exact parts of either sign: every part is rounded down and the units that are
 * left go to the largest remainders. A negative total mirrors the positive one.
 */
export function spread(total: bigint, exact: readonly Rational[]): bigint[] {
  if (total < 0n) {
    const mirrored = exact.map((part) => rational(-part.num, part.den));
    return spread(-total, mirrored).map((part) => -part);
  }
  const floors = exact.map((part) =>
    part.num >= 0n ? part.num / part.den : -((-part.num + part.den - 1n) / part.den),
  );
  const left = total - floors.reduce((sum, part) => sum + part, 0n);
  const rests = exact.map((part, index) => plus(part, rational(-(floors[index] ?? 0n))));
  const scale = rests.reduce((den, part) => over(rational(den), rational(part.den)).den * den, 1n);
  const weights = rests.map((part) => (part.num * scale) / part.den);
  const order = weights.map((_, index) => index).sort((a, b) => compare(weights[b], weights[a]) || a - b);
  for (const index of order.slice(0, Number(left))) floors[index] = (floors[index] ?? 0n) + 1n;
  return floors;
}

const compare = (a = 0n, b = 0n) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * The tax of one rate over its lines. What is inside prices is rounded apart from what is put on them, so that the base
 * that remains of the prices stays within a unit of the tax it was left by.
 */
export function share(
  total: bigint,
  parts: readonly { readonly exact: Rational; readonly inclusive: boolean }[],
): bigint[] {
  const exactOf = (inclusive: boolean) =>
    parts.flatMap((part) => (part.inclusive === inclusive ? part.exact : []));
  const inside = exactOf(true);
  if (inside.length === 0 || inside.length === parts.length)
    return spread(
      total,
      parts.map(({ exact }) => exact),
    );
  const ofInside = round(inside.reduce(plus, ZERO));
  const shares = {
    inside: spread(ofInside, inside).values(),
    beside: spread(total - ofInside, exactOf(false)).values(),
  };
  return parts.map(({ inclusive }) => (inclusive ? shares.inside : shares.beside).next().value ?? 0n);
}
