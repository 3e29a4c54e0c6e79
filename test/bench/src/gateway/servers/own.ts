import { generateSigningKey } from '@dotmac/platform';
import { startBenchGateway } from './bench-gateway.ts';
import { serveParent, serverArgument } from './child.ts';

if (import.meta.main) {
  const { supergraphSdl, urls, merges } = serverArgument<{
    supergraphSdl: string;
    urls: Record<string, string>;
    merges?: boolean;
  }>();
  const { origin } = new URL(urls.subscribers ?? '');
  const signingKey = generateSigningKey('gateway-1').key;
  serveParent(await startBenchGateway({ supergraphSdl, origin, signingKey, mergesQueries: merges ?? false }));
}
