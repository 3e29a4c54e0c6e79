import type { IncomingMessage } from 'node:http';
import { failSpan, type Logger, startServerSpan, TokenError } from '@dotmac/platform';
import { DomainError } from '@dotmac/schema';
import type { WebSocket } from 'ws';
import { GatewayError } from '../errors.ts';
import { refusal } from '../http/graphql.ts';
import type { Authenticator, Claim } from '../identity/authenticator.ts';
import type { Limits } from '../limits.ts';
import type { Operations } from '../operation/operations.ts';
import { readParams } from '../operation/params.ts';
import type { Session, SessionEnd, Sessions } from '../session/sessions.ts';
import { closeCodes } from '../subscription/close-codes.ts';
import type { SubscriptionHub } from '../subscription/hub.ts';
import type { Sink } from '../subscription/outbox.ts';
import { nextFrames } from './frames.ts';
import { type ClientMessage, type Payload, parseMessage } from './message.ts';
import { MessageBudget } from './message-budget.ts';

export interface ConnectionOptions {
  readonly authenticator: Authenticator;
  readonly sessions: Sessions;
  readonly operations: Operations;
  readonly hub: SubscriptionHub;
  readonly limits: Limits;
  readonly logger: Logger;
}

const endings: Readonly<Record<SessionEnd, readonly [code: number, reason: string]>> = {
  EXPIRED: [closeCodes.UNAUTHORISED, 'The credential has expired'],
  REVOKED: [closeCodes.UNAUTHORISED, 'The credential is no longer valid'],
  AUTHORITY_CHANGED: [closeCodes.AUTHORITY_CHANGED, 'Your rights have changed'],
  RELOAD: [closeCodes.RELOAD, 'The gateway restarts'],
};

interface RunningOperation {
  stop(): void;
  flush(): void;
}

/** One WebSocket that speaks graphql-transport-ws. */
export class Connection {
  readonly #socket: WebSocket;
  readonly #request: IncomingMessage;
  readonly #options: ConnectionOptions;
  readonly #operations = new Map<string, RunningOperation>();
  readonly #initTimer: NodeJS.Timeout;
  readonly #budget: MessageBudget;
  #initialising = false;
  #session: Session | undefined;

  constructor(socket: WebSocket, request: IncomingMessage, options: ConnectionOptions) {
    this.#socket = socket;
    this.#request = request;
    this.#options = options;
    this.#budget = new MessageBudget(options.limits.messagesPerSecond, performance.now());
    this.#initTimer = setTimeout(
      () => this.#close(closeCodes.INITIALISATION_TIMEOUT, 'connection_init did not come'),
      options.limits.connectionInitMilliseconds,
    );
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('close', () => this.#gone());
    // A broken frame or a message too large: ws closes the socket itself, with the code that fits.
    socket.on('error', (error) => options.logger.debug({ error }, 'a WebSocket broke'));
    request.socket.on('drain', () => {
      for (const operation of this.#operations.values()) operation.flush();
    });
  }

  #receive(data: unknown, isBinary: boolean): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    // Answers to a client that sends without reading would pile up.
    if (this.#socket.bufferedAmount > this.#options.limits.bufferedBytes) {
      this.#close(closeCodes.SLOW_CONSUMER, 'Answers are not read');
      return;
    }
    if (!this.#budget.take(performance.now())) {
      this.#close(closeCodes.TOO_MANY_MESSAGES, 'Too many messages');
      return;
    }
    const message = isBinary
      ? ({ type: 'invalid', reason: 'Messages are text' } as const)
      : parseMessage(String(data));
    if (message.type === 'invalid') {
      this.#close(closeCodes.BAD_MESSAGE, message.reason);
      return;
    }
    this.#handle(message).catch((error: unknown) => {
      this.#options.logger.error({ error }, 'a WebSocket message could not be handled');
      this.#close(1011, 'Something went wrong here');
    });
  }

  async #handle(message: ClientMessage): Promise<void> {
    switch (message.type) {
      case 'connection_init':
        return this.#initialise(message.payload);
      case 'ping':
        return this.#ping(message.payload);
      case 'pong':
        return;
      case 'complete':
        this.#operations.get(message.id)?.stop();
        this.#operations.delete(message.id);
        return;
      case 'subscribe':
        return this.#subscribe(message.id, message.payload);
    }
  }

  async #initialise(payload: Payload): Promise<void> {
    if (this.#initialising) {
      return this.#close(closeCodes.TOO_MANY_INITIALISATIONS, 'connection_init came twice');
    }
    this.#initialising = true;
    clearTimeout(this.#initTimer);
    try {
      const claim = await this.#claimOf(payload);
      if (this.#socket.readyState !== this.#socket.OPEN) return;
      this.#session = this.#options.sessions.open(claim, {
        end: (reason) => this.#close(...endings[reason]),
      });
      this.#send(JSON.stringify({ type: 'connection_ack' }));
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      this.#close(closeCodeOf(error), error.message);
    }
  }

  /** `authorization` and `tenant` of the payload go before the headers of the upgrade: browsers cannot set those. */
  async #claimOf(payload: Payload): Promise<Claim> {
    const { authenticator } = this.#options;
    const authorization = textOf(payload, 'authorization') ?? textOf(payload, 'Authorization');
    const headers =
      authorization === undefined ? this.#request.headers : { ...this.#request.headers, authorization };
    const slug = textOf(payload, 'tenant');
    const claim = await authenticator.claimOf(this.#request, headers);
    return slug === undefined ? claim : { ...claim, wish: { ...claim.wish, slug } };
  }

  async #ping(payload: Payload): Promise<void> {
    const authorization = textOf(payload, 'authorization') ?? textOf(payload, 'Authorization');
    if (authorization !== undefined && this.#session !== undefined) {
      try {
        await this.#session.renew(authorization);
      } catch (error) {
        if (!(error instanceof DomainError)) throw error;
        return this.#close(closeCodeOf(error), error.message);
      }
    }
    this.#send('{"type":"pong"}');
  }

  async #subscribe(id: string, payload: unknown): Promise<void> {
    const { operations, limits, hub } = this.#options;
    const session = this.#session;
    if (session === undefined) return this.#close(closeCodes.UNAUTHORISED, 'Send connection_init first');
    if (this.#operations.has(id)) {
      return this.#close(closeCodes.DUPLICATE_OPERATION, `An operation with the id "${id}" is running`);
    }
    const { caller } = session;
    const trace = startServerSpan('graphql', traceparentIn(payload));
    const { traceId } = trace;
    const sink = this.#sinkOf(id);
    try {
      if (this.#operations.size >= limits.operationsPerConnection) {
        throw new GatewayError('TOO_MANY_OPERATIONS', 'Too many operations run on this connection', {
          allowed: limits.operationsPerConnection,
        });
      }
      const resolved = operations.resolve(readParams(payload), caller);
      let params = resolved instanceof Promise ? null : resolved;
      if (params === null) {
        const waiting: RunningOperation = { ...idle };
        this.#operations.set(id, waiting);
        params = await resolved;
        // The client may have ended it, or be gone.
        if (this.#operations.get(id) !== waiting) return;
      }
      const operation = operations.prepare(params, caller);
      operations.admit(operation, caller, session.address);
      if (operation.type === 'subscription') {
        this.#operations.set(id, idle);
        const subscription = hub.subscribe(operation, caller, sink);
        // It may be over already.
        if (this.#operations.get(id) === idle) this.#operations.set(id, subscription);
        return;
      }
      const left = new AbortController();
      this.#operations.set(id, { stop: () => left.abort(), flush: () => undefined });
      const response = await operations.execute(operation, caller, {
        traceId,
        signal: left.signal,
        trace,
      });
      if (left.signal.aborted) return;
      if (response.data === undefined) return sink.error((response.errors ?? []) as object[]);
      sink.next([{ text: JSON.stringify(response), cursor: null }]);
      sink.complete();
    } catch (error) {
      failSpan(trace.span, error);
      sink.error(operations.failure(refusal(error).errors, caller, traceId).errors ?? []);
    } finally {
      trace.span.end();
    }
  }

  /** Sends what belongs to one operation, until it ends. */
  #sinkOf(id: string): Sink {
    const key = JSON.stringify(id);
    let ended = false;
    const end = (text: string) => {
      if (ended) return;
      ended = true;
      this.#operations.delete(id);
      this.#send(text);
    };
    const tell = (what: 'start' | 'place', cursor: string) =>
      this.#send(`{"type":"ping","payload":{"${what}":{"id":${key},"cursor":${JSON.stringify(cursor)}}}}`);
    return {
      start: (cursor) => tell('start', cursor),
      place: (cursor) => tell('place', cursor),
      next: (deliveries) => {
        // Past ws, which would frame and encode them for each client again. It compresses nothing and splits no message, so
        // that whole frames may go between its own.
        if (this.#socket.readyState === this.#socket.OPEN)
          this.#request.socket.write(nextFrames(key, deliveries));
      },
      error: (errors) => end(`{"id":${key},"type":"error","payload":${JSON.stringify(errors)}}`),
      complete: () => end(`{"id":${key},"type":"complete"}`),
      buffered: () => this.#socket.bufferedAmount,
    };
  }

  #send(text: string): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text);
  }

  /** A close reason holds 123 octets at most (RFC 6455, section 5.5). */
  #close(code: number, reason: string): void {
    this.#end();
    this.#socket.close(
      code,
      Buffer.from(reason)
        .subarray(0, 123)
        .toString()
        .replace(/\uFFFD$/, ''),
    );
  }

  #gone(): void {
    clearTimeout(this.#initTimer);
    this.#end();
  }

  #end(): void {
    this.#session?.close();
    for (const operation of this.#operations.values()) operation.stop();
    this.#operations.clear();
  }
}

const idle: RunningOperation = { stop: () => undefined, flush: () => undefined };

function textOf(payload: Payload, name: string): string | undefined {
  const value = payload[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function closeCodeOf(error: DomainError): number {
  if (error instanceof TokenError) return closeCodes.UNAUTHORISED;
  return error.code === 'TOO_MANY_CONNECTIONS' ? closeCodes.TOO_MANY_CONNECTIONS : closeCodes.FORBIDDEN;
}

/** The client's place in a trace: a WebSocket has headers for the whole connection only, so it comes with each operation. */
function traceparentIn(payload: unknown): string | undefined {
  const { extensions } = payload as { readonly extensions?: { readonly traceparent?: unknown } | null };
  return typeof extensions?.traceparent === 'string' ? extensions.traceparent : undefined;
}
