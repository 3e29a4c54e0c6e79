import { blockText, indexIn, nthOf, parseBlock } from './block.ts';
import { type Asked, type Holder, keyOf, sameHolder } from './holder.ts';
import { doubt, grant, type Marks, wantedMarks } from './mark-rules.ts';
import {
  type Found,
  type Lease,
  type LendingPool,
  type PoolState,
  poolKinds,
  poolStates,
  unheld,
} from './pool-state.ts';

/** An accepted login whose session nobody has told of after this long gives back what it was lent. */
export const unseenMilliseconds = 5 * 60_000;
/**
 * Lends addresses and prefixes: one place, one thread, so that two never get the same. A line that comes back gets what it
 * had; what another line had is lent only when nothing unused is left, and then what is longest unused.
 */
export class Lender {
  #pools: readonly PoolState[] = [];
  readonly #held = new Map<string, Lease>();
  readonly #unseen = new Set<Lease>();
  readonly #changed = new Set<Lease>();
  readonly #numbers = new WeakMap<Lease, number>();
  readonly #markNow: (() => void) | null;

  /** @param markNow puts the marks that are wanted on disk, and grants them; null: what is lent need not outlive a power cut. */
  constructor(markNow: (() => void) | null = null) {
    this.#markNow = markNow;
  }

  /** Whether there is anything to lend from. */
  get idle(): boolean {
    return this.#pools.length === 0;
  }

  /** Takes over the pools there are now; what is lent from those that stay remains lent. */
  setPools(pools: readonly LendingPool[]): void {
    this.#pools = poolStates(pools, this.#pools);
  }

  /** Takes over a lease that is on record. The newest word of a prefix comes last. */
  restore(lease: Lease): void {
    const state = this.#pools.find(({ pool }) => pool.id === lease.poolId);
    const block = parseBlock(lease.prefix);
    if (state === undefined || block === null || block.length !== state.pool.lentLength) return;
    const number = indexIn(state.block, state.pool.lentLength, block);
    if (number === null) return;
    this.#keep(state, Number(number), lease);
    if (lease.releasedAt === null) this.#unseen.add(lease);
  }

  /** What a line is lent; `EXHAUSTED` when every pool that may lend is, null when there is none. */
  lend(asked: Asked, now: number): Lease | 'EXHAUSTED' | null {
    const found = this.#find(asked, now);
    if (found === 'EXHAUSTED' || found === null) return found;
    const { state, number, lease } = found;
    if (lease !== undefined && sameHolder(lease, asked)) {
      if (lease.releasedAt !== null) {
        lease.releasedAt = null;
        state.idle.delete(number);
        this.#unseen.add(lease);
        this.#changed.add(lease);
      }
      return lease;
    }
    const { kind, serviceId, mac } = asked;
    // What the line holds in a pool that is not for it any more goes back.
    this.#releaseLease(this.#held.get(keyOf(asked, kind)), now);
    const prefix = blockText(nthOf(state.block, state.pool.lentLength, BigInt(number)));
    const lent: Lease = {
      poolId: state.pool.id,
      kind,
      prefix,
      serviceId,
      mac,
      lentAt: now,
      releasedAt: null,
    };
    state.next = Math.max(state.next, number + 1);
    this.#keep(state, number, lent);
    this.#unseen.add(lent);
    this.#changed.add(lent);
    return lent;
  }

  /** What a line would be lent now; nothing changes. */
  preview(
    asked: Asked,
    now: number,
  ): { readonly prefix: string; readonly poolName: string } | 'EXHAUSTED' | null {
    const found = this.#find(asked, now);
    if (found === 'EXHAUSTED' || found === null) return found;
    const { state, number } = found;
    const block = nthOf(state.block, state.pool.lentLength, BigInt(number));
    return { prefix: blockText(block), poolName: state.pool.name };
  }

  /**
   * A session of a line is up, with this IPv4 address. @returns false when the address is lent to another line: two use it.
   */
  seen(holder: Holder, address: string | null, now: number): boolean {
    for (const kind of poolKinds) {
      const lease = this.#held.get(keyOf(holder, kind));
      if (lease !== undefined) this.#unseen.delete(lease);
    }
    const block = address === null || this.idle ? null : parseBlock(address);
    if (block === null) return true;
    for (const state of this.#pools) {
      const number = indexIn(state.block, state.pool.lentLength, block);
      if (number === null) continue;
      const lease = state.leases.get(Number(number));
      if (lease !== undefined && lease.releasedAt === null) return sameHolder(lease, holder);
      const { kind, id: poolId } = state.pool;
      const prefix = blockText(nthOf(state.block, state.pool.lentLength, number));
      const adopted: Lease = { poolId, kind, prefix, ...holder, lentAt: now, releasedAt: null };
      state.doubtful.delete(Number(number));
      this.#keep(state, Number(number), adopted);
      this.#changed.add(adopted);
    }
    return true;
  }

  /** The last session of a line has ended: what it was lent is kept for it until somebody else needs it. */
  release(holder: Holder, now: number): void {
    for (const kind of poolKinds) this.#releaseLease(this.#held.get(keyOf(holder, kind)), now);
  }

  /** Gives back what accepted logins were lent that nobody told of since. */
  expire(now: number): void {
    for (const lease of this.#unseen)
      if (now - lease.lentAt > unseenMilliseconds) this.#releaseLease(lease, now);
  }

  /** Whether `takeChanged` has anything to give. */
  get hasChanged(): boolean {
    return this.#changed.size > 0;
  }

  /** Leases that changed since the last call, for the record. */
  takeChanged(): Lease[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  /**
   * The marks that are wanted, null while those there are go far enough.
   * @param recorded whether everything lent so far is in the database: what was offered and lent need not be marked any longer.
   * @param always though those there are go far enough.
   */
  wantedMarks(now: number, recorded: boolean, always = false): Marks | null {
    return wantedMarks(this.#pools, now, recorded, always);
  }

  /** The marks are on disk. */
  grant(marks: Marks): void {
    grant(this.#pools, marks);
  }

  /**
   * After a power cut the record may be behind: what the marks of before let somebody be lent is doubtful, and what was another's
   * may be in use by him again. Call it when the record is restored.
   */
  doubt(marks: Marks, now: number): void {
    for (const state of this.#pools) {
      const mark = marks[state.pool.id];
      if (mark !== undefined)
        for (const [number, lease] of doubt(state, mark, now)) this.#numbers.set(lease, number);
    }
  }

  #find(asked: Asked, now: number): Found | 'EXHAUSTED' | null {
    const states = this.#pools.filter(
      ({ pool }) =>
        pool.kind === asked.kind &&
        (pool.nasIds.length === 0 || pool.nasIds.includes(asked.nasId)) &&
        (asked.poolId === null || asked.poolId === pool.id),
    );
    if (states.length === 0) return null;
    const held = this.#held.get(keyOf(asked, asked.kind));
    for (const state of states) {
      if (held?.poolId !== state.pool.id) continue;
      const number = this.#numbers.get(held);
      if (number === undefined || (now < state.doubtUntil && state.doubtful.has(number))) continue;
      return { state, number, lease: held };
    }
    return unheld(states, now, this.#markNow !== null) ?? this.#unheldOnceMarked(states, now) ?? 'EXHAUSTED';
  }

  /** More logins of new lines than the marks were ahead for: they wait for the disk once. */
  #unheldOnceMarked(states: readonly PoolState[], now: number): Found | null {
    if (this.#markNow === null) return null;
    this.#markNow();
    return unheld(states, now, true);
  }

  /** Puts a lease into its place; whoever had it before has it no longer. */
  #keep(state: PoolState, number: number, lease: Lease): void {
    const before = state.leases.get(number);
    if (before !== undefined) {
      this.#unseen.delete(before);
      this.#changed.delete(before);
      const key = keyOf(before, before.kind);
      if (this.#held.get(key) === before) this.#held.delete(key);
    }
    state.leases.set(number, lease);
    this.#numbers.set(lease, number);
    state.idle.delete(number);
    if (lease.releasedAt !== null) state.idle.set(number, lease);
    this.#held.set(keyOf(lease, lease.kind), lease);
  }

  #releaseLease(lease: Lease | undefined, now: number): void {
    if (lease === undefined || lease.releasedAt !== null) return;
    lease.releasedAt = now;
    this.#unseen.delete(lease);
    this.#changed.add(lease);
    const state = this.#pools.find(({ pool }) => pool.id === lease.poolId);
    const number = this.#numbers.get(lease);
    if (state !== undefined && number !== undefined) state.idle.set(number, lease);
  }
}
