import { DomainError } from '@dotmac/schema';

/** HTTP status of the codes that the gateway itself answers with; GraphQL over HTTP, section "Status Codes". */
const statusByCode = {
  BAD_REQUEST: 400,
  GRAPHQL_PARSE_FAILED: 400,
  GRAPHQL_VALIDATION_FAILED: 400,
  OPERATION_LIMIT_EXCEEDED: 400,
  INTROSPECTION_DISABLED: 400,
  TENANT_REQUIRED: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  TENANT_FORBIDDEN: 403,
  TENANT_SUSPENDED: 403,
  TENANT_CLOSED: 403,
  TENANT_UNKNOWN: 404,
  TIMEOUT: 504,
  PERSISTED_DOCUMENT_NOT_FOUND: 404,
  DOCUMENT_NOT_TRUSTED: 403,
  COST_LIMIT_EXCEEDED: 400,
  RATE_LIMITED: 429,
  TOO_MANY_OPERATIONS: 429,
  TOO_MANY_CONNECTIONS: 429,
  SLOW_CONSUMER: 429,
  SUBGRAPH_UNAVAILABLE: 503,
  STREAM_INTERRUPTED: 503,
  RELOAD: 503,
  CREDENTIAL_EXPIRED: 401,
  AUTHORITY_CHANGED: 403,
} as const;

export type GatewayErrorCode = keyof typeof statusByCode;
export const gatewayErrorCodes = Object.keys(statusByCode) as readonly GatewayErrorCode[];

/** An expected refusal by the gateway. Its message is for the client. */
export class GatewayError extends DomainError {
  override readonly name = 'GatewayError';
  readonly status: number;
  constructor(
    code: GatewayErrorCode,
    message: string,
    extensions: Readonly<Record<string, unknown>> = {},
    options: { readonly cause?: unknown } = {},
  ) {
    super(code, message, extensions);
    this.status = statusByCode[code];
    if (options.cause !== undefined) this.cause = options.cause;
  }
}

/** The status for a refusal that comes before execution. */
export function statusOf(error: DomainError): number {
  return error.code in statusByCode ? statusByCode[error.code as GatewayErrorCode] : 400;
}
