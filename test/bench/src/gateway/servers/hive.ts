import type { RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { serveParent, serverArgument } from './child.ts';
import { listen } from './http.ts';

/** The part of @graphql-hive/gateway that is used; it is not in the workspace, but in a folder of the benchmark. */
interface HiveGateway {
  createGatewayRuntime(options: Record<string, unknown>): RequestListener;
}

if (import.meta.main) {
  const { supergraphSdl, folder, merges } = serverArgument<{
    supergraphSdl: string;
    folder: string;
    merges?: boolean;
  }>();
  const entry = createRequire(`${folder}/package.json`).resolve('@graphql-hive/gateway');
  const { createGatewayRuntime } = (await import(pathToFileURL(entry).href)) as HiveGateway;
  const runtime = createGatewayRuntime({
    supergraph: supergraphSdl,
    logging: false,
    graphiql: false,
    landingPage: false,
    reporting: undefined,
    transportEntries: { '*.http': { options: { deduplicateInflightRequests: merges ?? false } } },
  });
  serveParent({ urls: { gateway: await listen(runtime) } });
}
