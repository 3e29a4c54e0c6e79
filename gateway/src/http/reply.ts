import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CachePolicy } from '../operation/cache-policy.ts';
import type { FormattedResponse } from '../operation/operations.ts';

const graphqlResponseType = 'application/graphql-response+json';
const modernType = `${graphqlResponseType}; charset=utf-8`;
const olderType = 'application/json; charset=utf-8';

/** Headers are flat: names and values in turn. */
export const plainJson: readonly string[] = ['content-type', olderType, 'cache-control', 'no-store'];

/** Head and body in one write. */
export function send(
  response: ServerResponse,
  status: number,
  headers: readonly string[],
  body: string,
): void {
  response.writeHead(status, [...headers, 'content-length', String(Buffer.byteLength(body))]);
  response.end(body);
}

/**
 * Sends an answer in the media type the client asked for (GraphQL over HTTP, "Response"). `status` is that of
 * `application/graphql-response+json`; the older `application/json` says 200 to every well-formed request, refused
 * or not.
 */
export function sendResponse(
  response: ServerResponse,
  accept: string | undefined,
  headers: readonly string[],
  result: FormattedResponse,
  status: number,
  wellFormed = true,
): void {
  const modern = accept?.includes(graphqlResponseType) === true;
  send(
    response,
    !modern && wellFormed && status === 400 ? 200 : status,
    [...headers, 'content-type', modern ? modernType : olderType, 'cache-control', 'no-store'],
    JSON.stringify(result),
  );
}

/**
 * Sends an answer that its client, or everybody, may keep for as long as the policy says: then he asks again with
 * `if-none-match` and hears 304 while it is the same.
 */
export function sendCacheable(
  request: IncomingMessage,
  response: ServerResponse,
  headers: readonly string[],
  result: FormattedResponse,
  { maxAge, scope }: CachePolicy,
): void {
  const body = JSON.stringify(result);
  // Where values were left out because they did not fit the schema, it is as with errors.
  const holds = maxAge > 0 && result.extensions?.valueCompletion === undefined;
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  const cacheable = [
    ...headers,
    'cache-control',
    holds ? `max-age=${maxAge}, ${scope.toLowerCase()}` : 'private, no-cache',
    'vary',
    'authorization, x-dotmac-tenant, accept',
    'etag',
    etag,
  ];
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, cacheable);
    response.end();
    return;
  }
  const modern = request.headers.accept?.includes(graphqlResponseType) === true;
  send(response, 200, [...cacheable, 'content-type', modern ? modernType : olderType], body);
}
