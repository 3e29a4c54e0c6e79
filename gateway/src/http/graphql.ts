import { TokenError, traceIdOf } from '@dotmac/platform';
import { DomainError } from '@dotmac/schema';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError, statusOf } from '../errors.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import type { Caller } from '../identity/caller.ts';
import { type Operations, RequestRefused } from '../operation/operations.ts';
import { readParams } from '../operation/params.ts';
import { sendResponse } from './reply.ts';

export interface GraphqlHandlerOptions {
  readonly authenticator: Authenticator;
  readonly operations: Operations;
}

/** `POST /graphql`: one operation in JSON, one answer in JSON. */
export function graphqlHandler({ authenticator, operations }: GraphqlHandlerOptions) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { accept } = request.headers;
    const traceId = traceIdOf(header(request.headers.traceparent));
    reply.header('x-trace-id', traceId);
    let caller: Caller | null = null;
    try {
      caller = authenticator.callerOf(await authenticator.claimOf(request.raw));
      const operation = operations.prepare(readParams(request.body), caller);
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
      return sendResponse(reply, accept, operations.failure(errors, caller, traceId), status);
    }
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
