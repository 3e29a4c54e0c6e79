import type { Conversion, Scale } from './schema.ts';

/** Values many agents send for "no reading", whatever the object. */
const NO_READING: ReadonlySet<number> = new Set([
  2_147_483_647, -2_147_483_648, 4_294_967_295, -32_768, 65_535_000,
]);

/** A raw number in the unit of its class; null when it means "no reading". */
export function scaled(raw: number | null, scale: Scale): number | null {
  if (raw === null || NO_READING.has(raw) || scale.absent?.includes(raw)) return null;
  const whole = tidy((raw * (scale.multiplier ?? 1)) / (scale.divisor ?? 1));
  const value = whole > (scale.tenthAbove ?? Number.POSITIVE_INFINITY) ? tidy(whole / 10) : whole;
  return scale.convert === undefined ? value : conversions[scale.convert](value);
}

/** Twelve significant digits: hides the noise of binary fractions (0.1 * 3), no measured digit. */
export function tidy(value: number): number {
  return Number(value.toPrecision(12));
}

/** Optical power. Nothing and less is no light. */
export function wattsToDbm(watts: number): number | null {
  return watts > 0 ? 10 * Math.log10(watts * 1000) : null;
}

/** Centre frequency of a channel (IEEE 802.11, 2.4 and 5 GHz), MHz. */
export function channelToMhz(value: number): number | null {
  if (value > 2000) return value;
  // Bits above the low octet say how wide the channel is.
  const channel = value % 256;
  if (channel === 14) return 2484;
  if (channel >= 1 && channel <= 13) return 2407 + 5 * channel;
  return channel >= 32 && channel <= 196 ? 5000 + 5 * channel : null;
}

const conversions: Readonly<Record<Conversion, (value: number) => number | null>> = {
  wattsToDbm,
  fahrenheit: (value) => tidy(((value - 32) * 5) / 9),
  channelToMhz,
  signedOctet: (value) => (value > 127 && value < 256 ? value - 256 : value),
  signedDbMicrowatts: (value) => tidy((value > 32_767 ? value - 65_536 : value) * 0.002 - 30),
  // Some agents send hundredths of a dBm below 1 mW and others microwatts: only the latter are positive.
  microwattsOrCentiDbm: (value) => (value > 0 ? wattsToDbm(value / 1e6) : value / 100),
};
