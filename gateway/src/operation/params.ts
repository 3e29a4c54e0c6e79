import { GatewayError } from '../errors.ts';

/** A GraphQL request as a client sends it, over any transport. */
export interface OperationParams {
  readonly query: string;
  readonly operationName?: string | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Checks the shape of a parsed request (GraphQL over HTTP, "Request Parameters").
 * @throws GatewayError `BAD_REQUEST` that names the parameter.
 */
export function readParams(body: unknown): OperationParams {
  if (Array.isArray(body))
    throw new GatewayError('BAD_REQUEST', 'One operation per request: batches are not taken');
  if (!isObject(body)) throw new GatewayError('BAD_REQUEST', 'The body must be a JSON object with "query"');
  const { query, operationName, variables, extensions } = body;
  if (typeof query !== 'string')
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
  return {
    query,
    ...(typeof operationName === 'string' && operationName !== '' ? { operationName } : {}),
    ...(isObject(variables) ? { variables } : {}),
  };
}
