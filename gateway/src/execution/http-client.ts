import { GraphQLError } from 'graphql';
import { type Dispatcher, Pool } from 'undici';
import type { RequestContext, SubgraphClient, SubgraphRequest, SubgraphResponse } from './executor.ts';

/** Where a subgraph of a tenant answers. */
export interface SubgraphTarget {
  /** `http://host:port`, or `unix:/path/of/a.sock`. */
  readonly origin: string;
  /** Path of the GraphQL endpoint, with its slash. */
  readonly path: string;
}

export interface HttpClientOptions<Context extends RequestContext> {
  /**
   * The target for the authenticated tenant of the context, from an allow-list; `undefined` refuses the fetch. It
   * must not read anything the client sent.
   */
  readonly resolve: (subgraph: string, context: Context) => SubgraphTarget | undefined;
  /** Headers beside the usual ones: the internal token, trace context. */
  readonly headers?: (
    subgraph: string,
    context: Context,
    request: SubgraphRequest,
  ) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  /** The present in epoch milliseconds, for the deadline of a context. */
  readonly now: () => number;
  /** Sockets per origin; 64 when absent. */
  readonly connections?: number;
  /** Longest wait for an answer when the context has no nearer deadline, in milliseconds; 30,000 when absent. */
  readonly timeout?: number;
  /** Largest answer in bytes; 32 MiB when absent. */
  readonly maximumResponseBytes?: number;
  /** Origins with a pool of their own, least recently used closed first; 1,024 when absent. */
  readonly maximumOrigins?: number;
}

export interface HttpSubgraphClient<Context extends RequestContext> extends SubgraphClient<Context> {
  /** Waits for what is under way, then closes all sockets. */
  close(): Promise<void>;
}

/** Codes of the errors with which {@link SubgraphClient.fetch} of this client rejects. */
export type SubgraphFailureCode =
  | 'SUBGRAPH_UNKNOWN'
  | 'SUBGRAPH_UNREACHABLE'
  | 'SUBGRAPH_TIMEOUT'
  | 'SUBGRAPH_RESPONSE_TOO_LARGE'
  | 'SUBGRAPH_BAD_RESPONSE'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN';

/** Calls subgraphs over HTTP/1.1 with JSON: a pool per origin, one request in flight per socket, everything bounded. */
export function createHttpClient<Context extends RequestContext>(
  options: HttpClientOptions<Context>,
): HttpSubgraphClient<Context> {
  const { connections = 64, timeout = 30_000, maximumResponseBytes = 32 * 1024 * 1024 } = options;
  const pools = poolCache(connections, options.maximumOrigins ?? 1024);

  return {
    // Not async: without waiting for headers a fetch starts at once, and costs no promise more than its own.
    fetch(subgraph, request, context) {
      try {
        const headers = options.headers?.(subgraph, context, request);
        if (headers instanceof Promise)
          return headers.then((ready) => start(subgraph, request, context, ready));
        return start(subgraph, request, context, headers);
      } catch (error) {
        return Promise.reject(error);
      }
    },
    close: () => pools.close(),
  };

  function start(
    subgraph: string,
    request: SubgraphRequest,
    context: Context,
    extraHeaders: Readonly<Record<string, string>> | undefined,
  ): Promise<SubgraphResponse> {
    const target = options.resolve(subgraph, context);
    if (target === undefined) {
      throw failure('SUBGRAPH_UNKNOWN', subgraph, 'is not known for this tenant');
    }
    if (context.signal?.aborted) throw failure('SUBGRAPH_TIMEOUT', subgraph, 'was not asked: cancelled');
    const remaining = context.deadline === undefined ? timeout : context.deadline - options.now();
    if (remaining <= 0) throw failure('SUBGRAPH_TIMEOUT', subgraph, 'was not asked: too late');
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      accept: 'application/json',
      ...extraHeaders,
    };
    const wait = Math.min(timeout, remaining);
    if (context.deadline !== undefined) headers['dotmac-timeout-ms'] = String(Math.ceil(wait));
    return exchange(
      pools.get(target.origin),
      {
        method: 'POST',
        path: target.path,
        headers,
        body: request.body ?? bodyOf(request),
        headersTimeout: wait,
        bodyTimeout: wait,
      },
      {
        subgraph,
        maximumResponseBytes,
        signal: context.signal,
        late: () => context.deadline !== undefined && options.now() > context.deadline,
      },
    );
  }
}

function bodyOf({ query, operationName, variables }: SubgraphRequest): string {
  return JSON.stringify({ query, operationName, variables });
}

interface ExchangeLimits {
  readonly subgraph: string;
  readonly maximumResponseBytes: number;
  readonly signal: AbortSignal | undefined;
  /** Whether the deadline has passed: an answer that comes in small pieces never exceeds the pauses allowed. */
  readonly late: () => boolean;
}

/** One request and its whole answer, without a stream in between. */
function exchange(
  pool: Pool,
  request: Dispatcher.DispatchOptions,
  { subgraph, maximumResponseBytes, signal, late }: ExchangeLimits,
): Promise<SubgraphResponse> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let status = 0;
    let contentType: string | string[] | undefined;
    let controller: Dispatcher.DispatchController | undefined;

    const cancel = () =>
      controller?.abort(failure('SUBGRAPH_TIMEOUT', subgraph, 'did not answer: cancelled'));
    const settle = () => signal?.removeEventListener('abort', cancel);
    signal?.addEventListener('abort', cancel, { once: true });

    pool.dispatch(request, {
      onRequestStart(requestController) {
        controller = requestController;
        if (signal?.aborted) cancel();
      },
      onResponseStart(_, statusCode, headers) {
        status = statusCode;
        contentType = headers['content-type'];
      },
      onResponseData(dispatch, chunk) {
        length += chunk.length;
        if (length > maximumResponseBytes) {
          const limit = `answered with more than ${maximumResponseBytes} bytes`;
          dispatch.abort(failure('SUBGRAPH_RESPONSE_TOO_LARGE', subgraph, limit));
        } else if (late()) {
          dispatch.abort(failure('SUBGRAPH_TIMEOUT', subgraph, 'did not answer in time'));
        } else {
          chunks.push(chunk);
        }
      },
      onResponseEnd() {
        settle();
        try {
          const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length);
          resolve(parseAnswer(subgraph, status, contentType, body));
        } catch (error) {
          reject(error);
        }
      },
      onResponseError(_, error) {
        settle();
        reject(error instanceof GraphQLError ? error : transportFailure(subgraph, error));
      },
    });
  });
}

function parseAnswer(
  subgraph: string,
  status: number,
  contentType: string | string[] | undefined,
  body: Buffer,
): SubgraphResponse {
  if (status === 401) throw failure('UNAUTHENTICATED', subgraph, 'answered 401');
  if (status === 403) throw failure('FORBIDDEN', subgraph, 'answered 403');
  if (status < 200 || status > 299) throw failure('SUBGRAPH_BAD_RESPONSE', subgraph, `answered ${status}`);
  const type = String(contentType);
  if (!type.startsWith('application/json') && !type.startsWith('application/graphql-response+json')) {
    throw failure('SUBGRAPH_BAD_RESPONSE', subgraph, `answered with content type ${type}`);
  }
  let answer: unknown;
  try {
    answer = JSON.parse(body.toString());
  } catch (cause) {
    throw failure('SUBGRAPH_BAD_RESPONSE', subgraph, 'answered with broken JSON', cause);
  }
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) {
    throw failure('SUBGRAPH_BAD_RESPONSE', subgraph, 'answered with JSON that is no object');
  }
  return answer;
}

function transportFailure(subgraph: string, error: Error): GraphQLError {
  const code = (error as { code?: unknown }).code;
  const late = code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT';
  return late
    ? failure('SUBGRAPH_TIMEOUT', subgraph, 'did not answer in time', error)
    : failure('SUBGRAPH_UNREACHABLE', subgraph, 'cannot be reached', error);
}

function failure(code: SubgraphFailureCode, subgraph: string, what: string, cause?: unknown): GraphQLError {
  return new GraphQLError(`Subgraph ${subgraph} ${what}`, {
    extensions: { code, serviceName: subgraph },
    ...(cause instanceof Error ? { originalError: cause } : {}),
  });
}

interface PoolCache {
  get(origin: string): Pool;
  close(): Promise<void>;
}

function poolCache(connections: number, maximumOrigins: number): PoolCache {
  const pools = new Map<string, Pool>();
  return {
    get(origin) {
      let pool = pools.get(origin);
      if (pool !== undefined && pools.size < maximumOrigins) return pool;
      if (pool !== undefined) {
        // Only a full cache pays for keeping the order of use.
        pools.delete(origin);
      } else {
        pool = openPool(origin, connections);
        evictOldest();
      }
      pools.set(origin, pool);
      return pool;
    },
    async close() {
      const open = [...pools.values()];
      pools.clear();
      await Promise.all(open.map((pool) => pool.close()));
    },
  };

  function evictOldest(): void {
    for (const [origin, pool] of pools) {
      if (pools.size < maximumOrigins) return;
      pools.delete(origin);
      // Ends when the last request under way has ended; a failure to close leaves nothing to do.
      pool.close().catch(() => pool.destroy());
    }
  }
}

function openPool(origin: string, connections: number): Pool {
  const options = { connections, pipelining: 1 };
  if (!origin.startsWith('unix:')) return new Pool(origin, options);
  return new Pool('http://localhost', { ...options, socketPath: origin.slice('unix:'.length) });
}
