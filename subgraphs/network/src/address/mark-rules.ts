import { blockText, nthOf } from './block.ts';
import { firstUnused, type Lease, type PoolState } from './pool-state.ts';
import { isReserved } from './rules.ts';

/** What may be lent to somebody who did not have it, by pool: on disk before it is lent. */
export type Marks = Readonly<Record<string, PoolMark>>;

export interface PoolMark {
  /** Of what was never lent, everything below this number. */
  readonly upTo: number;
  /** Of what others have had. */
  readonly offered: readonly number[];
}

/** By then accounting has told of every session that is up: three intervals of the usual length, as the reaper waits. */
export const doubtMilliseconds = 15 * 60_000;
/** How far ahead marks are: a sixteenth of the pool is what a power cut may leave in doubt. */
function aheadOf(size: number): number {
  return Math.max(8, Math.min(1_024, Math.floor(size / 16)));
}

/** How far a pool's mark should go, and whether that is needed now: what is left of the one there is runs short. */
function wantedMark(
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

/**
 * The marks of all pools, null while those there are go far enough.
 * @param recorded whether everything lent so far is in the database: what was offered and lent need not be marked any longer.
 * @param always though those there are go far enough.
 */
export function wantedMarks(
  pools: readonly PoolState[],
  now: number,
  recorded: boolean,
  always: boolean,
): Marks | null {
  let short = always;
  const marks: Record<string, PoolMark> = {};
  for (const state of pools) {
    const wanted = wantedMark(state, now, recorded);
    marks[state.pool.id] = wanted.mark;
    short ||= wanted.short;
  }
  return short ? marks : null;
}

/** The marks are on disk. */
export function grant(pools: readonly PoolState[], marks: Marks): void {
  for (const state of pools) {
    const mark = marks[state.pool.id];
    if (mark === undefined) continue;
    state.upTo = mark.upTo;
    state.offered.clear();
    for (const number of mark.offered) state.offered.add(number);
  }
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
