import { ERRORS, errorCodeDef } from '@apollo/federation-internals';
import type { GraphQLError } from 'graphql';
import { GraphQLError as GraphQLErrorClass } from 'graphql';
import type { SubgraphError } from './executor.ts';
import type { ResponsePath } from './response-path.ts';

/** A subgraph's error as the client sees it: path of the whole response, `serviceName`, and a code in any case. */
export function downstreamError(
  error: SubgraphError,
  serviceName: string,
  path: ResponsePath | undefined,
): GraphQLError {
  const message = error.message || `Error while fetching subquery from service "${serviceName}"`;
  const options = {
    originalError: error as Error,
    path,
    extensions: { ...error.extensions, serviceName },
  };
  const known = errorCodeDef(error as GraphQLError);
  if (known === undefined && error.extensions?.code) return new GraphQLErrorClass(message, options);
  return (known ?? ERRORS.DOWNSTREAM_SERVICE_ERROR).err(message, options);
}
