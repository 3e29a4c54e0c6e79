import { TokenError, traceIdOf } from '@dotmac/platform';
import { DomainError } from '@dotmac/schema';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError, statusOf } from '../errors.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import type { Caller } from '../identity/caller.ts';
import { RequestRefused } from '../operation/operations.ts';
import { readParams } from '../operation/params.ts';
import { sendResponse } from './reply.ts';
import { answerWithEvents, type EventStreamOptions } from './sse.ts';

export interface GraphqlHandlerOptions extends EventStreamOptions {
  readonly authenticator: Authenticator;
}

/** `POST /graphql`: one operation in JSON; one answer in JSON, or a stream of events. */
export function graphqlHandler(options: GraphqlHandlerOptions) {
  const { authenticator, operations } = options;
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { accept } = request.headers;
    const traceId = traceIdOf(header(request.headers.traceparent));
    reply.header('x-trace-id', traceId);
    let caller: Caller | null = null;
    try {
      const identity = authenticator.identify(request.raw);
      const { claim, caller: identified } = identity instanceof Promise ? await identity : identity;
      caller = identified;
      const operation = operations.prepare(readParams(request.body), caller);
      if (wantsEvents(accept, operation.type)) {
        await answerWithEvents(request, reply, { operation, claim, caller, traceId }, options);
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
        const response = await operations.execute(operation, caller, { traceId, signal: gone.signal });
        return sendResponse(reply, accept, response, response.data === undefined ? 400 : 200);
      } finally {
        request.raw.socket.off('close', leave);
      }
    } catch (error) {
      const { errors, status } = refusal(error);
      const wellFormed = error instanceof RequestRefused;
      return sendResponse(reply, accept, operations.failure(errors, caller, traceId), status, wellFormed);
    }
  };
}

/** A client that takes both gets events for a subscription only. */
function wantsEvents(accept: string | undefined, type: string): boolean {
  if (accept?.includes('text/event-stream') !== true) return false;
  return type === 'subscription' || !/application\/(graphql-response\+)?json/.test(accept);
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
