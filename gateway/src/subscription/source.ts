import { type Clock, type Logger, pause } from '@dotmac/platform';
import { DomainError } from '@dotmac/schema';
import { GraphQLError } from 'graphql';
import { GatewayError } from '../errors.ts';
import type { SubgraphResponse } from '../execution/executor.ts';
import type { EventMarks, Start } from './resume.ts';
import type { UpstreamAnswer } from './upstream.ts';

export interface SourceEvent extends EventMarks {
  readonly response: SubgraphResponse;
}

/** Nothing of the stream lies between its last event and this cursor. */
export interface SourceQuiet {
  readonly quietUntil: string;
}

/** How a source ends: the subgraph has nothing more to say, or why there is no going on. */
export type SourceEnd =
  | { readonly kind: 'complete' }
  | { readonly kind: 'failed'; readonly errors: readonly Error[] };

export interface SourceOptions {
  /** Subscribes in the owning subgraph. */
  readonly connect: (start: Start, signal: AbortSignal) => Promise<UpstreamAnswer>;
  readonly marksOf: (data: unknown) => EventMarks;
  /** Whether `connect` can go on after a cursor. */
  readonly resumable: boolean;
  /** Hears the cursor that the stream starts from, when it was to start now and the subgraph says where that is. */
  readonly onStart: (cursor: string) => void;
  readonly start: Start;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Uniform in [0, 1): spreads reconnections. */
  readonly random: () => number;
}

const firstDelay = 100;
const longestDelay = 5_000;
/** A subgraph that is away for longer than this ends its streams with an error. Milliseconds. */
const longestOutage = 120_000;

/**
 * Events of one subscription, across broken connections: it goes on after the last cursor, with growing, jittered
 * pauses. Where no cursor is known a break that may have lost an event ends the source and says so.
 */
export async function* followSource(
  options: SourceOptions,
): AsyncGenerator<SourceEvent | SourceQuiet, SourceEnd, undefined> {
  const { signal, clock, logger } = options;
  const { initial } = options.start;
  let { after } = options.start;
  let attempts = 0;
  let awaySince: number | undefined;
  while (!signal.aborted) {
    let established = false;
    try {
      const answer = await options.connect({ after, initial: initial && after === null }, signal);
      if (answer.kind === 'refused') return { kind: 'failed', errors: refusal(answer.response) };
      established = true;
      awaySince = undefined;
      let begun = false;
      for await (const event of answer.events) {
        attempts = 0;
        if (event.kind === 'ready') {
          const { cursor } = event;
          if (cursor === null || !options.resumable) continue;
          if (after === null) options.onStart(cursor);
          else if (begun && cursor !== after) yield { quietUntil: cursor };
          // What the first says on a connection that goes on is where it was told to begin.
          if (after === null || begun) after = cursor;
          begun = true;
          continue;
        }
        const { response } = event;
        const marks = options.marksOf(response.data);
        after = marks.cursor ?? after;
        yield { response, ...marks };
      }
      return { kind: 'complete' };
    } catch (error) {
      if (signal.aborted) break;
      if (error instanceof DomainError) return { kind: 'failed', errors: [error] };
      logger.warn({ error }, 'the stream of a subgraph broke');
      // A snapshot of which nothing came yet can be taken again.
      if (established && after === null && !initial) return { kind: 'failed', errors: [interrupted(error)] };
      awaySince ??= clock.now();
      if (clock.now() - awaySince > longestOutage) return { kind: 'failed', errors: [away(error)] };
      await pause(options.random() * Math.min(longestDelay, firstDelay * 2 ** attempts), signal);
      attempts += 1;
    }
  }
  return { kind: 'complete' };
}

/** The subgraph's reasons. One without a code is no domain error: the gateway masks it. */
function refusal({ errors = [] }: SubgraphResponse): readonly Error[] {
  if (errors.length === 0) return [new Error('The subgraph refused a subscription without a reason')];
  return errors.map(({ message = '', extensions = {} }) => {
    const { code } = extensions;
    return typeof code === 'string' ? new GraphQLError(message, { extensions }) : new Error(message);
  });
}

function interrupted(cause: unknown): GatewayError {
  return new GatewayError(
    'STREAM_INTERRUPTED',
    'Events may have been missed: read the state anew and subscribe again',
    {},
    { cause },
  );
}

function away(cause: unknown): GatewayError {
  return new GatewayError(
    'SUBGRAPH_UNAVAILABLE',
    'The source of this stream is away: subscribe again later',
    {},
    { cause },
  );
}
