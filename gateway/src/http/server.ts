import { createServer as createHttpServer } from 'node:http';
import type { Logger, Registry as Metrics } from '@dotmac/platform';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Limits } from '../limits.ts';
import type { Operations } from '../operation/operations.ts';
import { graphiqlHeaders, graphiqlPage } from './graphiql.ts';
import { type GraphqlDoorOptions, graphqlDoor } from './graphql.ts';
import { serveWebhooks, type WebhookOptions } from './webhooks.ts';

export interface ServerOptions extends GraphqlDoorOptions {
  readonly operations: Operations;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly graphiql: boolean;
  readonly ready: () => boolean;
  readonly webhooks: WebhookOptions;
}

/** How long an idle connection of a client is kept. */
const keepAliveMilliseconds = 72_000;

/** The HTTP face of the gateway. */
export function createServer(options: ServerOptions): FastifyInstance {
  const { limits, logger, metrics } = options;
  const door = graphqlDoor(options);
  const app = Fastify({
    bodyLimit: limits.bodyBytes,
    forceCloseConnections: true,
    serverFactory: (handler) =>
      createHttpServer(
        {
          keepAliveTimeout: keepAliveMilliseconds,
          // Slow senders: the whole request, headers included, must be here in this time.
          requestTimeout: limits.requestMilliseconds,
          headersTimeout: limits.headersMilliseconds,
          maxHeaderSize: 16 * 1024,
          // How often slow senders are looked for; Node's own half a minute would be longer than they may take.
          connectionsCheckingInterval: Math.min(5_000, limits.headersMilliseconds / 2),
        },
        (request, response) => {
          // What nearly every request is goes past the framework's ways.
          const { url = '' } = request;
          if (url === '/graphql' || url.startsWith('/graphql?')) door(request, response);
          else handler(request, response);
        },
      ),
  });
  // Only JSON: a form or text/plain could be sent by any page without asking the browser's permission.
  app.removeContentTypeParser('text/plain');
  app.addHook('onRequest', async ({ headers }) => {
    const encoding = headers['content-encoding'] ?? 'identity';
    if (encoding === 'identity') return;
    throw Object.assign(new Error('Bodies are taken uncompressed'), { statusCode: 415 });
  });
  if (options.graphiql) {
    app.get('/', async (_request, reply) => reply.headers(graphiqlHeaders).send(await graphiqlPage()));
  }
  serveWebhooks(app, options.webhooks);
  app.get('/health/live', () => ({ status: 'live' }));
  app.get('/health/ready', (_request, reply) => {
    const ready = options.ready();
    return reply.status(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready' });
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.metrics()),
  );
  app.setNotFoundHandler((_request, reply) =>
    reply
      .status(404)
      .send({ errors: [{ message: 'There is nothing here', extensions: { code: 'NOT_FOUND' } }] }),
  );
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) logger.error({ error, url: request.url }, 'a request failed');
    const message = status >= 500 ? 'Something went wrong here' : error.message;
    const code = status >= 500 ? 'INTERNAL' : 'BAD_REQUEST';
    return reply.status(status).send({ errors: [{ message, extensions: { code } }] });
  });
  return app;
}
