import type { Caller } from '../identity/caller.ts';
import type { Delivery, Outbox } from './outbox.ts';
import type { Start } from './resume.ts';
import { Ring } from './ring.ts';
import type { SourceEnd, SourceEvent, SourceQuiet } from './source.ts';
import { Standing } from './standing.ts';

/** One client's part in a stream. */
export interface Member {
  readonly caller: Caller;
  readonly outbox: Outbox;
  /** The stream is over for this member. */
  end(end: SourceEnd): void;
}

export interface StreamOptions {
  readonly start: Start;
  /** The events; ends when the signal aborts. `caller` says as whom to ask now. */
  readonly source: (
    start: Start,
    caller: () => Caller,
    signal: AbortSignal,
    onStart: (cursor: string) => void,
  ) => AsyncGenerator<SourceEvent | SourceQuiet, SourceEnd>;
  /** Milliseconds without an event after which clients hear how far the log is. */
  readonly placeMilliseconds: number;
  /** How long a client may take nothing while events wait for it and for everybody else. */
  readonly stallMilliseconds: number;
  /** Makes the client's answers of events, in their order. Never rejects. */
  readonly render: (
    events: readonly SourceEvent[],
    caller: Caller,
    signal: AbortSignal,
  ) => Promise<readonly Delivery[]>;
  /** So long events are gathered that follow each other closely, to be filled and written in one go. */
  readonly gatherMilliseconds?: number;
  /** Streams of equal operations and authority, this one among them. */
  readonly siblings: Set<Stream>;
  /** No member is left. */
  readonly onEmpty: () => void;
}

/** Batches of one stream that are filled from other subgraphs at the same time. */
const rendering = 4;
/**
 * An event after a pause is sent at once; what follows within this time goes together, for asking other subgraphs and writing
 * cost the most: the more clients, the more of it.
 */
const gatherMilliseconds = (members: number): number => (members < manyMembers ? 25 : 50);
const manyMembers = 20;
/** Events that are filled together at most. */
const gatheredAtMost = 64;
/** Text that is sent in one go, UTF-16 units: whoever keeps up has room for more than that. */
const sentAtMost = 32 * 1024;
/** Text of the events kept for late comers, UTF-16 units. */
const ringSize = 256 * 1024;

/**
 * One execution, shared by its members. A stream that replays the past and meets a sibling (gets to an event that the
 * sibling has too) hands its members over to it: from there on both would say the same.
 */
export class Stream {
  readonly members = new Set<Member>();
  readonly #options: StreamOptions;
  readonly #ring: Ring;
  readonly #ended = new AbortController();
  #caller: Caller;
  #standing: Standing | null = null;
  /** Whether anything was delivered. */
  #any = false;
  #gathered: SourceEvent[] = [];
  /** Batches that are being filled and sent, and when the last of them is. */
  #underWay = 0;
  #tail = Promise.resolve();
  #room = Promise.withResolvers<void>();
  #renderedAt = Number.NEGATIVE_INFINITY;
  /** When clients last heard a cursor. */
  #toldAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  /** Of the last event delivered, or the one that the first will follow. */
  #last: string | null;
  /** Whether what comes now happens now: a client without a cursor may join. */
  live: boolean;

  constructor(first: Member, options: StreamOptions) {
    this.#options = options;
    const { after, initial } = options.start;
    this.#ring = new Ring(ringSize, after);
    this.live = after === null && !initial;
    this.#last = after;
    this.#caller = first.caller;
    this.members.add(first);
    options.siblings.add(this);
  }

  /** Adds a member from a cursor on, with a snapshot first, or from now. False when what that takes is not here. */
  join(member: Member, { after, initial }: Start): boolean {
    if (this.#ended.signal.aborted) return false;
    if (after === null) {
      const missed = initial ? this.#standingSince() : this.live ? [] : undefined;
      if (missed === undefined) return false;
      this.members.add(member);
      if (missed.length === 0 && this.#last !== null) member.outbox.begin(this.#last);
      member.outbox.push(missed);
      return true;
    }
    const missed = this.#ring.after(after);
    if (missed === undefined) return false;
    this.members.add(member);
    member.outbox.push(missed);
    return true;
  }

  /** What somebody has missed who wants a snapshot first; undefined when there is none to give. */
  #standingSince(): readonly Delivery[] | undefined {
    if (this.#standing === null) return this.#options.start.initial && !this.#any ? [] : undefined;
    const standing = this.#standing.at(performance.now());
    const last = standing?.at(-1);
    if (standing === undefined || last === undefined) return undefined;
    if (last.place?.number !== last.place?.of) return standing;
    const since = last.cursor === null ? undefined : this.#ring.after(last.cursor);
    return since === undefined ? undefined : [...standing, ...since];
  }

  leave(member: Member): void {
    this.members.delete(member);
    if (this.members.size === 0) this.#close();
  }

  async run(): Promise<void> {
    const { signal } = this.#ended;
    const source = this.#options.source(
      this.#options.start,
      () => this.#asking(),
      signal,
      (cursor) => this.#begin(cursor),
    );
    for (;;) {
      const item = await source.next();
      if (item.done === true) {
        while (this.#gathered.length > 0) {
          this.#render();
          await this.#tail;
        }
        await this.#tail;
        this.#finish(item.value);
        return;
      }
      if ('quietUntil' in item.value) {
        this.#quiet(item.value.quietUntil);
        continue;
      }
      this.#gathered.push(item.value);
      this.#renderInTime();
      while (this.#gathered.length >= gatheredAtMost && !signal.aborted) await this.#room.promise;
    }
  }

  /** After what is under way; while something waits there is an event to tell it by. */
  #quiet(cursor: string): void {
    if (this.#gathered.length > 0) return;
    this.#tail = this.#tail.then(() => this.#advance(cursor));
  }

  #advance(cursor: string): void {
    if (this.#ended.signal.aborted) return;
    this.#last = cursor;
    this.#ring.quietUntil(cursor);
    const now = performance.now();
    const tells = now - this.#toldAt >= this.#options.placeMilliseconds;
    if (tells) this.#toldAt = now;
    for (const { outbox } of this.members) outbox.quietUntil(cursor, tells);
  }

  #renderInTime(): void {
    const time = this.#options.gatherMilliseconds ?? gatherMilliseconds(this.members.size);
    const left = this.#renderedAt + time - performance.now();
    if (left <= 0 || this.#gathered.length >= gatheredAtMost) this.#render();
    else this.#timer ??= setTimeout(() => this.#render(), left);
  }

  /** Several batches are rendered at once; they are delivered in their order. */
  #render(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // Whichever is done first makes room for what waits.
    if (this.#gathered.length === 0 || this.#underWay >= rendering) return;
    const rendered = this.#options.render(this.#gathered, this.#asking(), this.#ended.signal);
    this.#gathered = [];
    this.#renderedAt = performance.now();
    this.#underWay += 1;
    this.#tail = this.#tail.then(async () => {
      await this.#deliver(await rendered);
      this.#underWay -= 1;
      if (this.#gathered.length > 0) this.#renderInTime();
      this.#room.resolve();
      this.#room = Promise.withResolvers();
    });
  }

  /** A member as whom the subgraphs are asked: all have the same authority, and one who left must not be named. */
  #asking(): Caller {
    const [member] = this.members;
    if (member !== undefined) this.#caller = member.caller;
    return this.#caller;
  }

  #begin(cursor: string): void {
    this.#last = cursor;
    // Inside a snapshot nobody can join by a cursor.
    if (!this.#options.start.initial) this.#ring.startsAfter(cursor);
    for (const { outbox } of this.members) outbox.begin(cursor);
  }

  async #deliver(deliveries: readonly Delivery[]): Promise<void> {
    for (const sent of inPieces(deliveries)) {
      if (this.#ended.signal.aborted) return;
      // What the ring has, the members have had: nothing comes between the two.
      for (const delivery of sent) {
        this.#remember(delivery);
        this.#last = delivery.cursor ?? this.#last;
      }
      // Members may leave during the loop; a Set allows that.
      for (const { outbox } of this.members) outbox.push(sent);
      this.#toldAt = performance.now();
      const { cursor, place } = sent.at(-1) as Delivery;
      const standsInside = place !== null && place.number < place.of;
      if (cursor !== null && !standsInside) this.#meet(cursor);
      await this.#keepPace(place !== null);
    }
  }

  #remember(delivery: Delivery): void {
    const { place, cursor } = delivery;
    this.#any = true;
    if (place === null) {
      this.#ring.push(delivery);
      if (this.#options.start.initial) this.live = true;
      return;
    }
    if (place.number === 1) {
      this.#standing = new Standing(performance.now());
      this.#ring.startsAfter(null);
    }
    this.#standing?.push(delivery);
    if (place.number < place.of) return;
    this.#ring.startsAfter(cursor);
    this.live = true;
  }

  /**
   * As long as one client keeps up, the others must: each ends when too much waits for it. When none keeps up, as in
   * the replay of a long past or a large snapshot, the stream waits; whoever then takes nothing at all for a while is
   * given up.
   */
  async #keepPace(everyEvent: boolean): Promise<void> {
    while (this.members.size > 0 && this.#allBehind(everyEvent)) {
      const { promise: stalled, resolve } = Promise.withResolvers<'stalled'>();
      const timer = setTimeout(resolve, this.#options.stallMilliseconds, 'stalled');
      const outboxes = [...this.members].map(({ outbox }) => outbox);
      const first = await Promise.race([stalled, ...outboxes.map(({ progress }) => progress)]);
      clearTimeout(timer);
      if (first === 'stalled') for (const outbox of outboxes) outbox.giveUp();
    }
  }

  /** Where the newest is enough, a client is behind only when much waits for him. */
  #allBehind(everyEvent: boolean): boolean {
    for (const { outbox } of this.members) if (!(everyEvent ? outbox.congested : outbox.full)) return false;
    return true;
  }

  #meet(cursor: string): void {
    for (const sibling of this.#options.siblings) {
      if (sibling === this || !sibling.#takeOver(this, cursor)) continue;
      this.#close();
      return;
    }
  }

  /** Takes the members of a stream that has delivered up to this cursor, if that is known here. */
  #takeOver(other: Stream, cursor: string): boolean {
    const missed = this.#ring.after(cursor);
    if (missed === undefined || this.#ended.signal.aborted) return false;
    for (const member of other.members) {
      this.members.add(member);
      member.outbox.push(missed);
    }
    other.members.clear();
    this.live ||= other.live;
    this.#standing = other.#standing ?? this.#standing;
    return true;
  }

  #finish(end: SourceEnd): void {
    const members = [...this.members];
    this.members.clear();
    this.#close();
    for (const member of members) member.end(end);
  }

  #close(): void {
    if (this.#ended.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#gathered = [];
    this.#ended.abort();
    this.#room.resolve();
    this.#options.siblings.delete(this);
    this.#options.onEmpty();
  }
}

/** Cuts after so much text. */
function* inPieces(deliveries: readonly Delivery[]): Generator<readonly Delivery[]> {
  let begin = 0;
  let size = 0;
  for (const [index, { text }] of deliveries.entries()) {
    size += text.length;
    if (size < sentAtMost && index < deliveries.length - 1) continue;
    yield begin === 0 && index === deliveries.length - 1 ? deliveries : deliveries.slice(begin, index + 1);
    begin = index + 1;
    size = 0;
  }
}
