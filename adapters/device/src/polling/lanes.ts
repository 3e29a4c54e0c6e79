import { DueQueue } from './due-queue.ts';
import { type LanePolicy, nextInPhase, phaseOf, slowWait } from './policy.ts';

/** Devices that answer are in the fast lane; those that did not are asked, cheaply, in the slow one. */
export type Lane = 'fast' | 'slow';

/** How a poll ended: something came back, or nothing did. */
export type PollEnd = 'answered' | 'silent';

export interface LaneMember {
  readonly id: string;
  /** It did not answer when it was last asked, as far as is known from before. */
  readonly silent: boolean;
  /** It was never asked: it need not wait for its place in the interval. */
  readonly fresh: boolean;
}

/** Where a device stands. Times in milliseconds since the epoch, null: not yet. */
export interface LaneStanding {
  readonly lane: Lane;
  readonly dueAt: number;
  /** While it is being polled. */
  readonly startedAt: number | null;
  readonly lastStartedAt: number | null;
  readonly lastTook: number | null;
  readonly misses: number;
  /** Polls left out because the one before had not ended. */
  readonly overruns: number;
  readonly overranAt: number | null;
}

interface Member extends LaneStanding {
  readonly id: string;
  readonly phase: number;
  lane: Lane;
  dueAt: number;
  startedAt: number | null;
  lastStartedAt: number | null;
  lastTook: number | null;
  misses: number;
  overruns: number;
  overranAt: number | null;
  /** Asked for while it was being polled. */
  again: boolean;
}

/**
 * Decides which device is polled when: at its own phase of the interval while it answers, with growing pauses while it does
 * not. Both lanes are bounded apart, so that silent devices take nothing from live ones. Keeps no time and asks nobody: the
 * caller says what time it is, begins what it is given and says how that ended. Times in milliseconds.
 */
export class PollingLanes {
  readonly policy: LanePolicy;
  readonly #random: () => number;
  readonly #members = new Map<string, Member>();
  readonly #due = { fast: new DueQueue<Member>(), slow: new DueQueue<Member>() };
  /** Polls that hold a place of the fast lane, by their beginning. */
  readonly #fast = new Set<Member>();
  readonly #slow = new Set<Member>();
  /** Polls that gave their place away. */
  readonly #late = new Set<Member>();
  #started = false;

  /** `random` in [0, 1). */
  constructor(policy: LanePolicy, random: () => number = Math.random) {
    this.policy = policy;
    this.#random = random;
  }

  get size(): number {
    return this.#members.size;
  }

  get inFlight(): number {
    return this.#fast.size + this.#slow.size + this.#late.size;
  }

  /** How many are in a lane. */
  count(lane: Lane): number {
    let count = 0;
    for (const member of this.#members.values()) if (member.lane === lane) count++;
    return count;
  }

  /** All there are. At the first call their beginning is spread, later ones that are new are due at once. */
  keep(members: readonly LaneMember[], now: number): void {
    const spread = Math.min(this.policy.interval, (members.length / this.policy.startPerSecond) * 1_000);
    const there = new Set<string>();
    for (const { id, silent, fresh } of members) {
      there.add(id);
      if (this.#members.has(id)) continue;
      const phase = phaseOf(id);
      const member: Member = {
        id,
        phase,
        lane: silent ? 'slow' : 'fast',
        dueAt: 0,
        startedAt: null,
        lastStartedAt: null,
        lastTook: null,
        misses: silent ? this.policy.missesUntilSilent : 0,
        overruns: 0,
        overranAt: null,
        again: false,
      };
      this.#members.set(id, member);
      this.#put(member, this.#started || fresh ? now : now + phase * spread);
    }
    this.#started ||= members.length > 0;
    for (const [id, member] of this.#members) {
      if (there.has(id)) continue;
      this.#members.delete(id);
      this.#free(member);
    }
  }

  /** What is to be polled now; each counts as in flight until `ended`. */
  begin(now: number): { readonly id: string; readonly lane: Lane }[] {
    this.#handOver(now);
    const begun: { id: string; lane: Lane }[] = [];
    for (const lane of ['fast', 'slow'] as const) {
      while (this.#hasPlace(lane)) {
        const member = this.#takeDue(lane, now);
        if (member === null) break;
        member.startedAt = now;
        member.lastStartedAt = now;
        (lane === 'fast' ? this.#fast : this.#slow).add(member);
        begun.push({ id: member.id, lane });
      }
    }
    return begun;
  }

  /** The poll of a device has ended. */
  ended(id: string, end: PollEnd, now: number): void {
    const member = this.#members.get(id);
    if (member === undefined || member.startedAt === null) return;
    const { interval, missesUntilSilent, suspectWait } = this.policy;
    const { startedAt, again } = member;
    this.#free(member);
    member.startedAt = null;
    member.again = false;
    member.lastTook = now - startedAt;
    if (end === 'silent') {
      member.misses++;
      member.lane = 'slow';
      const wait =
        member.misses < missesUntilSilent
          ? suspectWait
          : slowWait(this.policy, member.misses, this.#random());
      this.#put(member, again ? now : now + wait);
      return;
    }
    member.misses = 0;
    member.lane = 'fast';
    let next = nextInPhase(member.phase, interval, startedAt);
    if (next < now) {
      const left = Math.floor((now - next) / interval) + 1;
      member.overruns += left;
      member.overranAt = now;
      next += left * interval;
    }
    this.#put(member, again ? now : next);
  }

  /** Has devices polled as soon as there is a place; the pauses of a silent one begin anew. */
  ask(ids: readonly string[], now: number): void {
    for (const id of ids) {
      const member = this.#members.get(id);
      if (member === undefined) continue;
      member.misses = Math.min(member.misses, this.policy.missesUntilSilent);
      if (member.startedAt !== null) member.again = true;
      else if (member.dueAt > now) this.#put(member, now);
    }
  }

  /** When `begin` may have something new; null when only an end can bring that. */
  nextAt(): number | null {
    const times: number[] = [];
    for (const lane of ['fast', 'slow'] as const) {
      const first = this.#firstDue(lane);
      if (first === null) continue;
      if (this.#hasPlace(lane)) times.push(first);
      else if (lane === 'fast' && this.inFlight < this.policy.mostInFlight) {
        const [oldest] = this.#fast;
        if (oldest?.startedAt != null) times.push(Math.max(first, oldest.startedAt + this.policy.handOver));
      }
    }
    return times.length === 0 ? null : Math.min(...times);
  }

  standing(id: string): LaneStanding | null {
    return this.#members.get(id) ?? null;
  }

  /** Devices whose last poll, or the one under way, has taken longer than the interval. */
  overrunning(now: number): string[] {
    const { interval } = this.policy;
    return [...this.#members.values()]
      .filter(({ startedAt, lastTook }) =>
        startedAt !== null && now - startedAt > interval ? true : (lastTook ?? 0) > interval,
      )
      .map(({ id }) => id);
  }

  #hasPlace(lane: Lane): boolean {
    if (this.inFlight >= this.policy.mostInFlight) return false;
    return lane === 'fast'
      ? this.#fast.size < this.policy.fastInFlight
      : this.#slow.size < this.policy.slowInFlight;
  }

  #handOver(now: number): void {
    for (const member of this.#fast) {
      if (member.startedAt !== null && now - member.startedAt < this.policy.handOver) break;
      this.#fast.delete(member);
      this.#late.add(member);
    }
  }

  #free(member: Member): void {
    this.#fast.delete(member);
    this.#slow.delete(member);
    this.#late.delete(member);
  }

  #put(member: Member, at: number): void {
    member.dueAt = at;
    this.#due[member.lane].put(member, at);
  }

  /** Skips places that a device has left meanwhile. */
  #firstDue(lane: Lane): number | null {
    const queue = this.#due[lane];
    for (;;) {
      const at = queue.firstAt;
      if (at === null) return null;
      const { item } = queue.take() as { item: Member };
      if (this.#isAt(item, lane, at)) {
        queue.put(item, at);
        return at;
      }
    }
  }

  #takeDue(lane: Lane, now: number): Member | null {
    const at = this.#firstDue(lane);
    if (at === null || at > now) return null;
    return this.#due[lane].take()?.item ?? null;
  }

  #isAt(member: Member, lane: Lane, at: number): boolean {
    return (
      member.lane === lane &&
      member.dueAt === at &&
      member.startedAt === null &&
      this.#members.get(member.id) === member
    );
  }
}
