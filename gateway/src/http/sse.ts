import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CarriedSpan } from '@dotmac/platform';
import { GatewayError, type GatewayErrorCode } from '../errors.ts';
import type { Claim } from '../identity/authenticator.ts';
import type { Caller } from '../identity/caller.ts';
import type { Limits } from '../limits.ts';
import type { Operations, PreparedOperation } from '../operation/operations.ts';
import type { SessionEnd, Sessions } from '../session/sessions.ts';
import type { SubscriptionHub } from '../subscription/hub.ts';
import type { Delivery, Sink } from '../subscription/outbox.ts';

export interface EventStreamOptions {
  readonly operations: Operations;
  readonly sessions: Sessions;
  readonly hub: SubscriptionHub;
  readonly limits: Limits;
}

const endings: Readonly<Record<SessionEnd, readonly [GatewayErrorCode, string]>> = {
  EXPIRED: ['CREDENTIAL_EXPIRED', 'The credential has expired: connect again with another'],
  REVOKED: ['UNAUTHENTICATED', 'The credential is no longer valid'],
  AUTHORITY_CHANGED: ['AUTHORITY_CHANGED', 'Your rights have changed: connect again to go on with them'],
  RELOAD: ['RELOAD', 'The gateway restarts: connect again and go on after lastCursor'],
};

/**
 * Answers one operation as a stream of server-sent events, each `next` or `complete` (graphql-sse, distinct
 * connections). The id of an event is its cursor; a client may give it back as `last-event-id`.
 * @throws RequestRefused, TokenError, GatewayError as long as nothing has been sent.
 */
export async function answerWithEvents(
  request: IncomingMessage,
  raw: ServerResponse,
  {
    operation,
    claim,
    caller,
    trace,
  }: {
    readonly operation: PreparedOperation;
    readonly claim: Claim;
    readonly caller: Caller;
    readonly trace: CarriedSpan;
  },
  { operations, sessions, hub, limits }: EventStreamOptions,
): Promise<void> {
  const { traceId } = trace;
  let subscription: ReturnType<SubscriptionHub['subscribe']> | undefined;
  let ended = false;
  const waiting: (string | Buffer)[] = [];
  const write = (text: string | Buffer) => {
    if (raw.headersSent) raw.write(text);
    else waiting.push(text);
  };
  let impatient: NodeJS.Timeout | undefined;
  const close = () => {
    raw.end();
    // Whoever reads nothing does not take the end either.
    impatient = setTimeout(() => raw.destroy(), limits.stallMilliseconds);
  };
  const end = () => {
    if (ended) return;
    ended = true;
    write('event: complete\ndata:\n\n');
    if (raw.headersSent) close();
  };
  const sink: Sink = {
    // An id without data is no event, but it is what a client says as `last-event-id`.
    start: (cursor) => write(`id: ${cursor}\n\n`),
    place: (cursor) => write(`id: ${cursor}\n\n`),
    next: (deliveries) => write(eventsOf(deliveries)),
    error(errors) {
      if (!ended) write(`event: next\ndata: ${JSON.stringify({ errors })}\n\n`);
      end();
    },
    complete: end,
    buffered: () => raw.writableLength,
  };

  const session = sessions.open(claim, {
    end(reason) {
      const lastCursor = subscription?.lastCursor() ?? null;
      const [code, message] = endings[reason];
      const error = new GatewayError(code, message, lastCursor === null ? {} : { lastCursor });
      sink.error(operations.failure([error], caller, traceId).errors ?? []);
      subscription?.stop();
    },
  });
  const left = new AbortController();
  try {
    if (operation.type === 'subscription') {
      const lastEventId = request.headers['last-event-id'];
      subscription = hub.subscribe(
        operation,
        caller,
        sink,
        typeof lastEventId === 'string' ? lastEventId : null,
      );
    }
  } catch (error) {
    session.close();
    throw error;
  }
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'x-trace-id': traceId,
  });
  raw.flushHeaders();
  for (const text of waiting) raw.write(text);
  if (ended) close();
  const keepAlive = setInterval(() => raw.write(':\n\n'), limits.heartbeatMilliseconds);
  raw.on('drain', () => subscription?.flush());
  // The client may break off at any moment; `close` follows.
  raw.on('error', () => undefined);
  raw.once('close', () => {
    ended = true;
    clearInterval(keepAlive);
    clearTimeout(impatient);
    left.abort();
    subscription?.stop();
    session.close();
  });
  if (operation.type === 'subscription') return;
  const response = await operations.execute(operation, caller, { traceId, signal: left.signal, trace });
  sink.next([{ text: JSON.stringify(response), cursor: null }]);
  end();
}

/** Events of the same deliveries, encoded once for all who get them. */
const encoded = new WeakMap<readonly Sent[], Buffer>();

type Sent = Pick<Delivery, 'text' | 'cursor'>;

function eventsOf(deliveries: readonly Sent[]): Buffer {
  let events = encoded.get(deliveries);
  if (events === undefined) {
    let text = '';
    for (const { text: data, cursor } of deliveries)
      text += `${cursor === null ? '' : `id: ${cursor}\n`}event: next\ndata: ${data}\n\n`;
    events = Buffer.from(text);
    encoded.set(deliveries, events);
  }
  return events;
}
