import { createClient as createEventClient } from 'graphql-sse';
import { type Client, createClient, type ExecutionResult } from 'graphql-ws';
import { WebSocket } from 'ws';

export interface Received {
  readonly results: ExecutionResult<Record<string, unknown>, unknown>[];
  /** Resolves when so many results are there. */
  count(wanted: number): Promise<void>;
  /** How the operation ended: null when complete, else what was given as the error. */
  readonly ended: Promise<unknown>;
  stop(): void;
}

interface Observer {
  next(value: unknown): void;
  error(error: unknown): void;
  complete(): void;
}

function receive(begin: (observer: Observer) => () => void): Received {
  const results: Received['results'] = [];
  const waiting: { wanted: number; resolve: () => void }[] = [];
  const ended = Promise.withResolvers<unknown>();
  const stop = begin({
    next(value) {
      results.push(value as Received['results'][number]);
      for (const { wanted, resolve } of waiting) if (results.length >= wanted) resolve();
    },
    error: (error) => ended.resolve(error),
    complete: () => ended.resolve(null),
  });
  return {
    results,
    stop,
    ended: ended.promise,
    count(wanted) {
      if (results.length >= wanted) return Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ wanted, resolve });
      return promise;
    },
  };
}

/** A graphql-ws client that does not reconnect, so that tests see every close. */
export function webSocketClient(url: string, connectionParams: Record<string, unknown> = {}): Client {
  return createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams,
    retryAttempts: 0,
    lazy: true,
  });
}

export function subscribeWs(
  client: Client,
  query: string,
  variables: Record<string, unknown> = {},
): Received {
  return receive((observer) => client.subscribe({ query, variables }, observer));
}

export function subscribeSse(
  url: string,
  token: string,
  query: string,
  variables: Record<string, unknown> = {},
): Received {
  const client = createEventClient({
    url: `${url}/graphql`,
    headers: { authorization: `Bearer ${token}` },
    retryAttempts: 0,
  });
  return receive((observer) => client.subscribe({ query, variables }, observer));
}

/** A bare WebSocket that records what comes. */
export class RawSocket {
  readonly socket: WebSocket;
  readonly messages: { type: string; id?: string; payload?: unknown }[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  #waiting: { wanted: number; resolve: () => void }[] = [];

  constructor(
    url: string,
    headers: Record<string, string> = {},
    protocol = 'graphql-transport-ws',
    options: { readonly autoPong?: boolean } = {},
  ) {
    this.socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, protocol, { headers, ...options });
    this.closed = new Promise((resolve) => {
      this.socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    // A refused upgrade is an error and a close; tests look at the close.
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data) => {
      this.messages.push(JSON.parse(String(data)));
      for (const { wanted, resolve } of this.#waiting) if (this.messages.length >= wanted) resolve();
    });
  }

  async open(): Promise<this> {
    if (this.socket.readyState === this.socket.OPEN) return this;
    await new Promise<void>((resolve, reject) => {
      this.socket.once('open', resolve);
      this.socket.once('error', reject);
    });
    return this;
  }

  send(message: unknown): void {
    this.socket.send(
      typeof message === 'string' || message instanceof Buffer ? message : JSON.stringify(message),
    );
  }

  count(wanted: number): Promise<void> {
    if (this.messages.length >= wanted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ wanted, resolve });
    return promise;
  }

  /** Opens, and gets the acknowledgement for this token. */
  async initialise(token?: string): Promise<this> {
    await this.open();
    this.send({
      type: 'connection_init',
      payload: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    await Promise.race([this.count(1), this.closed]);
    if (this.messages.length === 0) throw new Error(`closed: ${JSON.stringify(await this.closed)}`);
    return this;
  }
}
