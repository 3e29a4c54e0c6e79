import { operationFromDocument } from '@apollo/federation-internals';
import {
  ApolloGateway,
  buildOperationContext,
  executeQueryPlan,
  type GraphQLDataSource,
  type GraphQLDataSourceProcessOptions,
} from '@apollo/gateway';
import type { QueryPlan } from '@apollo/query-planner';
import { type DocumentNode, GraphQLError } from 'graphql';
import {
  asGraphQLError,
  type Executor,
  type ExecutorOptions,
  type GraphQLResponse,
  type OperationRequest,
  type RequestContext,
  type SubgraphClient,
  type SubgraphResponse,
  type SubscriptionPlan,
} from './executor.ts';
import { variableErrors } from './variables.ts';

type GatewayRequest = Parameters<ApolloGateway['executor']>[0];
type GatewayResult = Awaited<ReturnType<ApolloGateway['executor']>>;
type DataSourceResult = Awaited<ReturnType<GraphQLDataSource['process']>>;

/** Name of the pretended subgraph that answers a subscription's primary fetch with the event itself. */
const eventService = '__event__';

/** The stock Apollo gateway, with our client instead of its HTTP stack: the reference for our own executor. */
export async function createStockExecutor<Context extends RequestContext>({
  supergraphSdl,
  client,
}: ExecutorOptions<Context>): Promise<Executor<Context>> {
  // Read when a gateway is constructed. Without it @apollo/gateway sends metrics to Apollo.
  process.env.APOLLO_TELEMETRY_DISABLED = 'true';
  const gateway = new ApolloGateway({
    supergraphSdl,
    __exposeQueryPlanExperimental: false,
    buildService: ({ name }) => dataSource(name, client),
  });
  const { schema } = await gateway.load();
  const { queryPlanner } = gateway.__testing();
  if (queryPlanner === undefined) throw new Error('@apollo/gateway loaded without a query planner');
  const apiSchema = queryPlanner.supergraph.apiSchema();
  const supergraphSchema = queryPlanner.supergraph.schema.toGraphQLJSSchema();
  const queryHash = documentNumbers();

  return {
    schema,

    async execute(operation) {
      try {
        const request = gatewayRequest(operation, operation.context, queryHash(operation.document));
        return toResponse(await gateway.executor(request));
      } catch (error) {
        throw asGraphQLError(error);
      }
    },

    planSubscription(operation): SubscriptionPlan<Context> | { errors: readonly GraphQLError[] } {
      const { document, operationName, variables = {} } = operation;
      const name = operationName === undefined ? {} : { operationName };
      const operationContext = buildOperationContext({ schema, operationDocument: document, ...name });
      const errors = variableErrors(schema, operationContext.operation, variables);
      if (errors.length > 0) return { errors };
      const { node } = queryPlanner.buildQueryPlan(operationFromDocument(apiSchema, document, name));
      if (node?.kind !== 'Subscription') throw new GraphQLError('The operation is not a subscription');
      const { primary, rest } = node;
      const eventPlan: QueryPlan = {
        kind: 'QueryPlan',
        node: {
          kind: 'Sequence',
          nodes: [{ ...primary, serviceName: eventService }, ...(rest === undefined ? [] : [rest])],
        },
      };
      const used = Object.entries(variables).filter(([name]) => primary.variableUsages?.includes(name));
      const services = Object.fromEntries(
        queryPlanner.supergraph.subgraphsMetadata().map(({ name }) => [name, dataSource(name, client)]),
      );
      return {
        subgraph: primary.serviceName,
        request: {
          query: primary.operation,
          variables: Object.fromEntries(used),
          ...(primary.operationName === undefined ? {} : { operationName: primary.operationName }),
        },
        async complete(event: SubgraphResponse, context: Context) {
          const request = gatewayRequest(operation, context, '');
          const eventSource: GraphQLDataSource = { process: async () => toDataSourceResult(event) };
          const result = await executeQueryPlan(
            eventPlan,
            { ...services, [eventService]: eventSource },
            request,
            operationContext,
            supergraphSchema,
            apiSchema,
          );
          return renameService(toResponse(result), primary.serviceName);
        },
      };
    },

    stop: () => gateway.stop(),
  };
}

function dataSource<Context extends RequestContext>(
  name: string,
  client: SubgraphClient<Context>,
): GraphQLDataSource {
  return {
    async process(options: GraphQLDataSourceProcessOptions) {
      const { query = '', operationName, variables = {} } = options.request;
      const request = { query, variables, ...(operationName === undefined ? {} : { operationName }) };
      // The context is the one that execute() put into the request.
      return toDataSourceResult(await client.fetch(name, request, options.context as Context));
    },
  };
}

/** The part of Apollo Server's request context that the gateway reads. */
function gatewayRequest(
  operation: OperationRequest,
  context: RequestContext,
  queryHash: string,
): GatewayRequest {
  const { document, operationName, variables } = operation;
  return {
    document,
    queryHash,
    context,
    metrics: {},
    logger: console,
    ...(operationName === undefined ? {} : { operationName }),
    request: {
      ...(variables === undefined ? {} : { variables }),
      ...(operationName === undefined ? {} : { operationName }),
    },
  } as unknown as GatewayRequest;
}

function toDataSourceResult(response: SubgraphResponse): DataSourceResult {
  return response as unknown as DataSourceResult;
}

function toResponse({ data, errors, extensions }: GatewayResult): GraphQLResponse {
  return {
    ...(errors === undefined ? {} : { errors: errors.map(asGraphQLError) }),
    ...(data === undefined ? {} : { data }),
    ...(extensions === undefined ? {} : { extensions }),
  };
}

/** Errors of the event carry the pretended service's name; give them the owning subgraph's. */
function renameService(response: GraphQLResponse, subgraph: string): GraphQLResponse {
  for (const error of response.errors ?? []) {
    if (error.extensions.serviceName === eventService) error.extensions.serviceName = subgraph;
  }
  return response;
}

/** A number per document object: the gateway's plan cache wants a hash of the text, which we do not have. */
function documentNumbers(): (document: DocumentNode) => string {
  const numbers = new WeakMap<DocumentNode, string>();
  let last = 0;
  return (document) => {
    let number = numbers.get(document);
    if (number === undefined) {
      last += 1;
      number = String(last);
      numbers.set(document, number);
    }
    return number;
  };
}
