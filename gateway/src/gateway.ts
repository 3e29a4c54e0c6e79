import {
  type Clock,
  createMetrics,
  type Logger,
  type Registry as Metrics,
  type SigningKey,
  systemClock,
} from '@dotmac/platform';
import { type Topic, topics } from '@dotmac/schema';
import { readAccessRules } from '@dotmac/schema/access';
import { createExecutor, type ExecutorKind } from './execution/create-executor.ts';
import { createServer } from './http/server.ts';
import { blockListOf } from './identity/address.ts';
import { Authenticator } from './identity/authenticator.ts';
import { InternalTokens } from './identity/internal-token.ts';
import { KeyUsage } from './identity/key-usage.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { gatewayMetrics, OperationMetrics } from './metrics.ts';
import { readCacheHints } from './operation/cache-policy.ts';
import { readCostDirectives } from './operation/cost-directives.ts';
import type { IntrospectionPolicy } from './operation/introspection.ts';
import { OperationRecords } from './operation/operation-records.ts';
import { Operations } from './operation/operations.ts';
import { TrustedDocuments } from './operation/trusted-documents.ts';
import { type RegistryOptions, startRegistry } from './registry/registry.ts';
import { Sessions } from './session/sessions.ts';
import { SubscriptionHub } from './subscription/hub.ts';
import { Upstreams } from './subscription/upstream.ts';
import { createUpstreamClient } from './upstream/client.ts';
import type { GatewayContext } from './upstream/context.ts';
import { batchingEntities } from './upstream/entity-batch.ts';
import { type ControlPlane, Planes } from './upstream/planes.ts';
import { attachWebSockets } from './websocket/server.ts';

export interface GatewayOptions {
  readonly supergraphSdl: string;
  /** Signs the internal tokens; subgraphs hold its public half. */
  readonly signingKey: SigningKey;
  /** The platform database as the role `dotmac_gateway`, and where to keep a copy of what it said. */
  readonly registry: Pick<
    RegistryOptions,
    'connectionString' | 'password' | 'stateFile' | 'pollMilliseconds'
  >;
  readonly controlPlane: { readonly origin: string; readonly subgraphs?: readonly string[] };
  /** Port 0 takes any free one. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly metrics?: Metrics;
  /** `own` when absent. */
  readonly executor?: ExecutorKind;
  /**
   * Whether equal fetches of one principal's queries that are under way at the same time are sent once. A query may then be
   * answered from before a change that was made while an equal one ran. It is not when absent.
   */
  readonly mergesQueries?: boolean;
  /** `staff` when absent. */
  readonly introspection?: IntrospectionPolicy;
  /** Whether `/` shows GraphiQL; it does when absent. */
  readonly graphiql?: boolean;
  /** Address blocks whose `X-Forwarded-For` is believed. */
  readonly trustedProxies?: readonly string[];
  readonly limits?: Partial<Limits>;
  /** How subscription fields treat slow clients; those of the graph when absent. */
  readonly topics?: Readonly<Record<string, Topic>>;
}

export interface Gateway {
  /** `http://host:port`, with the real port. */
  readonly url: string;
  /** Ends streams with a notice, lets requests end, closes everything. */
  stop(): Promise<void>;
}

/** The subgraphs of the control plane; all others belong to the tenants. */
const controlPlaneSubgraphs: ControlPlane['subgraphs'] = ['partners', 'tenants'];

/**
 * Starts the gateway: it serves when this returns.
 * @throws Error that names what is wrong: a supergraph that cannot be executed, no database and no earlier state, a
 * port in use.
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { logger, clock = systemClock, metrics = createMetrics({ part: 'gateway' }) } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const registry = await startRegistry({ ...options.registry, logger });
  const planes = new Planes({ subgraphs: controlPlaneSubgraphs, ...options.controlPlane }, () =>
    registry.current(),
  );
  const tokens = new InternalTokens(options.signingKey, clock);
  const client = createUpstreamClient({
    planes,
    tokens,
    clock,
    logger,
    timeout: limits.operationMilliseconds,
    mergesQueries: options.mergesQueries ?? false,
  });
  const closers: (() => Promise<void>)[] = [() => registry.stop(), () => client.close()];
  const stop = async () => {
    for (const close of closers.toReversed()) await close();
  };
  try {
    const executor = await createExecutor<GatewayContext>(options.executor ?? 'own', {
      supergraphSdl: options.supergraphSdl,
      client: batchingEntities(client),
    });
    closers.push(() => executor.stop());
    const keyUsage = new KeyUsage({ write: (usedAt) => registry.keysUsed(usedAt), clock, logger });
    closers.push(() => keyUsage.stop());
    const records = new OperationRecords({
      write: (batch) => registry.operationsUsed(batch),
      clock,
      logger,
    });
    closers.push(() => records.stop());
    const authenticator = new Authenticator(
      registry,
      clock,
      blockListOf(options.trustedProxies ?? []),
      (keyId) => keyUsage.used(keyId),
    );
    const operations = new Operations({
      executor,
      costDirectives: readCostDirectives(options.supergraphSdl),
      cacheHints: readCacheHints(options.supergraphSdl),
      access: readAccessRules(options.supergraphSdl),
      documents: new TrustedDocuments(registry),
      limits,
      introspection: options.introspection ?? 'staff',
      records,
      metrics: new OperationMetrics(metrics),
      clock,
      logger,
    });
    const upstreams = new Upstreams(logger);
    closers.push(() => upstreams.close());
    const hub = new SubscriptionHub({
      planes,
      tokens,
      operations,
      upstreams,
      limits,
      topics: options.topics ?? topics,
      clock,
      logger,
      random: Math.random,
    });
    const sessions = new Sessions(authenticator, clock, limits);
    registry.onChange(() => sessions.review());
    gatewayMetrics(metrics, {
      connections: () => sessions.size,
      streams: () => hub.size,
      waiting: () => hub.waiting,
      registryConnected: () => registry.connected(),
    });
    const server = createServer({
      authenticator,
      operations,
      sessions,
      hub,
      limits,
      logger,
      metrics,
      graphiql: options.graphiql ?? true,
      ready: () => true,
      webhooks: { routes: () => registry.current(), tokens, logger },
    });
    closers.push(() => server.close());
    const webSockets = attachWebSockets(server.server, {
      authenticator,
      sessions,
      operations,
      hub,
      limits,
      logger,
    });
    closers.push(async () => {
      sessions.endAll('RELOAD');
      await webSockets.close();
    });
    const url = await listen(server, options.listen);
    logger.info({ url }, 'ready');
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function listen(
  server: ReturnType<typeof createServer>,
  { host, port }: GatewayOptions['listen'],
): Promise<string> {
  try {
    return await server.listen({ host, port });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason =
      code === 'EADDRINUSE'
        ? 'another program listens there; set DOTMAC_PORT to a free port'
        : code === 'EACCES'
          ? 'this account may not listen there; ports below 1024 need privileges'
          : code === 'EADDRNOTAVAIL'
            ? 'this machine has no such address'
            : 'it cannot be opened';
    throw new Error(`The gateway cannot listen on ${host}:${port}: ${reason}`, { cause: error });
  }
}
