import { type DocumentNode, GraphQLError } from 'graphql';
import { type CompiledOperation, compileOperation } from './compiled-operation.ts';
import {
  asGraphQLError,
  type Executor,
  type ExecutorOptions,
  type OperationRequest,
  type RequestContext,
  type SubgraphClient,
} from './executor.ts';
import { plannedRequest } from './fetch.ts';
import { buildGraph } from './graph.ts';
import type { Cursor, Execution } from './plan.ts';
import { variableErrors } from './variables.ts';

const none: Readonly<Record<string, unknown>> = Object.freeze({});

/**
 * Our executor over Apollo's query planner: every operation is planned and compiled once per document object, and
 * forgotten with it. Its answers equal the stock gateway's; `differential.test.ts` is the proof.
 */
export function createOwnExecutor<Context extends RequestContext>({
  supergraphSdl,
  client,
}: ExecutorOptions<Context>): Executor<Context> {
  const graph = buildGraph(supergraphSdl);
  const compiled = new WeakMap<DocumentNode, Map<string, CompiledOperation>>();

  const compiledOperation = ({ document, operationName = '' }: OperationRequest): CompiledOperation => {
    let operations = compiled.get(document);
    if (operations === undefined) {
      operations = new Map();
      compiled.set(document, operations);
    }
    let operation = operations.get(operationName);
    if (operation === undefined) {
      operation = compileOperation(graph, document, operationName);
      operations.set(operationName, operation);
    }
    return operation;
  };

  return {
    schema: graph.schema,

    async execute({ context, ...request }) {
      try {
        const { definition, run, primary, respond } = compiledOperation(request);
        const variables = request.variables ?? none;
        const errors = variableErrors(graph.schema, definition, variables);
        if (errors.length > 0) return { errors };
        if (primary !== null) throw new Error('Execution of subscriptions not supported by gateway');
        const execution = newExecution(client, context, variables);
        await run?.(execution, rootCursor(execution));
        return respond(execution);
      } catch (error) {
        throw asGraphQLError(error);
      }
    },

    planSubscription(request) {
      const { definition, primary, run, rest, respond } = compiledOperation(request);
      const variables = request.variables ?? none;
      const errors = variableErrors(graph.schema, definition, variables);
      if (errors.length > 0) return { errors };
      if (primary === null) throw new GraphQLError('The operation is not a subscription');
      return {
        subgraph: primary.serviceName,
        request: plannedRequest(primary, variables),
        async complete(event, context) {
          const eventExecution = newExecution({ fetch: async () => event }, context, variables);
          const cursor = rootCursor(eventExecution);
          await run?.(eventExecution, cursor);
          const { data, errors } = eventExecution;
          const execution = { ...newExecution(client, context, variables), data, errors };
          await rest?.(execution, cursor);
          return respond(execution);
        },
      };
    },

    async stop() {},
  };
}

function newExecution<Context extends RequestContext>(
  client: SubgraphClient<Context>,
  context: Context,
  variables: Readonly<Record<string, unknown>>,
): Execution {
  return {
    // The context that comes back to the client is the one given here.
    client: client as SubgraphClient<RequestContext>,
    context,
    variables,
    data: {},
    errors: [],
    inFlight: new Map(),
  };
}

function rootCursor({ data }: Execution): Cursor {
  return { path: [], data };
}
