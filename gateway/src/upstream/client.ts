import {
  type Clock,
  failSpan,
  idempotencyHeader,
  internalTokenHeader,
  type Logger,
  type Span,
  startClientSpan,
  traceparentOf,
} from '@dotmac/platform';
import { GatewayError } from '../errors.ts';
import type { SubgraphClient, SubgraphRequest } from '../execution/executor.ts';
import { createHttpClient, type SubgraphFailureCode } from '../execution/http-client.ts';
import type { InternalTokens } from '../identity/internal-token.ts';
import type { GatewayContext } from './context.ts';
import type { Planes } from './planes.ts';

export interface UpstreamOptions {
  readonly planes: Planes;
  readonly tokens: InternalTokens;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Longest wait for a subgraph, milliseconds. */
  readonly timeout: number;
  /** Whether equal queries of one principal that are under way at the same time are asked once. */
  readonly mergesQueries?: boolean;
}

/** The headers of a call to a subgraph: who asks, signed, and the trace it belongs to. */
export function upstreamHeaders(
  { planes, tokens }: Pick<UpstreamOptions, 'planes' | 'tokens'>,
  subgraph: string,
  { tenant, principal, traceId, span }: GatewayContext,
): Record<string, string> | Promise<Record<string, string>> {
  const { plane } = planes.locate(subgraph, tenant, false);
  const traceparent = traceparentOf(traceId, span);
  const token = tokens.tokenFor(principal, plane, subgraph);
  if (typeof token === 'string') return { [internalTokenHeader]: token, traceparent };
  return token.then((text) => ({ [internalTokenHeader]: text, traceparent }));
}

/** Calls the subgraphs where they run, as the caller; says in the client's terms why one gave no answer. */
export function createUpstreamClient(
  options: UpstreamOptions,
): SubgraphClient<GatewayContext> & { close(): Promise<void> } {
  const { planes, logger, clock, timeout } = options;
  const http = createHttpClient<GatewayContext>({
    resolve: (subgraph, { tenant }) => planes.locate(subgraph, tenant, false).target,
    headers: (subgraph, context, { query }) => {
      const headers = upstreamHeaders(options, subgraph, context);
      if (context.idempotency === undefined || !query.startsWith('mutation')) return headers;
      const { key, requestHash } = context.idempotency;
      const position = context.idempotency.next++;
      const mark = { [idempotencyHeader]: `${position} ${requestHash} ${key}` };
      return headers instanceof Promise
        ? headers.then((ready) => ({ ...ready, ...mark }))
        : { ...headers, ...mark };
    },
    explain(error, subgraph, { traceId, tenant }) {
      logger.warn({ error, subgraph, tenant, traceId }, 'a subgraph gave no answer');
      return explain(error, traceId);
    },
    now: () => clock.now(),
    timeout,
    ...(options.mergesQueries === true ? { sharedBy: ({ principal }) => nameOf(principal) } : {}),
  });
  const recorded = async (
    span: Span,
    subgraph: string,
    request: SubgraphRequest,
    context: GatewayContext,
  ) => {
    try {
      return await http.fetch(subgraph, request, { ...context, span });
    } catch (error) {
      failSpan(span, error);
      throw error;
    } finally {
      span.end();
    }
  };
  return {
    fetch(subgraph, request, context) {
      try {
        planes.locate(subgraph, context.tenant, request.query.startsWith('mutation'));
        const span = startClientSpan('gateway.fetch', context.trace, { 'dotmac.subgraph': subgraph });
        if (span.isRecording()) return recorded(span, subgraph, request, context);
        span.end();
        return http.fetch(subgraph, request, context);
      } catch (error) {
        return Promise.reject(error);
      }
    },
    close: () => http.close(),
  };
}

/** A name per principal as he was established: whoever has other rights since has another. */
const names = new WeakMap<GatewayContext['principal'], string>();
let named = 0;

function nameOf(principal: GatewayContext['principal']): string {
  let name = names.get(principal);
  if (name === undefined) {
    named += 1;
    name = String(named);
    names.set(principal, name);
  }
  return name;
}

/** Which subgraph failed, and how, is nothing for clients. */
function explain(error: unknown, traceId: string): GatewayError | Error {
  const code = (error as { extensions?: { code?: SubgraphFailureCode } }).extensions?.code;
  const options = { cause: error };
  switch (code) {
    case 'SUBGRAPH_TIMEOUT':
      return new GatewayError('TIMEOUT', 'A part of the answer was not there in time', { traceId }, options);
    case 'SUBGRAPH_UNREACHABLE':
      return new GatewayError(
        'SUBGRAPH_UNAVAILABLE',
        'A part of the answer is not available now',
        { traceId },
        options,
      );
    default:
      return new Error('A subgraph gave no usable answer', options);
  }
}
