import { type DocumentNode, GraphQLError, type GraphQLSchema } from 'graphql';

/** What travels with one operation: to the executor, and from it to every subgraph call. */
export interface RequestContext {
  /** Authenticated tenant; `null` for callers of the control plane. Never taken from a header or a URL. */
  readonly tenant: string | null;
  /** Whoever asks, opaque to the executor: the subgraph client signs internal tokens from it. */
  readonly principal: unknown;
  /**
   * Tells that the operation is given up, by its client or at its deadline: it is looked at now and then while a call is
   * under way. An `AbortSignal` is one.
   */
  readonly signal?: { readonly aborted: boolean };
  /** Instant in epoch milliseconds after which the answer is of no use. */
  readonly deadline?: number;
}

export interface SubgraphRequest {
  readonly query: string;
  readonly operationName?: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** The JSON text of the three fields above, when the executor has it already: send it as it is. */
  readonly body?: string;
  /**
   * Whether nobody needs the answer before those to all others that are asked at the same time for the same operation:
   * they may go over one connection, one behind the other.
   */
  readonly together?: boolean;
}

export interface SubgraphError {
  readonly message?: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** A subgraph's answer, as parsed from JSON. The executor owns `data` and may change it. */
export interface SubgraphResponse {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly SubgraphError[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** The way to the subgraphs. A failure to get an answer rejects, best with a `GraphQLError` that has a code. */
export interface SubgraphClient<Context extends RequestContext = RequestContext> {
  fetch(subgraph: string, request: SubgraphRequest, context: Context): Promise<SubgraphResponse>;
}

/** An answer before it becomes text. `data` is absent when nothing was executed. */
export interface GraphQLResponse {
  data?: Record<string, unknown> | null;
  errors?: readonly GraphQLError[];
  extensions?: Record<string, unknown>;
}

/** One operation of a document that has been parsed and validated against {@link Executor.schema}. */
export interface OperationRequest {
  /** Plans are kept per document object: pass the same object for the same text. */
  readonly document: DocumentNode;
  readonly operationName?: string | undefined;
  /** Raw variables as the client gave them. */
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
}

export interface SubscriptionPlan<Context extends RequestContext = RequestContext> {
  /** The subgraph that owns the subscription field. */
  readonly subgraph: string;
  /** What to subscribe to there. */
  readonly request: SubgraphRequest;
  /** Turns one event of the subgraph into the client's answer: fills other subgraphs' fields and shapes it. */
  complete(event: SubgraphResponse, context: Context): Promise<GraphQLResponse>;
}

/**
 * Executes queries and mutations over subgraphs. Two stand behind it, with equal results: our own and Apollo's.
 * Subgraph failures are `errors` of the answer; a rejection means that nothing could be executed (unknown
 * operation name, a plan of an unsupported kind) and is a `GraphQLError`.
 */
export interface Executor<Context extends RequestContext = RequestContext> {
  /** The API schema: what clients may ask; documents are validated against it. */
  readonly schema: GraphQLSchema;
  execute(operation: OperationRequest & { readonly context: Context }): Promise<GraphQLResponse>;
  /** Rejects variables that do not fit with their `errors`; throws a `GraphQLError` for a non-subscription. */
  planSubscription(
    operation: OperationRequest,
  ): SubscriptionPlan<Context> | { readonly errors: readonly GraphQLError[] };
  stop(): Promise<void>;
}

export interface ExecutorOptions<Context extends RequestContext = RequestContext> {
  readonly supergraphSdl: string;
  readonly client: SubgraphClient<Context>;
}

/** Anything thrown, as the error a client may see; what already is a `GraphQLError` stays as it is. */
export function asGraphQLError(thrown: unknown): GraphQLError {
  if (thrown instanceof GraphQLError) return thrown;
  if (thrown instanceof Error) return new GraphQLError(thrown.message, { originalError: thrown });
  return new GraphQLError(`Unexpected error value: ${String(thrown)}`);
}
