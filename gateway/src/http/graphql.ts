import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { failSpan, startServerSpan, TokenError } from '@dotmac/platform';
import { DomainError } from '@dotmac/schema';
import { GatewayError, statusOf } from '../errors.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import type { Caller } from '../identity/caller.ts';
import type { BudgetState } from '../operation/budget.ts';
import { RequestRefused } from '../operation/operations.ts';
import { checkIdempotencyKey, type RequestParams, readParams } from '../operation/params.ts';
import { BodyError, checkBodyHeaders, parseBody, readBody } from './body.ts';
import { plainJson, send, sendCacheable, sendResponse } from './reply.ts';
import { answerWithEvents, type EventStreamOptions } from './sse.ts';

export interface GraphqlDoorOptions extends EventStreamOptions {
  readonly authenticator: Authenticator;
}

/** How a client says that it wants to know the cost, or only that: `quote` or `dry-run`. */
const costHeader = 'x-dotmac-cost';

/**
 * What serves `/graphql`, straight on Node's server: one operation, with one answer in JSON or a stream of events.
 * - `POST`: the operation in JSON.
 * - `GET /graphql?documentId=…&variables=…`: a query of a registered document. Its answer may be kept by the client and
 *   asked for again with `if-none-match`.
 */
export function graphqlDoor(options: GraphqlDoorOptions): RequestListener {
  const { operations, limits } = options;
  return (request, response) => {
    if (request.method === 'POST') {
      try {
        checkBodyHeaders(request, limits.bodyBytes);
      } catch (error) {
        return refuseBody(response, error as BodyError);
      }
      readBody(request, limits.bodyBytes, (error, text) => {
        if (error === null) void answer(request, response, () => paramsOf(request, text), options);
        else refuseBody(response, error);
      });
      return;
    }
    const query = new URLSearchParams(request.url?.split('?')[1]);
    if (request.method === 'GET' && query.has('documentId')) {
      void answer(request, response, () => paramsOfQuery(query), options);
      return;
    }
    const wrong = new GatewayError('BAD_REQUEST', 'Operations are sent by POST');
    send(
      response,
      405,
      ['allow', 'POST', ...plainJson],
      JSON.stringify(operations.failure([wrong], null, '')),
    );
  };
}

function refuseBody(response: ServerResponse, { status, message }: BodyError): void {
  const body = JSON.stringify({ errors: [{ message, extensions: { code: 'BAD_REQUEST' } }] });
  // What is still to come of a body that is too large is not read.
  send(response, status, status === 413 ? ['connection', 'close', ...plainJson] : plainJson, body);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  readRequest: () => RequestParams,
  options: GraphqlDoorOptions,
): Promise<void> {
  const { authenticator, operations } = options;
  const isGet = request.method === 'GET';
  const trace = startServerSpan('graphql', header(request.headers.traceparent));
  const { traceId } = trace;
  const { accept } = request.headers;
  const headers = [
    'x-trace-id',
    traceId,
    'x-request-id',
    requestIdOf(header(request.headers['x-request-id'])) ?? traceId,
  ];
  let caller: Caller | null = null;
  try {
    const identity = authenticator.identify(request);
    const { claim, caller: identified } = identity instanceof Promise ? await identity : identity;
    caller = identified;
    const resolved = operations.resolve(readRequest(), caller);
    const params = resolved instanceof Promise ? await resolved : resolved;
    const operation = operations.prepare(params, caller);
    if (isGet && operation.type !== 'query') {
      throw new GatewayError('BAD_REQUEST', 'By GET only queries are taken');
    }
    const costWish = header(request.headers[costHeader]);
    if (costWish === 'dry-run') {
      const quoted = { data: null, extensions: { cost: operations.quote(operation) } };
      return sendResponse(response, accept, headers, quoted, 200);
    }
    const budget = operations.admit(operation, caller, claim.address);
    const isKey = caller.principal.kind === 'apiKey';
    if (isKey && budget !== null) headers.push(...rateLimitHeaders(budget));
    if (wantsEvents(accept, operation.type)) {
      return await answerWithEvents(request, response, { operation, claim, caller, trace }, options);
    }
    if (operation.type === 'subscription') {
      throw new GatewayError(
        'BAD_REQUEST',
        'A subscription needs "accept: text/event-stream", or a WebSocket with graphql-transport-ws',
      );
    }
    const signal = new Presence(request.socket);
    const result = await operations.execute(operation, caller, { traceId, signal, trace });
    if (isKey || costWish === 'quote') {
      result.extensions = { ...result.extensions, cost: operations.quote(operation) };
    }
    if (isGet && result.errors === undefined) {
      sendCacheable(request, response, headers, result, operations.cachePolicy(operation, caller));
    } else sendResponse(response, accept, headers, result, result.data === undefined ? 400 : 200);
  } catch (error) {
    failSpan(trace.span, error);
    const { errors, status } = refusal(error);
    if (error instanceof GatewayError && error.code === 'RATE_LIMITED') {
      const state = error.extensions as unknown as BudgetState & { retryAfterSeconds: number };
      headers.push(...rateLimitHeaders(state), 'retry-after', String(state.retryAfterSeconds));
    }
    const wellFormed = error instanceof RequestRefused;
    const failed = operations.failure(errors, caller, traceId);
    sendResponse(response, accept, headers, failed, status, wellFormed);
  } finally {
    trace.span.end();
  }
}

/** Whether a client has hung up. */
class Presence {
  readonly #socket: Socket;
  constructor(socket: Socket) {
    this.#socket = socket;
  }
  get aborted(): boolean {
    return this.#socket.destroyed;
  }
}

/** A client that takes both gets events for a subscription only. */
function wantsEvents(accept: string | undefined, type: string): boolean {
  if (accept?.includes('text/event-stream') !== true) return false;
  return type === 'subscription' || !/application\/(graphql-response\+)?json/.test(accept);
}

/** The request's parameters, with the idempotency key of its header. @throws GatewayError, RequestRefused */
function paramsOf({ headers }: IncomingMessage, text: string): RequestParams {
  const params = readParams(parseBody(text));
  const key = header(headers['idempotency-key']);
  return key === undefined ? params : { ...params, idempotencyKey: checkIdempotencyKey(key) };
}

/** @throws GatewayError `BAD_REQUEST` */
function paramsOfQuery(query: URLSearchParams): RequestParams {
  const variables = query.get('variables');
  let parsed: unknown;
  try {
    parsed = variables === null ? undefined : JSON.parse(variables);
  } catch {
    throw new GatewayError('BAD_REQUEST', '"variables" must be JSON');
  }
  return readParams({
    documentId: query.get('documentId'),
    operationName: query.get('operationName'),
    variables: parsed,
  });
}

/** The client's own id of a request, when it is fit to be sent back. */
function requestIdOf(given: string | undefined): string | undefined {
  return given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : undefined;
}

/** IETF draft "RateLimit header fields for HTTP", in the form of three headers. */
function rateLimitHeaders({ limit, remaining, resetSeconds }: BudgetState): string[] {
  return [
    'ratelimit-limit',
    String(limit),
    'ratelimit-remaining',
    String(remaining),
    'ratelimit-reset',
    String(resetSeconds),
  ];
}

function header(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** What is said, and with which status, when nothing is executed. */
export function refusal(error: unknown): { errors: readonly unknown[]; status: number } {
  if (error instanceof RequestRefused) return error;
  if (error instanceof TokenError) return { errors: [error], status: 401 };
  if (error instanceof BodyError)
    return { errors: [new GatewayError('BAD_REQUEST', error.message)], status: error.status };
  if (error instanceof DomainError) return { errors: [error], status: statusOf(error) };
  return { errors: [error], status: 500 };
}
