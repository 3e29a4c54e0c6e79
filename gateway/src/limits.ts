/** What one client may take. One list for HTTP, server-sent events and WebSocket. */
export interface Limits {
  /** Octets of an HTTP body or a WebSocket message. */
  readonly bodyBytes: number;
  /** Milliseconds in which an HTTP request must be here: its headers; all of it. */
  readonly headersMilliseconds: number;
  readonly requestMilliseconds: number;
  readonly tokens: number;
  /** Levels of fields, fragments counted where they are spread. */
  readonly depth: number;
  readonly aliases: number;
  readonly directives: number;
  /** Root fields of an operation: each is a fetch of its own at worst. */
  readonly rootFields: number;
  /** Fields after all fragments are spread. */
  readonly selections: number;
  /** Milliseconds for a query or mutation as a whole. */
  readonly operationMilliseconds: number;
  /** What one operation may cost; see `operation/cost.ts`. */
  readonly cost: number;
  /** Cost per minute: of one of the staff; of a key or a subscriber; of a stranger's address; of a tenant altogether. */
  readonly staffCostPerMinute: number;
  readonly callerCostPerMinute: number;
  readonly strangerCostPerMinute: number;
  readonly tenantCostPerMinute: number;
  /** Queries and mutations of one person or key that run at the same time. */
  readonly operationsPerPrincipal: number;
  readonly connectionsPerPrincipal: number;
  readonly connections: number;
  readonly operationsPerConnection: number;
  /** Messages of a WebSocket, on average; ten seconds' worth may come at once. */
  readonly messagesPerSecond: number;
  /** Milliseconds in which a WebSocket must send `connection_init`. */
  readonly connectionInitMilliseconds: number;
  /** Text that may wait for a slow client, beyond what its socket buffers, before its stream ends. UTF-16 units. */
  readonly bufferedBytes: number;
  /** Milliseconds that a client may take nothing while events wait for it. */
  readonly stallMilliseconds: number;
  /** Milliseconds without an event after which a client hears how far the log of its stream is. */
  readonly placeMilliseconds: number;
  /** Milliseconds between two comment lines of an event stream, which keep proxies from cutting it. */
  readonly heartbeatMilliseconds: number;
  /** Milliseconds in which a WebSocket's peer must answer a ping. */
  readonly pingMilliseconds: number;
}

export const defaultLimits: Limits = {
  bodyBytes: 256 * 1024,
  headersMilliseconds: 10_000,
  requestMilliseconds: 30_000,
  tokens: 1_500,
  depth: 12,
  aliases: 30,
  directives: 20,
  rootFields: 20,
  selections: 10_000,
  operationMilliseconds: 30_000,
  cost: 200_000,
  staffCostPerMinute: 60_000_000,
  callerCostPerMinute: 6_000_000,
  strangerCostPerMinute: 600_000,
  tenantCostPerMinute: 60_000_000,
  operationsPerPrincipal: 100,
  connectionsPerPrincipal: 50,
  connections: 20_000,
  operationsPerConnection: 50,
  messagesPerSecond: 100,
  connectionInitMilliseconds: 5_000,
  bufferedBytes: 4 * 1024 * 1024,
  stallMilliseconds: 15_000,
  placeMilliseconds: 300_000,
  heartbeatMilliseconds: 15_000,
  pingMilliseconds: 20_000,
};
