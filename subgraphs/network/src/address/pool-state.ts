import { type Block, blockText, nthOf } from './block.ts';
import { isReserved } from './rules.ts';

export const poolKinds = ['IPV4', 'IPV6_PREFIX', 'DELEGATED_PREFIX'] as const;
export type PoolKind = (typeof poolKinds)[number];

/** A pool that lends for as long as a session lasts. */
export interface LendingPool {
  readonly id: string;
  readonly name: string;
  readonly kind: PoolKind;
  readonly cidr: string;
  /** The prefix length of what one line gets. */
  readonly lentLength: number;
  /** The NASes that lend from it; all when empty. */
  readonly nasIds: readonly string[];
}

/** Something lent to a line, or kept for it since it went. */
export interface Lease {
  readonly poolId: string;
  readonly kind: PoolKind;
  /** `100.64.0.9/32`, `2001:db8:7::/56`. */
  readonly prefix: string;
  readonly serviceId: string;
  readonly mac: string | null;
  /** Milliseconds since the epoch. */
  readonly lentAt: number;
  /** Null while it is lent. */
  releasedAt: number | null;
}

/** What may be lent to somebody who did not have it, by pool: on disk before it is lent. */
export type Marks = Readonly<Record<string, PoolMark>>;

export interface PoolMark {
  /** Of what was never lent, everything below this number. */
  readonly upTo: number;
  /** Of what others have had. */
  readonly offered: readonly number[];
}

export interface PoolState {
  readonly pool: LendingPool;
  readonly block: Block;
  readonly size: number;
  /** From here on nothing was ever lent. */
  next: number;
  readonly leases: Map<number, Lease>;
  /** Released ones by their number, the one longest unused first. */
  readonly idle: Map<number, Lease>;
  /** The mark that is on disk. */
  upTo: number;
  readonly offered: Set<number>;
  /** Somebody may have been lent these, and nobody knows who. */
  readonly doubtful: Set<number>;
  /** Until then nobody is lent what is doubtful or was another's. */
  doubtUntil: number;
}

export interface Found {
  readonly state: PoolState;
  readonly number: number;
  readonly lease: Lease | undefined;
}

/** By then accounting has told of every session that is up: three intervals of the usual length, as the reaper waits. */
export const doubtMilliseconds = 15 * 60_000;
/** How far ahead marks are: a sixteenth of the pool is what a power cut may leave in doubt. */
function aheadOf(size: number): number {
  return Math.max(8, Math.min(1_024, Math.floor(size / 16)));
}

/** How far a pool's mark should go, and whether that is needed now: what is left of the one there is runs short. */
export function wantedMark(
  state: PoolState,
  now: number,
  recorded: boolean,
): { readonly mark: PoolMark; readonly short: boolean } {
  const { size, idle, offered } = state;
  const ahead = aheadOf(size);
  const next = firstUnused(state) ?? size;
  let short = state.upTo < size && state.upTo - next < ahead / 2;
  const upTo = Math.max(state.upTo, Math.min(size, next + ahead));
  const kept = [...offered].filter((number) => !recorded || idle.has(number));
  if (now < state.doubtUntil) kept.push(...[...state.doubtful].filter((number) => !offered.has(number)));
  // Only what was another's is left soon, and what that is must be certain.
  else if (next + ahead >= size) {
    const open = kept.filter((number) => idle.has(number)).length;
    const more = open < Math.min(ahead / 2, idle.size) ? numbersOf(idle, offered, ahead - open) : [];
    short ||= more.length > 0;
    kept.push(...more);
  }
  return { mark: { upTo, offered: kept }, short };
}

/** Puts into doubt what a mark let somebody be lent. @returns the leases that stand for it: nobody's, and the last to be lent again. */
export function doubt(state: PoolState, mark: PoolMark, now: number): Map<number, Lease> {
  const unknown = new Map<number, Lease>();
  state.doubtUntil = now + doubtMilliseconds;
  const { id: poolId, kind } = state.pool;
  for (const number of mark.offered) state.doubtful.add(number);
  for (let number = 0; number < Math.min(mark.upTo, state.size); number++) {
    if (state.leases.has(number) || (kind === 'IPV4' && isReserved(number, state.size))) continue;
    const prefix = blockText(nthOf(state.block, state.pool.lentLength, BigInt(number)));
    const lease: Lease = { poolId, kind, prefix, serviceId: '', mac: null, lentAt: now, releasedAt: now };
    state.leases.set(number, lease);
    state.idle.set(number, lease);
    state.doubtful.add(number);
    unknown.set(number, lease);
  }
  return unknown;
}

/** What nobody has. @param marked whether only what the marks allow. */
export function unheld(states: readonly PoolState[], now: number, marked: boolean): Found | null {
  for (const state of states) {
    const number = firstUnused(state);
    if (number !== null && (!marked || number < state.upTo)) return { state, number, lease: undefined };
  }
  // While something unused is left, what others have had is kept for them.
  if (states.some((state) => firstUnused(state) !== null)) return null;
  for (const state of states) {
    if (now < state.doubtUntil) continue;
    for (const [number, lease] of state.idle)
      if (!marked || state.offered.has(number)) return { state, number, lease };
  }
  return null;
}

/** Those longest unused that are not among the others. */
function numbersOf(idle: ReadonlyMap<number, Lease>, others: ReadonlySet<number>, count: number): number[] {
  const numbers: number[] = [];
  for (const number of idle.keys()) {
    if (numbers.length >= count) break;
    if (!others.has(number)) numbers.push(number);
  }
  return numbers;
}

/** The first number that was never lent; what is passed over is not looked at again. */
function firstUnused(state: PoolState): number | null {
  const { pool, size, leases } = state;
  for (; state.next < size; state.next++) {
    const reserved = pool.kind === 'IPV4' && isReserved(state.next, size);
    if (!reserved && !leases.has(state.next)) return state.next;
  }
  return null;
}
