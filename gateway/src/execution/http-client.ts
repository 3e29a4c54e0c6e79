import { GraphQLError } from 'graphql';
import { type Exchange, ExchangeError, Pool, type PoolOptions } from '../http1/pool.ts';
import { type HttpAnswer, ResponseError } from '../http1/response-reader.ts';
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
  /**
   * Who asks, where a query may be answered by an equal one of the same asker that is under way: its answer may then be from
   * before a change that the asker knows of. Null keeps a fetch to itself; without the function all are.
   */
  readonly sharedBy?: (context: Context) => string | null;
  /** What a fetch that failed is rejected with; the error itself when absent. */
  readonly explain?: (error: GraphQLError, subgraph: string, context: Context) => Error;
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

/**
 * Calls subgraphs over HTTP/1.1 with JSON: a pool per origin, everything bounded. Requests that are waited for together go
 * together, over one connection; every other has one for itself.
 */
export function createHttpClient<Context extends RequestContext>(
  options: HttpClientOptions<Context>,
): HttpSubgraphClient<Context> {
  const { connections = 64, timeout = 30_000, maximumResponseBytes = 32 * 1024 * 1024 } = options;
  const pools = poolCache({ connections, largestBody: maximumResponseBytes }, options.maximumOrigins ?? 1024);
  /** What was asked in this turn of the loop and is sent at its end, by what it is waited for with. */
  const together = new Map<object, Together>();
  /** Queries under way that others may wait for too. */
  const shared = new Map<string, Shared>();

  return {
    // Not async: without waiting for headers a fetch starts at once, and costs no promise more than its own.
    fetch(subgraph, request, context) {
      try {
        const headers = options.headers?.(subgraph, context, request);
        if (!(headers instanceof Promise)) return start(subgraph, request, context, headers);
        const waiting = headers.then((ready) => start(subgraph, request, context, ready));
        return waiting.catch((error: unknown) => Promise.reject(explained(error, subgraph, context)));
      } catch (error) {
        return Promise.reject(explained(error, subgraph, context));
      }
    },
    close: () => pools.close(),
  };

  function explained(error: unknown, subgraph: string, context: Context): unknown {
    if (!(error instanceof GraphQLError) || options.explain === undefined) return error;
    return options.explain(error, subgraph, context);
  }

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
    const { signal, deadline } = context;
    if (signal?.aborted) throw failure('SUBGRAPH_TIMEOUT', subgraph, 'was not asked: cancelled');
    const remaining = deadline === undefined ? timeout : deadline - options.now();
    if (remaining <= 0) throw failure('SUBGRAPH_TIMEOUT', subgraph, 'was not asked: too late');
    const wait = Math.min(timeout, remaining);
    const body = request.body ?? bodyOf(request);
    const isMutation = request.query.startsWith('mutation');
    const asker = isMutation ? null : (options.sharedBy?.(context) ?? null);
    const key = asker === null ? null : `${target.origin}${target.path} ${asker} ${body}`;
    const { promise, resolve, reject } = Promise.withResolvers<SubgraphResponse>();
    const waiter: Waiting = {
      abandoned: () => signal?.aborted === true,
      onAnswer(answer) {
        try {
          resolve(parseAnswer(subgraph, answer));
        } catch (error) {
          reject(explained(error, subgraph, context));
        }
      },
      onError: (error) =>
        reject(explained(transportFailure(subgraph, error, maximumResponseBytes), subgraph, context)),
    };
    const underWay = key === null ? undefined : shared.get(key);
    if (underWay !== undefined && !underWay.abandoned()) {
      underWay.waiting.push(waiter);
      return promise;
    }
    const exchange: Exchange = {
      text: `${requestHead(target, extraHeaders, deadline === undefined ? null : wait)}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      repeatable: !isMutation,
      expiresAt: performance.now() + wait,
      late: () => deadline !== undefined && options.now() > deadline,
      ...(key === null ? waiter : share(key, waiter)),
    };
    if (request.together === true) sendTogether(target.origin, signal ?? context, exchange);
    else pools.get(target.origin).send([exchange]);
    return promise;
  }

  /** One who is told what all are told that wait for the same. */
  function share(key: string, first: Waiting): Shared {
    const waiting = [first];
    const all: Shared = {
      waiting,
      abandoned: () => waiting.every((one) => one.abandoned()),
      onAnswer(answer) {
        shared.delete(key);
        for (const one of waiting) one.onAnswer(answer);
      },
      onError(error) {
        shared.delete(key);
        for (const one of waiting) one.onError(error);
      },
    };
    shared.set(key, all);
    return all;
  }

  /** Waits until everybody who asks now has asked. */
  function sendTogether(origin: string, operation: object, exchange: Exchange): void {
    const others = together.get(operation);
    if (others === undefined) {
      together.set(operation, { origin, exchanges: [exchange] });
      queueMicrotask(() => {
        const gathered = together.get(operation);
        together.delete(operation);
        if (gathered !== undefined) pools.get(gathered.origin).send(gathered.exchanges);
      });
    } else if (others.origin === origin) others.exchanges.push(exchange);
    else pools.get(origin).send([exchange]);
  }
}

type Waiting = Pick<Exchange, 'abandoned' | 'onAnswer' | 'onError'>;

interface Shared extends Waiting {
  readonly waiting: Waiting[];
}

interface Together {
  readonly origin: string;
  readonly exchanges: Exchange[];
}

/** Head of a request up to its length. @throws Error for a header that would be more than one. */
function requestHead(
  { origin, path }: SubgraphTarget,
  extra: Readonly<Record<string, string>> | undefined,
  milliseconds: number | null,
): string {
  const host = origin.startsWith('http://') ? origin.slice('http://'.length) : 'localhost';
  let head = `POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\naccept: application/json\r\n`;
  for (const name in extra) {
    const value = extra[name] as string;
    if (unfit.test(value)) throw new Error(`The header ${name} has a character that may not be sent`);
    head += `${name}: ${value}\r\n`;
  }
  return milliseconds === null ? head : `${head}dotmac-timeout-ms: ${Math.ceil(milliseconds)}\r\n`;
}

/** Anything but visible ASCII, blanks and tabs. */
const unfit = /[^\t\x20-\x7e]/;

function bodyOf({ query, operationName, variables }: SubgraphRequest): string {
  return JSON.stringify({ query, operationName, variables });
}

function parseAnswer(subgraph: string, { status, contentType: type, body }: HttpAnswer): SubgraphResponse {
  if (status === 401) throw failure('UNAUTHENTICATED', subgraph, 'answered 401');
  if (status === 403) throw failure('FORBIDDEN', subgraph, 'answered 403');
  if (status < 200 || status > 299) throw failure('SUBGRAPH_BAD_RESPONSE', subgraph, `answered ${status}`);
  if (!type.startsWith('application/json') && !type.startsWith('application/graphql-response+json')) {
    throw failure('SUBGRAPH_BAD_RESPONSE', subgraph, `answered with content type ${type}`);
  }
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch (cause) {
    throw failure('SUBGRAPH_BAD_RESPONSE', subgraph, 'answered with broken JSON', cause);
  }
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) {
    throw failure('SUBGRAPH_BAD_RESPONSE', subgraph, 'answered with JSON that is no object');
  }
  return answer;
}

function transportFailure(subgraph: string, error: unknown, maximumResponseBytes: number): GraphQLError {
  if (error instanceof ExchangeError && error.reason === 'ABANDONED')
    return failure('SUBGRAPH_TIMEOUT', subgraph, 'did not answer: cancelled', error);
  if (error instanceof ExchangeError && error.reason === 'TIMEOUT')
    return failure('SUBGRAPH_TIMEOUT', subgraph, 'did not answer in time', error);
  if (error instanceof ResponseError && error.reason === 'TOO_LARGE') {
    const what = `answered with more than ${maximumResponseBytes} bytes`;
    return failure('SUBGRAPH_RESPONSE_TOO_LARGE', subgraph, what, error);
  }
  if (error instanceof ResponseError)
    return failure('SUBGRAPH_BAD_RESPONSE', subgraph, 'answered with broken HTTP', error);
  return failure('SUBGRAPH_UNREACHABLE', subgraph, 'cannot be reached', error);
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

function poolCache(options: PoolOptions, maximumOrigins: number): PoolCache {
  const pools = new Map<string, Pool>();
  return {
    get(origin) {
      let pool = pools.get(origin);
      if (pool !== undefined && pools.size < maximumOrigins) return pool;
      if (pool !== undefined) {
        // Only a full cache pays for keeping the order of use.
        pools.delete(origin);
      } else {
        pool = new Pool(origin, options);
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
      // Ends when the last request under way has ended.
      void pool.close();
    }
  }
}
