import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FormattedResponse } from '../operation/operations.ts';

const graphqlResponseType = 'application/graphql-response+json';

/**
 * Sends an answer in the media type the client asked for (GraphQL over HTTP, "Response"). `status` is that of
 * `application/graphql-response+json`; the older `application/json` says 200 to every well-formed request, refused
 * or not.
 */
export function sendResponse(
  reply: FastifyReply,
  accept: string | undefined,
  response: FormattedResponse,
  status: number,
  wellFormed = true,
): FastifyReply {
  const modern = accept?.includes(graphqlResponseType) === true;
  return reply
    .status(!modern && wellFormed && status === 400 ? 200 : status)
    .header('content-type', `${modern ? graphqlResponseType : 'application/json'}; charset=utf-8`)
    .header('cache-control', 'no-store')
    .send(JSON.stringify(response));
}

/** Sends an answer that its client may keep: he asks again with `if-none-match` and hears 304 while it is the same. */
export function sendCacheable(
  request: FastifyRequest,
  reply: FastifyReply,
  response: FormattedResponse,
): FastifyReply {
  const body = JSON.stringify(response);
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  reply
    .header('cache-control', 'private, no-cache')
    .header('vary', 'authorization, x-dotmac-tenant, accept')
    .header('etag', etag);
  if (request.headers['if-none-match'] === etag) return reply.status(304).send();
  const modern = request.headers.accept?.includes(graphqlResponseType) === true;
  return reply
    .header('content-type', `${modern ? graphqlResponseType : 'application/json'}; charset=utf-8`)
    .send(body);
}
