import type { BitsPerSecond, MacAddress, RateLimit, Shaping } from '@dotmac/device';

/** What RouterOS prints for booleans; some fields print the word. */
export function parseBoolean(text: string | undefined): boolean | null {
  if (text === 'true' || text === 'yes') return true;
  if (text === 'false' || text === 'no') return false;
  return null;
}

/** A counter or size as printed, null when absent or not a whole number. */
export function parseWhole(text: string | undefined): bigint | null {
  return text !== undefined && /^\d+$/.test(text) ? BigInt(text) : null;
}

/** As `parseWhole`, for values that fit a number. */
export function parseNumber(text: string | undefined): number | null {
  return text !== undefined && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : null;
}

const durationPattern = /^(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:\d+ms)?$/;

/** `1w2d3h4m5s` or `hh:mm:ss` (with `1d` before it on old devices) in whole seconds; null when it is neither. */
export function parseDurationSeconds(text: string | undefined): number | null {
  if (text === undefined || text === '') return null;
  const clock = /^(?:(\d+)w)?(?:(\d+)d)?(\d+):(\d\d):(\d\d)$/.exec(text);
  const match = clock ?? durationPattern.exec(text);
  if (match === null) return null;
  const [weeks, days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return (((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds;
}

const multipliers: Record<string, bigint> = { '': 1n, k: 1_000n, M: 1_000_000n, G: 1_000_000_000n };

/** `10M`, `512k`, `10000000` in bits per second; `k` is 1000. Null when it is no rate. */
export function parseRate(text: string): BitsPerSecond | null {
  const match = /^(\d+)([kMG]?)$/.exec(text);
  return match === null ? null : BigInt(match[1] as string) * (multipliers[match[2] as string] as bigint);
}

/** `1Gbps`, `2.5Gbps`, `100Mbps` of an Ethernet link; null when it is none. */
export function parseLinkRate(text: string | undefined): BitsPerSecond | null {
  const match = /^(\d+)(?:\.(\d))?(k|M|G)bps$/.exec(text ?? '');
  if (match === null) return null;
  const tenths = BigInt(match[1] as string) * 10n + BigInt(match[2] ?? 0);
  return (tenths * (multipliers[match[3] as string] as bigint)) / 10n;
}

/** Lower-case, colon-separated; null when it is no MAC address (callers may send an IP address or a port name). */
export function parseMac(text: string | undefined): MacAddress | null {
  return text !== undefined && /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text) ? text.toLowerCase() : null;
}

/** The fields of a simple queue that hold a speed. Every one is `up/down`: the router's view of the target. */
export interface QueueRates {
  readonly 'max-limit': string;
  readonly 'burst-limit': string;
  readonly 'burst-threshold': string;
  readonly 'burst-time': string;
}

/** A speed as a simple queue takes it: bits per second, upload first. */
export function queueRates(shaping: Shaping): QueueRates {
  const { upstream, downstream } = shaping;
  const pair = (of: (limit: RateLimit) => string) => `${of(upstream)}/${of(downstream)}`;
  return {
    'max-limit': pair((limit) => String(limit.bitsPerSecond)),
    'burst-limit': pair((limit) => String(limit.burst?.bitsPerSecond ?? 0n)),
    'burst-threshold': pair((limit) => String(limit.burst?.thresholdBitsPerSecond ?? 0n)),
    'burst-time': pair((limit) => `${limit.burst?.seconds ?? 0}s`),
  };
}

function splitPair(text: string | undefined): readonly [string, string] {
  const [up = '0', down = up] = (text ?? '0/0').split('/');
  return [up, down];
}

/**
 * The speed a simple queue gives, null when one direction has no limit at all (0 is unlimited).
 */
export function shapingOf(queue: Partial<QueueRates>): Shaping | null {
  const limits = splitPair(queue['max-limit']).map(parseRate);
  const bursts = splitPair(queue['burst-limit']).map(parseRate);
  const thresholds = splitPair(queue['burst-threshold']).map(parseRate);
  const times = splitPair(queue['burst-time']).map(parseDurationSeconds);
  const direction = (index: 0 | 1): RateLimit | null => {
    const limit = limits[index];
    if (!limit) return null;
    const burst = bursts[index];
    if (!burst) return { bitsPerSecond: limit };
    return {
      bitsPerSecond: limit,
      burst: {
        bitsPerSecond: burst,
        thresholdBitsPerSecond: thresholds[index] ?? 0n,
        seconds: times[index] ?? 0,
      },
    };
  };
  const upstream = direction(0);
  const downstream = direction(1);
  return upstream === null || downstream === null ? null : { upstream, downstream };
}

/** Whether a queue's printed rates are the wanted ones, whatever the notation. */
export function sameRates(queue: Partial<QueueRates>, wanted: QueueRates): boolean {
  const rates = (text: string | undefined) => splitPair(text).map(parseRate).join('/');
  const times = (text: string | undefined) => splitPair(text).map(parseDurationSeconds).join('/');
  const bursting = wanted['burst-limit'] !== '0/0';
  return (
    rates(queue['max-limit']) === rates(wanted['max-limit']) &&
    rates(queue['burst-limit']) === rates(wanted['burst-limit']) &&
    (!bursting ||
      (rates(queue['burst-threshold']) === rates(wanted['burst-threshold']) &&
        times(queue['burst-time']) === times(wanted['burst-time'])))
  );
}
