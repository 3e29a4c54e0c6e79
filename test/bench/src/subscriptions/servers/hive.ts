import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { internalTokenHeader } from '@dotmac/platform';
import type { ServerOptions } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { serveParent, serverArgument } from '../../gateway/servers/child.ts';

type HiveRuntime = RequestListener & { getSchema(): Promise<unknown> };

/** The part of @graphql-hive/gateway that is used; it is not in the workspace, but in a folder of the benchmark. */
interface HiveGateway {
  createGatewayRuntime(options: Record<string, unknown>): HiveRuntime;
  getGraphQLWSOptions(runtime: HiveRuntime, onContext: () => object): ServerOptions;
}

/** Hive Gateway with WebSockets, served as its own program does. */
if (import.meta.main) {
  const { supergraphSdl, folder, tokens } = serverArgument<{
    supergraphSdl: string;
    folder: string;
    tokens: Record<string, string>;
  }>();
  const entry = createRequire(`${folder}/package.json`).resolve('@graphql-hive/gateway');
  const { createGatewayRuntime, getGraphQLWSOptions } = (await import(
    pathToFileURL(entry).href
  )) as HiveGateway;
  const entries = Object.entries(tokens).map(([subgraph, token]) => [
    subgraph,
    {
      headers: [[internalTokenHeader, token]],
      options: { method: 'POST', deduplicateInflightRequests: false },
    },
  ]);
  const runtime = createGatewayRuntime({
    supergraph: supergraphSdl,
    logging: false,
    graphiql: false,
    landingPage: false,
    reporting: undefined,
    transportEntries: Object.fromEntries(entries),
  });
  await runtime.getSchema();
  const server = createServer(runtime);
  useServer(
    getGraphQLWSOptions(runtime, () => ({})),
    new WebSocketServer({ server, path: '/graphql', perMessageDeflate: false }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  serveParent({ urls: { gateway: `http://127.0.0.1:${port}/graphql` } });
}
