import { readSigningKey } from '@dotmac/platform';
import { startBenchGateway } from '../../gateway/servers/bench-gateway.ts';
import { serveParent, serverArgument } from '../../gateway/servers/child.ts';

if (import.meta.main) {
  const { supergraphSdl, origin, privatePem } = serverArgument<{
    supergraphSdl: string;
    origin: string;
    privatePem: string;
  }>();
  const signingKey = readSigningKey('gateway-1', privatePem);
  const limits = { connectionsPerPrincipal: 100_000, connections: 100_000 };
  serveParent(await startBenchGateway({ supergraphSdl, origin, signingKey, limits }));
}
