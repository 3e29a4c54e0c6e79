import type { Clock, Shaping } from '@dotmac/device';
import type { DecodedAttribute } from '@dotmac/radius';

/** A subscriber's session on the simulated NAS: what the NAS does, not what it was told. */
export interface NasSession {
  readonly id: string;
  readonly username: string;
  readonly mac: string;
  readonly portId: string;
  readonly startedAt: number;
  address: string | null;
  /** Null: unlimited. */
  shaping: Shaping | null;
  addressList: string | null;
  /** Every list of the last word about lists, its first included. */
  addressLists: readonly string[];
  filterId: string | null;
  /** Of the login: no CoA changes it. */
  readonly pool: string | null;
  readonly classes: readonly Uint8Array[];
  readonly interimSeconds: number | null;
  /** Ended by the NAS then; null without Session-Timeout. */
  readonly endsAt: number | null;
  upstreamOctets: bigint;
  downstreamOctets: bigint;
  /** Until when octets have been counted. */
  countedUntil: number;
}

/** Counts what a session has carried by the clock, at a share of its speed (0 to 1). */
export function countTraffic(session: NasSession, clock: Clock, utilisation: number): void {
  const now = clock.now();
  const milliseconds = Math.max(0, now - session.countedUntil);
  session.countedUntil = now;
  if (session.shaping === null) return;
  const share = BigInt(Math.round(utilisation * 1000));
  const octets = (bitsPerSecond: bigint) =>
    (bitsPerSecond * share * BigInt(Math.round(milliseconds))) / 8_000_000n;
  session.upstreamOctets += octets(session.shaping.upstream.bitsPerSecond);
  session.downstreamOctets += octets(session.shaping.downstream.bitsPerSecond);
}

/** Applies what an Access-Accept or a CoA-Request says; attributes a NAS does not know are ignored. */
export function applyAttributes(session: NasSession, attributes: readonly DecodedAttribute[]): void {
  const text = (name: string) => {
    const value = attributes.find((attribute) => attribute.name === name)?.value;
    return value === undefined ? null : String(value);
  };
  const rate = text('Mikrotik-Rate-Limit');
  if (rate !== null) session.shaping = parseRateLimit(rate);
  const up = text('WISPr-Bandwidth-Max-Up');
  const down = text('WISPr-Bandwidth-Max-Down');
  // RouterOS lets its own attribute win over WISPr's.
  if (rate === null && up !== null && down !== null)
    session.shaping = {
      upstream: { bitsPerSecond: BigInt(up) },
      downstream: { bitsPerSecond: BigInt(down) },
    };
  const filter = text('Filter-Id');
  if (filter !== null) session.filterId = filter;
  const lists = attributes
    .filter(({ name }) => name === 'Mikrotik-Address-List')
    .map(({ value }) => String(value));
  if (lists.length > 0) session.addressLists = lists.filter((one) => one !== '');
  const list = text('Mikrotik-Address-List');
  if (list !== null) session.addressList = list === '' ? null : list;
}

/** Reads `rx/tx [rx-burst/tx-burst threshold time]`: rx is the subscriber's upload. Throws `RangeError`. */
export function parseRateLimit(text: string): Shaping {
  const [rate = '', burst, threshold, time] = text.split(' ');
  const pair = (word: string): readonly [string, string] => {
    const [rx = '', tx = rx] = word.split('/');
    return [rx, tx];
  };
  const limit = (side: 0 | 1) => ({
    bitsPerSecond: parseSpeed(pair(rate)[side]),
    ...(burst === undefined
      ? {}
      : {
          burst: {
            bitsPerSecond: parseSpeed(pair(burst)[side]),
            thresholdBitsPerSecond: parseSpeed(pair(threshold ?? rate)[side]),
            seconds: Number(pair(time ?? '1')[side]),
          },
        }),
  });
  return { upstream: limit(0), downstream: limit(1) };
}

function parseSpeed(word: string): bigint {
  const match = /^(\d+)([kM]?)$/.exec(word);
  if (match === null) throw new RangeError(`"${word}" is not a speed such as 512k or 25M`);
  return BigInt(match[1] as string) * { k: 1_000n, M: 1_000_000n, '': 1n }[match[2] as 'k' | 'M' | ''];
}
