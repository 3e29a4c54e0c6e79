import { isIP } from 'node:net';
import { Trap } from './messages.ts';
import type { Field } from './schema.ts';

const rateUnits: Record<string, bigint> = { '': 1n, k: 1_000n, M: 1_000_000n, G: 1_000_000_000n };
const durationUnits: readonly (readonly [string, number])[] = [
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
];

/** `10M` → `10000000`; null when it is no rate. `k` is 1000. */
export function normaliseRate(text: string): string | null {
  const match = /^(\d+)([kMG]?)$/.exec(text);
  return match === null
    ? null
    : String(BigInt(match[1] as string) * (rateUnits[match[2] as string] as bigint));
}

/** Milliseconds as RouterOS prints them: `1w2d3h4m5s`, `0s`, `300ms`. */
export function printDuration(milliseconds: number): string {
  let rest = Math.floor(milliseconds);
  let text = '';
  for (const [unit, size] of durationUnits) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === '' ? '0s' : text;
}

/** `5m`, `1h30m`, `90` (seconds), `00:05:00` → milliseconds; null when it is no duration. */
export function parseDuration(text: string): number | null {
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const clock = /^(\d+):(\d\d):(\d\d)$/.exec(text);
  if (clock !== null) return (Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3])) * 1000;
  const match = /^(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(text);
  if (match === null || text === '') return null;
  return durationUnits.reduce((sum, [, size], index) => sum + Number(match[index + 1] ?? 0) * size, 0);
}

const pairOf = (part: (text: string) => string | null) => (text: string) => {
  const [first = '', second = first, ...more] = text.split('/');
  const values = [part(first), part(second)];
  return more.length > 0 || values.includes(null) ? null : values.join('/');
};

const normalDuration = (text: string) => {
  const milliseconds = parseDuration(text);
  return milliseconds === null ? null : printDuration(milliseconds);
};

function normalPrefix(text: string): string | null {
  const [address = '', length, ...more] = text.split('/');
  const family = isIP(address);
  // Ranges and DNS names are lists' own business; they are kept as written.
  if (family === 0) return /^[\w.:-]+$/.test(text) ? text : null;
  if (length === undefined) return address;
  const most = family === 4 ? 32 : 128;
  if (more.length > 0 || !/^\d+$/.test(length) || Number(length) > most) return null;
  return Number(length) === most ? address : text;
}

/** A queue's target prints every address with its length; what is no address is an interface. */
function normalTargets(text: string): string {
  const lengths: Record<number, string> = { 4: '/32', 6: '/128' };
  return text
    .split(',')
    .map((target) => target + (lengths[isIP(target)] ?? ''))
    .join(',');
}

const normalisers: Record<string, (text: string, field: Field) => string | null> = {
  text: (text) => text,
  bool: (text) =>
    text === 'yes' || text === 'true' ? 'true' : text === 'no' || text === 'false' ? 'false' : null,
  word: (text, field) => (field.of.includes(text) ? text : null),
  address: (text) => (isIP(text) > 0 ? text : null),
  prefix: normalPrefix,
  targets: normalTargets,
  rates: pairOf(normaliseRate),
  duration: normalDuration,
  durations: pairOf(normalDuration),
  number: (text) => (/^\d+$/.test(text) ? text : null),
  mac: (text) => (/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text) ? text.toUpperCase() : null),
  // References need the tables; the router checks them.
  ref: (text) => text,
};

/** A written value as the router will print it. @throws Trap category 1 when the field does not take it */
export function normalise(field: Field, text: string): string {
  const value = normalisers[field.type]?.(text, field);
  if (value === undefined || value === null)
    throw new Trap('input does not match any value of <x>', field.name);
  return value;
}
