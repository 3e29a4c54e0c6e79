import { internalTokenHeader, type Logger, webhookAudience, webhookBytes } from '@dotmac/platform';
import { anonymous } from '@dotmac/schema';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Pool } from 'undici';
import type { InternalTokens } from '../identity/internal-token.ts';
import type { RegistrySnapshot, Route } from '../registry/snapshot.ts';

export interface WebhookOptions {
  readonly routes: () => RegistrySnapshot;
  readonly tokens: InternalTokens;
  readonly logger: Logger;
}

/** Messages of one tenant that are handed on at a time; whoever posts more is asked to come again. */
const atATime = 16;
const waitMilliseconds = 10_000;

/** Headers that say what the message is and who signed it. Those of this house are never taken from outside. */
const isHandedOn = (name: string) =>
  name === 'content-type' || (name.endsWith('-signature') && !name.startsWith('x-dotmac-'));

/**
 * `POST /webhooks/<tenant>/<name>`: where a company outside, such as a payment provider, tells a tenant what happened
 * there. The message goes on to the tenant's runtime octet by octet: signatures are over them. Whether it is what it
 * says is judged there; here only its size, its tenant and how many there are.
 */
export function serveWebhooks(app: FastifyInstance, { routes, tokens, logger }: WebhookOptions): void {
  const pools = new Map<string, Pool>();
  const underWay = new Map<string, number>();
  app.addHook('onClose', async () => {
    await Promise.all([...pools.values()].map((pool) => pool.destroy()));
  });
  const poolOf = (origin: string): Pool => {
    let pool = pools.get(origin);
    if (pool === undefined) {
      pool = origin.startsWith('unix:')
        ? new Pool('http://localhost', { socketPath: origin.slice('unix:'.length), connections: atATime })
        : new Pool(origin, { connections: atATime });
      pools.set(origin, pool);
    }
    return pool;
  };

  async function handOn({ tenantId, origin }: Route, name: string, request: FastifyRequest): Promise<number> {
    const headers = Object.fromEntries(
      Object.entries(request.headers).filter(
        (one): one is [string, string] => typeof one[1] === 'string' && isHandedOn(one[0]),
      ),
    );
    const { statusCode, body } = await poolOf(origin).request({
      method: 'POST',
      path: `/webhooks/${name}`,
      headers: {
        ...headers,
        'content-type': headers['content-type'] ?? 'application/octet-stream',
        [internalTokenHeader]: await tokens.tokenFor(anonymous, tenantId, webhookAudience),
      },
      body: request.body instanceof Uint8Array ? request.body : null,
      headersTimeout: waitMilliseconds,
      bodyTimeout: waitMilliseconds,
    });
    await body.dump();
    // What went wrong inside is nothing for outside: come again.
    return statusCode === 200 || statusCode === 400 || statusCode === 404 ? statusCode : 503;
  }

  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: webhookBytes }, (_request, body, done) =>
      done(null, body),
    );
    scope.post('/webhooks/:tenant/:name', { bodyLimit: webhookBytes }, async (request, reply) => {
      const { tenant, name } = request.params as { tenant: string; name: string };
      const { routesBySlug, routesByTenant } = routes();
      const route = routesBySlug.get(tenant) ?? routesByTenant.get(tenant);
      // A suspended tenant still hears that its customers paid.
      if (route === undefined || route.state === 'CLOSED' || !/^[a-z][a-zA-Z0-9-]{0,39}$/.test(name))
        return reply.status(404).send();
      const { tenantId } = route;
      const now = underWay.get(tenantId) ?? 0;
      if (now >= atATime) return reply.status(503).header('retry-after', '5').send();
      underWay.set(tenantId, now + 1);
      try {
        return await reply.status(await handOn(route, name, request)).send();
      } catch (error) {
        logger.warn({ error, tenant: tenantId, name }, 'a webhook could not be handed on');
        return await reply.status(503).header('retry-after', '30').send();
      } finally {
        underWay.set(tenantId, (underWay.get(tenantId) ?? 1) - 1);
      }
    });
  });
}
