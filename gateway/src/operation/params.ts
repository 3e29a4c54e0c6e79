import { GatewayError } from '../errors.ts';

/** A GraphQL request as a client sends it, over any transport. */
export interface OperationParams {
  readonly query: string;
  /** For mutations: repetitions with the same key get the first answer. */
  readonly idempotencyKey?: string | undefined;
  readonly operationName?: string | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A request whose document may be named instead of given. */
export interface RequestParams extends Omit<OperationParams, 'query'> {
  readonly query: string | undefined;
  /** SHA-256 of the document in hexadecimal. */
  readonly documentId: string | undefined;
}

/**
 * Checks the shape of a parsed request (GraphQL over HTTP, "Request Parameters").
 * @throws GatewayError `BAD_REQUEST` that names the parameter.
 */
export function readParams(body: unknown): RequestParams {
  if (Array.isArray(body))
    throw new GatewayError('BAD_REQUEST', 'One operation per request: batches are not taken');
  if (!isObject(body)) throw new GatewayError('BAD_REQUEST', 'The body must be a JSON object with "query"');
  const { query, operationName, variables, extensions } = body;
  const documentId = documentIdOf(body);
  if (typeof query !== 'string' && (query !== undefined || documentId === undefined))
    throw new GatewayError('BAD_REQUEST', '"query" must be a string with a GraphQL document');
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string') {
    throw new GatewayError('BAD_REQUEST', '"operationName" must be a string');
  }
  if (variables !== undefined && variables !== null && !isObject(variables)) {
    throw new GatewayError('BAD_REQUEST', '"variables" must be an object');
  }
  if (extensions !== undefined && extensions !== null && !isObject(extensions)) {
    throw new GatewayError('BAD_REQUEST', '"extensions" must be an object');
  }
  const idempotencyKey = isObject(extensions) ? extensions.idempotencyKey : undefined;
  return {
    query,
    documentId,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey: checkIdempotencyKey(idempotencyKey) }),
    ...(typeof operationName === 'string' && operationName !== '' ? { operationName } : {}),
    ...(isObject(variables) ? { variables } : {}),
  };
}

/** `documentId` (GraphQL over HTTP, "Persisted Documents"), or `extensions.persistedQuery` as older clients say it. */
function documentIdOf({ documentId, extensions }: Record<string, unknown>): string | undefined {
  let id: unknown = documentId ?? undefined;
  if (id === undefined && isObject(extensions) && isObject(extensions.persistedQuery)) {
    id = extensions.persistedQuery.sha256Hash;
  }
  if (id === undefined) return undefined;
  const hash = typeof id === 'string' ? /^(?:sha256:)?([0-9a-f]{64})$/i.exec(id)?.[1] : undefined;
  if (hash === undefined) {
    throw new GatewayError(
      'BAD_REQUEST',
      '"documentId" must be "sha256:" and the SHA-256 of a document in hexadecimal',
    );
  }
  return hash.toLowerCase();
}

/** @throws GatewayError `BAD_REQUEST` */
export function checkIdempotencyKey(value: unknown): string {
  if (typeof value === 'string' && /^[\x21-\x7e]{1,128}$/.test(value)) return value;
  throw new GatewayError('BAD_REQUEST', 'An idempotency key has 1 to 128 visible ASCII characters');
}
