import type { Scale } from './schema.ts';

/** Values many agents send for "no reading", whatever the object. */
const NO_READING: ReadonlySet<number> = new Set([
  2_147_483_647, -2_147_483_648, 4_294_967_295, -32_768, 65_535_000,
]);

/** A raw number in the unit of its class; null when it means "no reading". */
export function scaled(raw: number | null, scale: Scale): number | null {
  if (raw === null || NO_READING.has(raw) || scale.absent?.includes(raw)) return null;
  return tidy((raw * (scale.multiplier ?? 1)) / (scale.divisor ?? 1));
}

/** Twelve significant digits: hides the noise of binary fractions (0.1 * 3), no measured digit. */
export function tidy(value: number): number {
  return Number(value.toPrecision(12));
}

/** Optical power. Nothing and less is no light. */
export function wattsToDbm(watts: number): number | null {
  return watts > 0 ? 10 * Math.log10(watts * 1000) : null;
}
