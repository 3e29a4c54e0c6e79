import { createClient as createSseClient } from 'graphql-sse';
import { type Client, createClient } from 'graphql-ws';
import WebSocket from 'ws';

interface GraphqlAnswer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly extensions?: Record<string, unknown>;
  }[];
  readonly extensions?: Record<string, unknown>;
}

/** The graph as somebody sees it, through HTTP alone. */
export interface GraphUser {
  readonly url: string;
  readonly token: string | undefined;
  /** The whole answer, errors included. */
  ask<Data = Record<string, never>>(
    query: string,
    variables?: Record<string, unknown>,
    headers?: Record<string, string>,
  ): Promise<GraphqlAnswer<Data>>;
  /** The data; errors fail the test. */
  data<Data>(query: string, variables?: Record<string, unknown>): Promise<Data>;
}

export function graphUser(url: string, token?: string): GraphUser {
  const ask: GraphUser['ask'] = async (query, variables = {}, headers = {}) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as never;
  };
  return {
    url,
    token,
    ask,
    async data<Data>(query: string, variables?: Record<string, unknown>) {
      const answer = await ask<Data>(query, variables);
      if (answer.errors !== undefined || answer.data == null)
        throw new Error(`The operation failed: ${JSON.stringify(answer, null, 2)}`);
      return answer.data;
    },
  };
}

export interface Stream<Data> {
  /** The next payload's data; errors in it fail the test. */
  next(): Promise<Data>;
  /** The first payload, from the next on, that passes. */
  until(check: (data: Data) => boolean): Promise<Data>;
  close(): Promise<void>;
}

/** A stream of the event log over graphql-ws, of which the gateway tells where it begins. */
export interface BegunStream<Data> extends Stream<Data> {
  /** Resolves when the stream has begun: what happens from then on is in it. Never for what has no cursor. */
  readonly begun: Promise<void>;
}

/** Subscribes over graphql-ws; returns when the subscription is on its way to the gateway. */
export function subscribeWs<Data>(
  url: string,
  token: string,
  query: string,
  variables: Record<string, unknown> = {},
): BegunStream<Data> {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const client: Client = createClient({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    retryAttempts: 0,
    on: {
      ping: (received, payload) => {
        if (received && payload?.start !== undefined) begin();
      },
    },
  });
  const stream = streamOf(
    client.iterate({ query, variables }) as AsyncIterableIterator<GraphqlAnswer<Data>>,
    () => client.dispose(),
  );
  return { ...stream, begun };
}

/** The same over server-sent events. */
export function subscribeSse<Data>(
  url: string,
  token: string,
  query: string,
  variables: Record<string, unknown> = {},
): Stream<Data> {
  const client = createSseClient({ url, headers: { authorization: `Bearer ${token}` }, retryAttempts: 0 });
  return streamOf(client.iterate({ query, variables }) as AsyncIterableIterator<GraphqlAnswer<Data>>, () =>
    client.dispose(),
  );
}

function streamOf<Data>(
  source: AsyncIterableIterator<GraphqlAnswer<Data>>,
  dispose: () => void | Promise<void>,
): Stream<Data> {
  const next = async () => {
    const { done, value } = await source.next().catch((failure: unknown) => {
      // graphql-ws rejects with the list of errors itself.
      throw failure instanceof Error
        ? failure
        : new Error(`The stream was refused: ${JSON.stringify(failure)}`);
    });
    if (done === true) throw new Error('The stream ended');
    if (value.errors !== undefined || value.data == null)
      throw new Error(`The stream failed: ${JSON.stringify(value)}`);
    return value.data;
  };
  return {
    next,
    async until(check) {
      for (;;) {
        const data = await next();
        if (check(data)) return data;
      }
    },
    async close() {
      await source.return?.();
      await dispose();
    },
  };
}

/** Asks again and again until the check passes; fails with the last answer after so many seconds. */
export async function eventually<T>(
  ask: () => Promise<T>,
  check: (answer: T) => boolean,
  patienceSeconds = 45,
): Promise<T> {
  const deadline = performance.now() + patienceSeconds * 1_000;
  for (;;) {
    const answer = await ask();
    if (check(answer)) return answer;
    if (performance.now() > deadline)
      throw new Error(`It never came true; last seen: ${JSON.stringify(answer, null, 2)}`);
    await new Promise((again) => setTimeout(again, 50));
  }
}

/**
 * Does something again and again until the stream shows it: a stream that has only just been opened may not have
 * reached its source yet, and begins with what happens from then on.
 */
export async function untilSeen<Data>(
  stream: Stream<Data>,
  check: (data: Data) => boolean,
  act: () => Promise<unknown>,
): Promise<Data> {
  let found: Data | undefined;
  const seen = stream.until(check).then((data) => {
    found = data;
    return data;
  });
  while (found === undefined) {
    await act();
    await Promise.race([seen, new Promise((again) => setTimeout(again, 250))]);
  }
  return seen;
}
