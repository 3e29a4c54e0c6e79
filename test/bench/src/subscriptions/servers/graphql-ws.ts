import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type GraphQLDataSource, RemoteGraphQLDataSource } from '@apollo/gateway';
import { createExecutor } from '@dotmac/gateway/execution/create-executor';
import { internalTokenHeader } from '@dotmac/platform';
import type { ExecutionArgs, FormattedExecutionResult } from 'graphql';
import { createClient } from 'graphql-sse';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { serveParent, serverArgument } from '../../gateway/servers/child.ts';

/**
 * What one gets from the libraries: graphql-ws takes the clients; each has a subscription of its own to the subgraph, by
 * graphql-sse, and each of its events is filled by Apollo's planner and execution over Apollo's own data sources.
 */
if (import.meta.main) {
  const { supergraphSdl, tokens } = serverArgument<{
    supergraphSdl: string;
    tokens: Record<string, string>;
  }>();
  const urls = new Map(
    [...supergraphSdl.matchAll(/@join__graph\(name: "(\w+)", url: "([^"]+)"\)/g)].map(
      ([, name = '', url = '']) => [name, url],
    ),
  );
  const headersFor = (subgraph: string) => ({ [internalTokenHeader]: tokens[subgraph] ?? '' });
  const sources = new Map(
    [...urls].map(([name, url]) => [
      name,
      new RemoteGraphQLDataSource({
        url,
        willSendRequest: ({ request }) => request.http?.headers.set(internalTokenHeader, tokens[name] ?? ''),
      }),
    ]),
  );
  const executor = await createExecutor('stock', {
    supergraphSdl,
    client: {
      async fetch(subgraph, request) {
        const source = sources.get(subgraph);
        if (source === undefined) throw new Error(`No subgraph ${subgraph}`);
        return (await source.process({
          request: { ...request },
          context: {},
          kind: 'loading schema',
        } as Parameters<GraphQLDataSource['process']>[0])) as object;
      },
    },
  });
  const context = { tenant: 'bench', principal: null };

  async function* subscribe({ document, operationName, variableValues }: ExecutionArgs) {
    const plan = executor.planSubscription({
      document,
      operationName: operationName ?? undefined,
      variables: variableValues ?? {},
    });
    if ('errors' in plan) throw new AggregateError(plan.errors);
    const { subgraph, request, complete } = plan;
    const upstream = createClient({ url: urls.get(subgraph) ?? '', headers: headersFor(subgraph) });
    const { query, variables } = request;
    for await (const event of upstream.iterate({ query, variables: { ...variables } })) {
      yield await complete(event as FormattedExecutionResult, context);
    }
  }

  const server = createServer();
  useServer(
    { schema: executor.schema, subscribe },
    new WebSocketServer({ server, path: '/graphql', perMessageDeflate: false }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  serveParent({ urls: { gateway: `http://127.0.0.1:${port}/graphql` } });
}
