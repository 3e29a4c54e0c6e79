/**
 * Why the gateway closes a WebSocket. 4400 to 4429 are those of the graphql-transport-ws protocol; the others are the
 * gateway's own, in a range that common clients take for a reason to connect again.
 */
export const closeCodes = {
  /** The protocol was not kept: no JSON, an unknown type, a message larger than allowed. */
  BAD_MESSAGE: 4400,
  /** No valid credential: none after `connection_init`, expired, or revoked. Get another, then connect again. */
  UNAUTHORISED: 4401,
  /** The credential is valid but may not be used here: another tenant, or an address that is not allowed. */
  FORBIDDEN: 4403,
  /** The client does not speak `graphql-transport-ws`. */
  SUBPROTOCOL_NOT_ACCEPTABLE: 4406,
  /** `connection_init` did not come in time. */
  INITIALISATION_TIMEOUT: 4408,
  /** An operation with this id is running. */
  DUPLICATE_OPERATION: 4409,
  /** `connection_init` came twice. */
  TOO_MANY_INITIALISATIONS: 4429,
  /** The client does not read: reconnect and go on after the last cursor received. */
  SLOW_CONSUMER: 4290,
  /** This principal, or this gateway, has as many connections as allowed. */
  TOO_MANY_CONNECTIONS: 4291,
  /** What the principal may do has changed: reconnect to go on with it. */
  AUTHORITY_CHANGED: 4292,
  /** More messages than anybody needs to send: see `messagesPerSecond` in `limits.ts`. */
  TOO_MANY_MESSAGES: 4294,
  /** The gateway ends or takes a new supergraph: reconnect and go on after the last cursor. */
  RELOAD: 4293,
} as const;
