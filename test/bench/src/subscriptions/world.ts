import { generateSigningKey, signToken, systemClock } from '@dotmac/platform';
import { anonymous } from '@dotmac/schema';
import { type ServerProcess, startServer } from '../gateway/servers/child.ts';
import { composeSupergraph, subgraphSdl } from './graph.ts';

/** Subgraphs, a gateway and its clients: each a process of its own. */
export interface World extends AsyncDisposable {
  readonly source: ServerProcess;
  readonly gateway: ServerProcess;
  readonly load: ServerProcess;
  clients<Answer = object>(path: string): Promise<Answer>;
  /** Returns the cursor of the last. */
  emit(count: number, rate: number, sites: number): Promise<string>;
}

/** Our gateway. */
export async function startWorld(): Promise<World> {
  const { privatePem, publicPem } = generateSigningKey('gateway-1');
  return start({ publicPem, tellsStart: true }, (origin) =>
    startServer('../../subscriptions/servers/gateway.ts', {
      supergraphSdl: composeSupergraph(),
      origin,
      privatePem,
    }),
  );
}

/** Somebody else's gateway before the same subgraphs, which it may ask for longer than ours signs for. */
export async function startPeerWorld(script: string, extra: object = {}): Promise<World> {
  const { key, publicPem } = generateSigningKey('gateway-1');
  const tokens: Record<string, string> = {};
  for (const subgraph of Object.keys(subgraphSdl))
    tokens[subgraph] = await signToken(
      { ...anonymous, id: 'usr_bench', kind: 'user', tenantId: 'ten_bench', roles: ['OWNER'] },
      {
        key,
        audience: `ten_bench/${subgraph}`,
        issuer: 'gateway',
        lifetimeSeconds: 3600,
        clock: systemClock,
      },
    );
  // Where a stream starts is an event of our own, which the libraries do not know.
  return start({ publicPem, tellsStart: false }, (origin) => {
    const urlOf = (subgraph: string) => `${origin}/graphql/${subgraph}`;
    return startServer(`../../subscriptions/servers/${script}`, {
      supergraphSdl: composeSupergraph(urlOf),
      tokens,
      ...extra,
    });
  });
}

async function start(
  subgraphs: { readonly publicPem: string; readonly tellsStart: boolean },
  startGateway: (origin: string) => Promise<ServerProcess>,
): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const started = async (starting: Promise<ServerProcess>) => {
    const server = await starting;
    stack.defer(() => server.stop());
    return server;
  };
  const source = await started(startServer('../../subscriptions/servers/subgraphs.ts', subgraphs));
  const gateway = await started(startGateway(source.urls.origin ?? ''));
  const load = await started(
    startServer('../../subscriptions/servers/clients.ts', {
      url: gateway.urls.gateway,
      authorization: gateway.headers?.authorization ?? null,
      hearsStart: subgraphs.tellsStart,
    }),
  );
  const built = stack.move();
  return {
    source,
    gateway,
    load,
    clients: async (path) => (await fetch(`${load.urls.control}${path}`)).json(),
    async emit(count, rate, of) {
      return (await fetch(`${source.urls.control}/emit?count=${count}&rate=${rate}&sites=${of}`)).text();
    },
    [Symbol.asyncDispose]: () => built.disposeAsync(),
  };
}
