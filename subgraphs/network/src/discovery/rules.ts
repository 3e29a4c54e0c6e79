import { ValidationError } from '@dotmac/schema';
import { addressText, type Block, countOf, parseBlock } from '../address/block.ts';
import { forbiddenBlocks } from '../device/destination.ts';

/** Addresses in one discovery: a /20. */
export const mostAddresses = 4_096;
/** Credentials tried at one address: more would look like an attack, and lock accounts out. */
export const mostCredentials = 4;
/** Addresses begun with in a second. */
export const addressesPerSecond = 50;
/** Addresses asked at the same time. */
export const addressesAtOnce = 64;

/** First and last of an IPv4 range, both included. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

const block = (text: string): Range => rangeOfBlock(parseBlock(text) as Block);

const forbidden = forbiddenBlocks
  .filter((one) => one.block.family === 4)
  .map((one) => ({ range: rangeOfBlock(one.block), what: one.what }));
const loopback = block('127.0.0.0/8');

/** Addresses that are nobody's in particular: every ISP has its own behind them. */
const privateRanges = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'].map(block);

/**
 * The ranges of a discovery: `192.0.2.0/24`, `192.0.2.10-192.0.2.40`, or one address. Network and broadcast addresses of a
 * block larger than /31 are left out.
 * @param own blocks that are the tenant's: its address pools.
 * @param demo whether this machine may be searched: the devices of a demo are there.
 * @throws ValidationError naming the range and what would be right.
 */
export function discoveryRanges(
  texts: readonly string[],
  own: readonly string[],
  demo: boolean,
): { readonly ranges: Range[]; readonly total: number } {
  if (texts.length === 0) throw new ValidationError('input.ranges', 'Give at least one range of addresses');
  const ranges = texts.map((text, n) => {
    const field = `input.ranges.${n}`;
    const range = parseRange(text);
    if (range === null && text.includes(':'))
      throw new ValidationError(
        field,
        `"${text}" is IPv6, whose networks are too large to search (a /64 at ${addressesPerSecond} a second takes longer than there is time); register its devices by their addresses`,
      );
    if (range === null)
      throw new ValidationError(
        field,
        `"${text}" is no range of IPv4 addresses; write 192.0.2.0/24, 192.0.2.10-192.0.2.40 or one address`,
      );
    const bad = forbidden.find((one) => overlaps(one.range, range));
    if (bad !== undefined) throw new ValidationError(field, `${text} holds ${bad.what}, where no device is`);
    if (overlaps(loopback, range) && !demo)
      throw new ValidationError(field, `${text} is the machine DotMac runs on, not a network of yours`);
    const yours = [...privateRanges, loopback, ...own.flatMap(ownRange)];
    if (!yours.some((one) => one.first <= range.first && range.last <= one.last))
      throw new ValidationError(
        field,
        `${text} is neither private nor inside an address pool of yours; create the pool first`,
      );
    return range;
  });
  const total = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  if (total > mostAddresses)
    throw new ValidationError(
      'input.ranges',
      `${total} addresses are too many at once; at most ${mostAddresses}, which is a /20`,
    );
  return { ranges, total };
}

/** The addresses from the `skip`th on, in order. */
export function* addressesOf(ranges: readonly Range[], skip = 0): Generator<string> {
  let left = skip;
  for (const { first, last } of ranges) {
    const count = last - first + 1;
    if (left >= count) {
      left -= count;
      continue;
    }
    for (let value = first + left; value <= last; value++) yield addressText(4, BigInt(value));
    left = 0;
  }
}

export function rangeText({ first, last }: Range): string {
  const [from, to] = [first, last].map((value) => addressText(4, BigInt(value)));
  return from === to ? `${from}` : `${from}-${to}`;
}

/** Null for what is no range of IPv4 addresses. */
export function parseRange(text: string): Range | null {
  const tidy = text.trim();
  const [from = '', to, ...more] = tidy.split('-').map((part) => part.trim());
  if (more.length > 0) return null;
  if (to === undefined) {
    const one = parseBlock(tidy);
    if (one === null || one.family !== 4) return null;
    const range = rangeOfBlock(one);
    return one.length >= 31 ? range : { first: range.first + 1, last: range.last - 1 };
  }
  const ends = [from, to].map(parseBlock);
  const [a, b] = ends;
  if (a?.family !== 4 || b?.family !== 4 || a.length !== 32 || b.length !== 32) return null;
  const range = { first: Number(a.base), last: Number(b.base) };
  return range.first <= range.last ? range : null;
}

function ownRange(text: string): Range[] {
  const one = parseBlock(text);
  return one === null || one.family !== 4 ? [] : [rangeOfBlock(one)];
}

function rangeOfBlock(one: Block): Range {
  const first = Number(one.base);
  return { first, last: first + Number(countOf(one, 32)) - 1 };
}

function overlaps(a: Range, b: Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}
