import type { Logger } from '@dotmac/platform';
import { DomainError } from '@dotmac/schema';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';

export interface FormatContext {
  readonly traceId: string;
  readonly logger: Logger;
  /** Whether messages may name parts of the schema that the client did not. */
  readonly suggestions: boolean;
}

/** Never for clients, whatever a subgraph says. */
const innerExtensions = ['serviceName', 'stacktrace', 'exception'];

/**
 * An error as the client sees it. Domain errors and mistakes of the client pass with their code; anything else is a
 * surprise: logged with its cause, and replaced by the trace id under which it was.
 */
export function formatError(thrown: unknown, context: FormatContext): GraphQLFormattedError {
  const error = asGraphQLError(thrown);
  const place = {
    ...(error.path === undefined ? {} : { path: error.path }),
    ...(error.locations === undefined ? {} : { locations: error.locations }),
  };
  const code = codeOf(error);
  if (code === undefined) {
    const { traceId, logger } = context;
    logger.error({ error: error.originalError ?? error, path: error.path, traceId }, 'an operation failed');
    return {
      message: `Something went wrong here. Reference ${traceId}`,
      ...place,
      extensions: { code: 'INTERNAL', traceId },
    };
  }
  const extensions = Object.entries(error.extensions).filter(([key]) => !innerExtensions.includes(key));
  const message = context.suggestions ? error.message : error.message.replace(/ ?Did you mean [^?]*\?/g, '');
  return { message, ...place, extensions: { ...Object.fromEntries(extensions), code } };
}

function asGraphQLError(thrown: unknown): GraphQLError {
  if (thrown instanceof GraphQLError) return thrown;
  const originalError = thrown instanceof Error ? thrown : new Error(String(thrown));
  return new GraphQLError(originalError.message, { originalError });
}

/** The code under which the client may see the error; undefined for a surprise. */
function codeOf({ extensions, originalError }: GraphQLError): string | undefined {
  const { code } = extensions;
  if (typeof code === 'string' && code !== 'DOWNSTREAM_SERVICE_ERROR') return code;
  if (originalError instanceof DomainError) return originalError.code;
  // graphql-js's own words about the document or its variables.
  const ofDocument = originalError === undefined || originalError instanceof GraphQLError;
  return code === undefined && ofDocument ? 'BAD_USER_INPUT' : undefined;
}
