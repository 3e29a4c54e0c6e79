import type { EventOf } from '@dotmac/schema';
import type { Kysely } from 'kysely';
import { isDatabaseOutage } from '../database/outage.ts';
import { pause } from '../time/pause.ts';
import type { NewEvent } from './append.ts';
import { CursorExpiredError, CursorInvalidError, decodeCursor, encodeCursor } from './cursor.ts';
import type { News } from './news.ts';
import { type Head, pageSize, readEvents, readHead } from './read.ts';
import { type Snapshot, type SnapshotPlace, takeSnapshot } from './snapshot.ts';

/** Before a reader looks again whether its database is back. */
const outageMilliseconds = 250;

export interface SubscribeOptions<E, DB = never> {
  /** Go on after this cursor; without it, from now on. */
  readonly after?: string | null | undefined;
  readonly types: readonly (keyof E & string)[];
  /** Only events of this subject. */
  readonly subject?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly initial?: InitialState<E, DB> | undefined;
}

/** What stands when a stream begins, told as the events that would have brought it about. */
export interface InitialState<E, DB> {
  /** Whether the reader asks for it. Without, it comes only to one who broke off in the middle of it. */
  readonly wanted: boolean;
  /** Sequencing waits for it: a few short queries. */
  readonly read: (transaction: Kysely<DB>) => Promise<readonly NewEvent<E>[]>;
}

/** An event of a stream; `snapshot` says where it stands in the initial state, and is null for what happened since. */
export type EventWithCursor<E> = EventOf<E> & {
  readonly cursor: string;
  readonly snapshot: SnapshotPlace | null;
};

/** Events, and the cursor that the first of them follows: known before there is any. */
export type EventStream<E> = AsyncGenerator<EventWithCursor<E>, void, undefined> & {
  readonly start: string;
  /**
   * The cursor to go on from for whoever has had all that was given: it advances with the log when nothing of this stream
   * happens. Null inside a snapshot. To be asked while the next event is waited for.
   */
  place(): string | null;
};

/** What a stream needs of its log. */
export interface StreamSource {
  readonly database: Kysely<unknown>;
  readonly scope: string;
  readonly news: News;
  readonly stopped: AbortSignal;
  readonly flush: () => Promise<void>;
  readonly quietUntil: (position: bigint, types: readonly string[]) => bigint | null;
}

/** `EventLog.subscribe` over the parts of a log. */
export async function openStream<E, DB>(
  source: StreamSource,
  options: SubscribeOptions<E, DB>,
): Promise<EventStream<E>> {
  const { scope, database } = source;
  const snapshot = await initialState(source, options);
  const head = await readHead(database);
  const epoch = snapshot?.epoch ?? head.epoch;
  const position = snapshot?.position ?? startOf(options.after, head, scope);
  const standing = snapshot === null ? [] : standingEvents(snapshot, scope);
  const ended = new AbortController();
  const signal =
    options.signal === undefined ? ended.signal : AbortSignal.any([options.signal, ended.signal]);
  const place: Place = { position: standing.length > 0 ? null : position };
  const events = follow(source, { standing, epoch, start: position }, options, place, signal);
  // A generator that waits for the next event would hear of its `return` only with that event.
  const end = events.return.bind(events);
  events.return = (value) => {
    ended.abort();
    return end(value);
  };
  return Object.assign(events, {
    start: encodeCursor({ epoch, position, inSnapshot: standing.length > 0 }, scope),
    place: () => (place.position === null ? null : encodeCursor({ epoch, position: place.position }, scope)),
  });
}

async function initialState<E, DB>(
  { database, scope, flush }: StreamSource,
  { after, initial }: SubscribeOptions<E, DB>,
): Promise<Snapshot<readonly NewEvent<E>[]> | null> {
  const brokeOff = after != null && decodeCursor(after, scope).inSnapshot === true;
  if (brokeOff && initial === undefined) throw new CursorInvalidError();
  if (initial === undefined || !(brokeOff || (after == null && initial.wanted))) return null;
  const snapshot = await takeSnapshot<DB, readonly NewEvent<E>[]>(database, initial.read);
  // Others could not sequence meanwhile; what they left is done now.
  await flush();
  return snapshot;
}

function standingEvents<E>(
  { state, epoch, position }: Snapshot<readonly NewEvent<E>[]>,
  scope: string,
): EventWithCursor<E>[] {
  return state.map((event, index) => {
    const place = { number: index + 1, of: state.length };
    const cursor = { epoch, position, inSnapshot: place.number < place.of };
    return {
      ...event,
      position,
      occurredAt: new Date(event.occurredAt),
      traceId: event.traceId ?? null,
      spanId: null,
      cursor: encodeCursor(cursor, scope),
      snapshot: place,
    };
  });
}

function startOf(after: string | null | undefined, head: Head, scope: string): bigint {
  if (after == null) return head.position;
  const cursor = decodeCursor(after, scope);
  if (cursor.epoch !== head.epoch || cursor.position < head.floor || cursor.position > head.position) {
    throw new CursorExpiredError(encodeCursor(head, scope));
  }
  return cursor.position;
}

/** How far a stream is: null inside its snapshot. */
interface Place {
  position: bigint | null;
}

type Filter<E> = Pick<SubscribeOptions<E>, 'types' | 'subject'>;

/** What lies after a position, or null while the database is away: a reader outlives that. */
async function nextPage<E>(
  { database, quietUntil }: StreamSource,
  position: bigint,
  filter: Filter<E>,
): Promise<{ head: bigint; events: EventOf<E>[] } | null> {
  try {
    const quiet = quietUntil(position, filter.types);
    if (quiet !== null) return { head: quiet, events: [] };
    const { position: head } = await readHead(database);
    return { head, events: head > position ? await readEvents(database, position, filter) : [] };
  } catch (error) {
    if (isDatabaseOutage(error)) return null;
    throw error;
  }
}

async function* follow<E>(
  source: StreamSource,
  {
    standing,
    epoch,
    start,
  }: { readonly standing: readonly EventWithCursor<E>[]; readonly epoch: number; readonly start: bigint },
  { types, subject }: Filter<E>,
  place: Place,
  signal: AbortSignal,
): AsyncGenerator<EventWithCursor<E>, void, undefined> {
  const { scope, news, stopped } = source;
  yield* standing;
  let position = start;
  place.position = position;
  while (!stopped.aborted && !signal.aborted) {
    // Before the read: what happens during the read wakes us again.
    const { told } = news;
    const page = await nextPage(source, position, { types, subject });
    if (page === null) {
      await pause(outageMilliseconds, signal);
      continue;
    }
    const { head, events } = page;
    for (const event of events) {
      position = event.position;
      place.position = position;
      yield { ...event, cursor: encodeCursor({ epoch, position }, scope), snapshot: null };
    }
    if (events.length === pageSize) continue;
    // Events of other types are not looked at again and again.
    if (head > position) position = head;
    place.position = position;
    await news.after(told, signal, stopped);
  }
}
