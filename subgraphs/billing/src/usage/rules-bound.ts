import { ValidationError } from '@dotmac/schema';
import { checkShaping, type Shaping } from '../catalogue/rules.ts';

export const countedDirections = ['DOWNSTREAM', 'UPSTREAM', 'BOTH'] as const;
export const capActions = ['THROTTLE', 'BLOCK', 'OVERAGE', 'NOTIFY'] as const;
type CapAction = (typeof capActions)[number];

/** A data cap: so many octets per interval of the plan, and what happens beyond. Amounts in minor units. */
export interface VolumeBound {
  readonly mechanism: 'VOLUME';
  readonly octets: bigint;
  readonly counted: (typeof countedDirections)[number];
  readonly atCap: CapAction;
  /** With THROTTLE: the speeds beyond the cap. */
  readonly throttled?: Shaping;
  /** With OVERAGE: a price for each started unit beyond the cap. */
  readonly overage?: VolumeOffer;
  /** More volume for the rest of a period, and what it costs. */
  readonly topUp?: VolumeOffer;
  /** What is left of a period is there once more in the next one, used after that one's own. */
  readonly rollover: boolean;
  /** Local hours [from, to) that do not count; `to` below `from` goes over midnight. */
  readonly freeWindows: readonly FreeWindow[];
}
export interface VolumeOffer {
  readonly octets: bigint;
  readonly priceMinor: bigint;
  /** That of the plan version. */
  readonly currency: string;
}
export interface FreeWindow {
  readonly fromHour: number;
  readonly toHour: number;
}

/** What limits a plan besides its speed: one mechanism, so that a subscriber can be told in a sentence. */
export type PlanBound =
  | VolumeBound
  /** So many subscribers share the speed of one at the busiest hour. */
  | { readonly mechanism: 'CONTENTION'; readonly ratio: number }
  /** What is guaranteed of the speed, in bits per second. */
  | { readonly mechanism: 'COMMITTED_RATE'; readonly downstream: bigint; readonly upstream: bigint }
  /** The addresses that come with it, as prefix lengths. */
  | {
      readonly mechanism: 'ADDRESS_BLOCK';
      readonly ipv4PrefixLength?: number;
      readonly ipv6PrefixLength?: number;
    };

/** @throws ValidationError naming the field that makes no sense with the speeds of the plan. */
export function checkBound(bound: PlanBound, shaping: Shaping, field: string): void {
  const refuse = (at: string, message: string): never => {
    throw new ValidationError(`${field}.${at}`, message);
  };
  switch (bound.mechanism) {
    case 'VOLUME':
      checkVolume(bound, shaping, refuse, field);
      return;
    case 'CONTENTION':
      if (!Number.isInteger(bound.ratio) || bound.ratio < 1 || bound.ratio > 1000)
        refuse('contention.ratio', `A ratio is a whole number from 1 to 1000, not ${bound.ratio}`);
      return;
    case 'COMMITTED_RATE':
      for (const direction of ['downstream', 'upstream'] as const)
        if (bound[direction] <= 0n || bound[direction] > shaping[direction].bitsPerSecond)
          refuse(`committedRate.${direction}`, 'A committed rate lies above 0 and not above the speed');
      return;
    case 'ADDRESS_BLOCK': {
      const { ipv4PrefixLength: four, ipv6PrefixLength: six } = bound;
      if (four === undefined && six === undefined) refuse('addressBlock', 'Name the length of a prefix');
      if (four !== undefined && (four < 8 || four > 32))
        refuse('addressBlock.ipv4PrefixLength', `An IPv4 block has a prefix of 8 to 32 bits, not ${four}`);
      if (six !== undefined && (six < 16 || six > 64))
        refuse('addressBlock.ipv6PrefixLength', `An IPv6 block has a prefix of 16 to 64 bits, not ${six}`);
    }
  }
}

function checkVolume(
  bound: VolumeBound,
  shaping: Shaping,
  refuse: (at: string, message: string) => never,
  field: string,
): void {
  if (bound.octets <= 0n) refuse('volume.octets', 'A cap is more than 0 octets');
  const pairs = [
    ['throttled', 'THROTTLE'],
    ['overage', 'OVERAGE'],
  ] as const;
  for (const [name, action] of pairs)
    if ((bound[name] !== undefined) !== (bound.atCap === action))
      refuse(`volume.${name}`, `A cap that does ${action}, and only it, has this`);
  if (bound.throttled !== undefined) {
    checkShaping(bound.throttled, `${field}.volume.throttled`);
    for (const direction of ['downstream', 'upstream'] as const)
      if (bound.throttled[direction].bitsPerSecond > shaping[direction].bitsPerSecond)
        refuse(`volume.throttled.${direction}`, 'Beyond the cap it is not faster than before');
  }
  for (const name of ['overage', 'topUp'] as const) {
    const offer = bound[name];
    if (offer === undefined) continue;
    if (offer.octets <= 0n) refuse(`volume.${name}.octets`, 'A unit is more than 0 octets');
    if (offer.priceMinor <= 0n) refuse(`volume.${name}.price`, 'A price is more than 0');
  }
  for (const [index, { fromHour, toHour }] of bound.freeWindows.entries()) {
    const fits = (hour: number, last: number) => Number.isInteger(hour) && hour >= 0 && hour <= last;
    if (!fits(fromHour, 23) || !fits(toHour, 24) || fromHour === toHour)
      refuse(`volume.freeWindows[${index}]`, 'A window goes from hour 0-23 to another hour up to 24');
  }
}

/** As it is stored: whatever is a bigint, as decimal text. */
export function boundText(bound: PlanBound): string {
  return JSON.stringify(bound, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
}

const bigintFields = new Set(['octets', 'priceMinor', 'bitsPerSecond', 'thresholdBitsPerSecond']);

/** The inverse of `boundText`, from the parsed JSON. */
export function boundOf(stored: unknown): PlanBound {
  const revive = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) return value.map((one) => revive(one, ''));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, revive(one, name)]));
    // Of a committed rate the directions themselves are numbers.
    const number = bigintFields.has(key) || key === 'downstream' || key === 'upstream';
    return number && typeof value === 'string' ? BigInt(value) : value;
  };
  return revive(stored, '') as PlanBound;
}
