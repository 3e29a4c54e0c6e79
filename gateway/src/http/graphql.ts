import { failSpan, startServerSpan, TokenError } from '@dotmac/platform';
import { DomainError } from '@dotmac/schema';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError, statusOf } from '../errors.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import type { Caller } from '../identity/caller.ts';
import type { BudgetState } from '../operation/budget.ts';
import { RequestRefused } from '../operation/operations.ts';
import { checkIdempotencyKey, type RequestParams, readParams } from '../operation/params.ts';
import { sendCacheable, sendResponse } from './reply.ts';
import { answerWithEvents, type EventStreamOptions } from './sse.ts';

export interface GraphqlHandlerOptions extends EventStreamOptions {
  readonly authenticator: Authenticator;
}

/** How a client says that it wants to know the cost, or only that: `quote` or `dry-run`. */
const costHeader = 'x-dotmac-cost';

/** `POST /graphql`: one operation in JSON; one answer in JSON, or a stream of events. */
export function graphqlHandler(options: GraphqlHandlerOptions) {
  return (request: FastifyRequest, reply: FastifyReply) => answer(request, reply, paramsOf, options);
}

/**
 * `GET /graphql?documentId=…&variables=…`: a query of a registered document. Its answer may be kept by the client and
 * asked for again with `if-none-match`; it is nobody else's, for it depends on who asks.
 */
export function registeredDocumentHandler(options: GraphqlHandlerOptions) {
  return (request: FastifyRequest, reply: FastifyReply) => answer(request, reply, paramsOfQuery, options);
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  readRequest: (request: FastifyRequest) => RequestParams,
  options: GraphqlHandlerOptions,
): Promise<FastifyReply> {
  const { authenticator, operations } = options;
  const isGet = request.method === 'GET';
  const trace = startServerSpan('graphql', header(request.headers.traceparent));
  const { traceId } = trace;
  const { accept } = request.headers;
  reply.header('x-trace-id', traceId);
  reply.header('x-request-id', requestIdOf(header(request.headers['x-request-id'])) ?? traceId);
  let caller: Caller | null = null;
  try {
    const identity = authenticator.identify(request.raw);
    const { claim, caller: identified } = identity instanceof Promise ? await identity : identity;
    caller = identified;
    const resolved = operations.resolve(readRequest(request), caller);
    const params = resolved instanceof Promise ? await resolved : resolved;
    const operation = operations.prepare(params, caller);
    if (isGet && operation.type !== 'query') {
      throw new GatewayError('BAD_REQUEST', 'By GET only queries are taken');
    }
    const costWish = header(request.headers[costHeader]);
    if (costWish === 'dry-run') {
      const quoted = { data: null, extensions: { cost: operations.quote(operation) } };
      return sendResponse(reply, accept, quoted, 200);
    }
    const budget = operations.admit(operation, caller, claim.address);
    const isKey = caller.principal.kind === 'apiKey';
    if (isKey && budget !== null) reply.headers(rateLimitHeaders(budget));
    if (wantsEvents(accept, operation.type)) {
      await answerWithEvents(request, reply, { operation, claim, caller, trace }, options);
      return reply;
    }
    if (operation.type === 'subscription') {
      throw new GatewayError(
        'BAD_REQUEST',
        'A subscription needs "accept: text/event-stream", or a WebSocket with graphql-transport-ws',
      );
    }
    const gone = new AbortController();
    const leave = () => gone.abort();
    request.raw.socket.once('close', leave);
    try {
      const response = await operations.execute(operation, caller, { traceId, signal: gone.signal, trace });
      if (isKey || costWish === 'quote') {
        response.extensions = { ...response.extensions, cost: operations.quote(operation) };
      }
      if (isGet && response.errors === undefined) return sendCacheable(request, reply, response);
      return sendResponse(reply, accept, response, response.data === undefined ? 400 : 200);
    } finally {
      request.raw.socket.off('close', leave);
    }
  } catch (error) {
    failSpan(trace.span, error);
    const { errors, status } = refusal(error);
    if (error instanceof GatewayError && error.code === 'RATE_LIMITED') {
      const state = error.extensions as unknown as BudgetState & { retryAfterSeconds: number };
      reply.headers({ ...rateLimitHeaders(state), 'retry-after': String(state.retryAfterSeconds) });
    }
    const wellFormed = error instanceof RequestRefused;
    return sendResponse(reply, accept, operations.failure(errors, caller, traceId), status, wellFormed);
  } finally {
    trace.span.end();
  }
}

/** A client that takes both gets events for a subscription only. */
function wantsEvents(accept: string | undefined, type: string): boolean {
  if (accept?.includes('text/event-stream') !== true) return false;
  return type === 'subscription' || !/application\/(graphql-response\+)?json/.test(accept);
}

/** The request's parameters, with the idempotency key of its header. */
function paramsOf({ body, headers }: FastifyRequest): RequestParams {
  const params = readParams(body);
  const key = header(headers['idempotency-key']);
  return key === undefined ? params : { ...params, idempotencyKey: checkIdempotencyKey(key) };
}

/** @throws GatewayError `BAD_REQUEST` */
function paramsOfQuery({ query }: FastifyRequest): RequestParams {
  const { documentId, operationName, variables } = query as Record<string, unknown>;
  let parsed: unknown;
  try {
    parsed = typeof variables === 'string' ? JSON.parse(variables) : variables;
  } catch {
    throw new GatewayError('BAD_REQUEST', '"variables" must be JSON');
  }
  return readParams({ documentId, operationName, variables: parsed });
}

/** The client's own id of a request, when it is fit to be sent back. */
function requestIdOf(given: string | undefined): string | undefined {
  return given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : undefined;
}

/** IETF draft "RateLimit header fields for HTTP", in the form of three headers. */
function rateLimitHeaders({ limit, remaining, resetSeconds }: BudgetState): Record<string, string> {
  return {
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(resetSeconds),
  };
}

function header(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** What is said, and with which status, when nothing is executed. */
export function refusal(error: unknown): { errors: readonly unknown[]; status: number } {
  if (error instanceof RequestRefused) return error;
  if (error instanceof TokenError) return { errors: [error], status: 401 };
  if (error instanceof DomainError) return { errors: [error], status: statusOf(error) };
  return { errors: [error], status: 500 };
}
