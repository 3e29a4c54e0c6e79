import { ApolloGateway } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { serveParent, serverArgument } from './child.ts';

/** Apollo Server with the stock gateway, as their documentation starts it. */
if (import.meta.main) {
  const { supergraphSdl } = serverArgument<{ supergraphSdl: string }>();
  const server = new ApolloServer({ gateway: new ApolloGateway({ supergraphSdl }), introspection: false });
  const { url } = await startStandaloneServer(server, { listen: { host: '127.0.0.1', port: 0 } });
  serveParent({ urls: { gateway: url } });
}
