import type { OperStatus } from '@dotmac/device';

/** Counters of a port at one reading. */
export interface CounterSample {
  /** Milliseconds since the epoch, on our clock. */
  readonly at: number;
  /** The device's own clock in the same reply; null when it gave none. */
  readonly uptimeSeconds: number | null;
  readonly octets: bigint | null;
  readonly counterBits: 32 | 64 | null;
}

/** `bitsPerSecond`, or why there is none for this span. */
export type RateResult =
  | { readonly kind: 'RATE'; readonly bitsPerSecond: bigint; readonly seconds: number }
  | { readonly kind: 'NO_BASELINE' | 'RESET' | 'IMPLAUSIBLE' };

/** A port is not believed to carry more than this times its own speed: reading times jitter. */
const tolerance = 1.1;
/** Over less, the error of the clocks is larger than what is measured. */
const shortestSpanSeconds = 0.05;
/** Without a known speed: 400 Gbit/s. */
const fastestPort = 400_000_000_000n;

/**
 * The rate between two readings. Spans are measured by the device's clock where it gives one. A counter that went back is
 * a wrap when it has 32 bits and the port could have carried that much; otherwise the device began anew, and the span
 * has no rate: never a negative or an absurd one.
 */
export function rateBetween(
  before: CounterSample,
  now: CounterSample,
  speedBitsPerSecond: bigint | null,
): RateResult {
  if (before.octets === null || now.octets === null) return { kind: 'NO_BASELINE' };
  if (restarted(before, now)) return { kind: 'RESET' };
  const seconds = secondsBetween(before, now);
  if (seconds < shortestSpanSeconds) return { kind: 'NO_BASELINE' };
  let octets = now.octets - before.octets;
  if (octets < 0n) {
    if (now.counterBits !== 32 || before.counterBits !== 32) return { kind: 'RESET' };
    octets += 2n ** 32n;
    if (octets < 0n) return { kind: 'RESET' };
  }
  const bitsPerSecond = BigInt(Math.round((Number(octets) * 8) / seconds));
  const most = BigInt(
    Math.round(
      Number(speedBitsPerSecond === null || speedBitsPerSecond === 0n ? fastestPort : speedBitsPerSecond) *
        tolerance,
    ),
  );
  return bitsPerSecond > most ? { kind: 'IMPLAUSIBLE' } : { kind: 'RATE', bitsPerSecond, seconds };
}

/** sysUpTime counts hundredths of a second in 32 bits: it begins anew after 497.1 days of running. */
const uptimeWrapSeconds = 2 ** 32 / 100;

/** Whether the device began anew in between; a clock that went back because it wrapped has not. */
function restarted(before: CounterSample, now: CounterSample): boolean {
  if (before.uptimeSeconds === null || now.uptimeSeconds === null) return false;
  if (now.uptimeSeconds >= before.uptimeSeconds) return false;
  return uptimeOffset(before, now) > wrapSlackSeconds(before, now);
}

/** How far the device's clock is from where it would stand had it wrapped. */
function uptimeOffset(before: CounterSample, now: CounterSample): number {
  const expected = (before.uptimeSeconds ?? 0) + (now.at - before.at) / 1000 - uptimeWrapSeconds;
  return Math.abs((now.uptimeSeconds ?? 0) - expected);
}

/** A hundredth of the span, or 30 seconds over short ones: clocks drift, answers are late. */
function wrapSlackSeconds(before: CounterSample, now: CounterSample): number {
  return Math.max(30, ((now.at - before.at) / 1000) * 0.01);
}

/**
 * By the device's clock where it is fine enough: it knows when it read its counters, we only know when the answer came.
 * Over short spans a clock of whole seconds is the coarser measure.
 */
function secondsBetween(before: CounterSample, now: CounterSample): number {
  const ours = (now.at - before.at) / 1000;
  if (before.uptimeSeconds === null || now.uptimeSeconds === null) return ours;
  const wrapped = now.uptimeSeconds < before.uptimeSeconds ? uptimeWrapSeconds : 0;
  const theirs = now.uptimeSeconds + wrapped - before.uptimeSeconds;
  const fine = !Number.isInteger(before.uptimeSeconds) || !Number.isInteger(now.uptimeSeconds);
  return theirs > 0 && (fine || theirs >= 10) ? theirs : ours;
}

/** Whether the change of a port's state is one to tell: only between states that were really seen. */
export function operStatusChanged(before: string | null, now: OperStatus | null): boolean {
  return before !== null && now !== null && before !== now && now !== 'unknown' && before !== 'unknown';
}
