import { type Block, countOf, parseBlock } from './block.ts';
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

/** The pools there are now; what is lent from those that stay remains lent. */
export function poolStates(pools: readonly LendingPool[], before: readonly PoolState[]): PoolState[] {
  const byId = new Map(before.map((state) => [state.pool.id, state]));
  return pools.flatMap((pool) => {
    const known = byId.get(pool.id);
    if (known !== undefined && known.pool.cidr === pool.cidr && known.pool.lentLength === pool.lentLength)
      return [{ ...known, pool }];
    const block = parseBlock(pool.cidr);
    if (block === null) return [];
    const size = Number(countOf(block, pool.lentLength));
    const nothing = {
      leases: new Map(),
      idle: new Map(),
      offered: new Set<number>(),
      doubtful: new Set<number>(),
    };
    return [{ pool, block, size, next: 0, upTo: 0, doubtUntil: 0, ...nothing }];
  });
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

/** The first number that was never lent; what is passed over is not looked at again. */
export function firstUnused(state: PoolState): number | null {
  const { pool, size, leases } = state;
  for (; state.next < size; state.next++) {
    const reserved = pool.kind === 'IPV4' && isReserved(state.next, size);
    if (!reserved && !leases.has(state.next)) return state.next;
  }
  return null;
}
