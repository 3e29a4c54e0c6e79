import type { FastifyReply } from 'fastify';
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
