import type { Logger } from '@dotmac/platform';
import { Pool } from 'undici';
import type { SubgraphRequest, SubgraphResponse } from '../execution/executor.ts';
import type { SubgraphTarget } from '../execution/http-client.ts';
import { EventStreamError, EventStreamParser } from './event-stream.ts';

/**
 * What a subgraph's stream says: where it starts, before all else and where it can; then results, and where it is when there are
 * none.
 */
type UpstreamEvent =
  | { readonly kind: 'ready'; readonly cursor: string | null }
  | { readonly kind: 'result'; readonly response: SubgraphResponse };

/** What a subgraph answers to a subscription. */
export type UpstreamAnswer =
  | { readonly kind: 'refused'; readonly response: SubgraphResponse }
  /** Returns when the subgraph says that the stream is complete; throws when it breaks. */
  | { readonly kind: 'stream'; readonly events: AsyncGenerator<UpstreamEvent, void, undefined> };

/** Subgraphs send a sign of life every 15 seconds: after two and a half of them the connection is dead. */
const silenceMilliseconds = 40_000;
const connectMilliseconds = 10_000;

/** Opens streams of events from subgraphs: `POST /graphql/<subgraph>` with `accept: text/event-stream`. */
export class Upstreams {
  readonly #logger: Logger;
  readonly #pools = new Map<string, Pool>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @throws Error when no answer comes, or none that is GraphQL. */
  async open(
    target: SubgraphTarget,
    request: SubgraphRequest,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<UpstreamAnswer> {
    const { query, operationName, variables } = request;
    const {
      statusCode,
      headers: answered,
      body,
    } = await this.#pool(target.origin).request({
      method: 'POST',
      path: target.path,
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
      body: JSON.stringify({ query, operationName, variables }),
      headersTimeout: connectMilliseconds,
      bodyTimeout: silenceMilliseconds,
      signal,
    });
    // When the stream is given up nobody reads the body any more; its error says nothing new.
    body.on('error', (error) => this.#logger.debug({ error, origin: target.origin }, 'an upstream ended'));
    if (statusCode === 200 && String(answered['content-type']).startsWith('text/event-stream')) {
      return { kind: 'stream', events: readEvents(body) };
    }
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`The subgraph answered ${statusCode} to a subscription`);
    return { kind: 'refused', response: JSON.parse(text) as SubgraphResponse };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
    this.#pools.clear();
  }

  /** Streams have pools of their own, without a bound: each holds its connection for as long as it lives. */
  #pool(origin: string): Pool {
    let pool = this.#pools.get(origin);
    if (pool === undefined) {
      const options = { connections: null, pipelining: 1 };
      pool = origin.startsWith('unix:')
        ? new Pool('http://localhost', { ...options, socketPath: origin.slice('unix:'.length) })
        : new Pool(origin, options);
      this.#pools.set(origin, pool);
    }
    return pool;
  }
}

async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<UpstreamEvent, void, undefined> {
  const parser = new EventStreamParser();
  for await (const chunk of body) {
    for (const { event, data } of parser.push(chunk)) {
      if (event === 'complete') return;
      if (event === 'next') yield { kind: 'result', response: JSON.parse(data) as SubgraphResponse };
      else if (event === 'ready') yield { kind: 'ready', cursor: startOf(data) };
      else throw new EventStreamError(`Unknown event "${event}"`);
    }
  }
  throw new EventStreamError('The stream ended without being complete');
}

function startOf(data: string): string | null {
  const { cursor } = JSON.parse(data) as { readonly cursor?: unknown };
  return typeof cursor === 'string' ? cursor : null;
}
