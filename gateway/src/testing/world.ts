import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestPostgres } from '@dotmac/hosting';
import { migrate } from '@dotmac/migrations';
import {
  createApiKey,
  createMetrics,
  createSubgraphServer,
  generateSigningKey,
  IdempotencyStore,
  type Logger,
  openDatabase,
  type SigningKey,
  signToken,
  silentLogger,
  systemClock,
} from '@dotmac/platform';
import { anonymous, type Principal } from '@dotmac/schema';
import type { FastifyInstance } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import { Client } from 'pg';
import { createGateway, type Gateway, type GatewayOptions } from '../gateway.ts';
import { EventSource } from './event-source.ts';
import {
  type FakeTenant,
  networkSchema,
  subscribersSchema,
  tenantsSchema,
  testSupergraph,
  testTopics,
} from './subgraphs.ts';

interface Plane {
  /** `unix:/path` */
  readonly origin: string;
  start(): Promise<void>;
  /** Breaks every connection. */
  kill(): Promise<void>;
}

export interface World extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly folder: string;
  readonly options: GatewayOptions;
  /** Superuser on the platform database. */
  readonly database: Client;
  readonly tenants: Readonly<Record<'alpha' | 'bravo', FakeTenant & Plane>>;
  readonly controlPlane: Plane;
  /** A token of the platform, or of the tenant whose key is given. */
  token(
    principal: Partial<Principal>,
    options?: { lifetimeSeconds?: number; tenantKey?: string },
  ): Promise<string>;
  /** An account with a membership. */
  person(id: string, membership: { tenantId?: string; partnerId?: string; role: string }): Promise<void>;
  apiKey(options: {
    tenantId?: string;
    partnerId?: string;
    scopes: readonly string[];
    allowedAddresses?: readonly string[];
    expiresAt?: Date;
    trustedDocumentsOnly?: boolean;
  }): Promise<{ id: string; text: string }>;
  /** Registers a document of a tenant; its id. */
  document(tenantId: string, text: string): Promise<string>;
  /** Another gateway over the same world. */
  another(options?: Partial<GatewayOptions>): Promise<Gateway>;
  query(
    body: unknown,
    options?: { token?: string; headers?: Record<string, string>; url?: string },
  ): Promise<{ status: number; body: Answer; headers: Headers }>;
}

export interface Answer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly {
    message: string;
    path?: unknown[];
    extensions: Record<string, unknown> & { code: string };
  }[];
}

interface ServedModule {
  readonly name: 'subscribers' | 'network' | 'tenants';
  readonly schema: GraphQLSchema;
}

/**
 * A gateway over real sockets, a real platform database and small subgraphs: tenants alpha and bravo, and the
 * control plane. Each account `usr_<tenant>_<role>` has that role.
 */
export async function startWorld(
  overrides: Partial<GatewayOptions> = {},
  logger: Logger = silentLogger,
): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'dotmac-gateway-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const postgres = stack.use(await startTestPostgres());
  const connectionString = await postgres.createDatabase();
  const database = new Client({ connectionString });
  await database.connect();
  stack.defer(() => database.end());
  // Server-wide: another database of this server may have made it already.
  await database.query(`create role dotmac_gateway login password 'gateway'`);
  await migrate({ connectionString, kind: 'platform' });

  const gatewayKey = generateSigningKey('gateway-1');
  const platformKey = generateSigningKey('platform-1');
  const tenantKeys = { alpha: generateSigningKey('alpha-1'), bravo: generateSigningKey('bravo-1') };
  const keys: Record<string, SigningKey> = { platform: platformKey.key };
  const insertKey = (id: string, pem: string, tenantId: string | null) =>
    database.query(`insert into identity.verification_key values ($1, $2, $3, null, now())`, [
      id,
      pem,
      tenantId,
    ]);
  await insertKey('platform-1', platformKey.publicPem, null);

  const gatewayKeys = new Map([
    ['gateway-1', (await import('node:crypto')).createPublicKey(gatewayKey.publicPem)],
  ]);
  const pool = openDatabase<unknown>({
    connectionString,
    max: 4,
    applicationName: 'planes',
    onConnectionError: () => undefined,
  });
  stack.defer(() => pool.destroy());
  const idempotency = new IdempotencyStore(pool);
  const plane = (name: string, audience: string, modules: readonly ServedModule[]): Plane => {
    const path = join(folder, `${name}.sock`);
    let server: FastifyInstance | undefined;
    const kill = async () => {
      await server?.close();
      server = undefined;
    };
    stack.defer(kill);
    return {
      origin: `unix:${path}`,
      kill,
      async start() {
        await rm(path, { force: true });
        server = createSubgraphServer({
          modules: modules.map((module) => ({ ...module, contextOf: (base) => base })),
          keys: gatewayKeys,
          plane: audience,
          logger: silentLogger,
          metrics: createMetrics({}),
          clock: systemClock,
          idempotency,
          keepAliveMilliseconds: 50,
          ready: async () => true,
        });
        await server.listen({ path });
      },
    };
  };
  const tenant = async (slug: 'alpha' | 'bravo') => {
    const id = `ten_${slug}`;
    const state: FakeTenant = {
      id,
      events: new EventSource(id),
      names: new Map(),
      slow: Promise.resolve(),
      customerFetches: 0,
      begun: 0,
      counted: 0,
    };
    const served = Object.assign(
      state,
      plane(slug, id, [
        { name: 'subscribers', schema: subscribersSchema(state) },
        { name: 'network', schema: networkSchema(state) },
      ]),
    );
    await served.start();
    await database.query(`insert into routing.route values ($1, $2, $3, $4, 'ACTIVE', $5, 1, now())`, [
      id,
      slug,
      `ISP ${slug}`,
      [`${slug}.example`],
      served.origin,
    ]);
    await insertKey(`${slug}-1`, tenantKeys[slug].publicPem, id);
    keys[slug] = tenantKeys[slug].key;
    return served;
  };
  const tenants = { alpha: await tenant('alpha'), bravo: await tenant('bravo') };
  const controlPlane = plane('control', 'platform', [{ name: 'tenants', schema: tenantsSchema() }]);
  await controlPlane.start();

  const person: World['person'] = async (id, { tenantId = null, partnerId = null, role }) => {
    await database.query(
      `insert into identity.account values ($1, $2, $1, 'x', null, now()) on conflict do nothing`,
      [id, `${id}@example.org`],
    );
    await database.query(`insert into identity.membership values ($1, $2, $3, $4, $5, null, now())`, [
      `mem_${crypto.randomUUID()}`,
      id,
      tenantId,
      partnerId,
      role,
    ]);
  };
  for (const slug of ['alpha', 'bravo'] as const) {
    for (const role of ['OWNER', 'NOC']) {
      await person(`usr_${slug}_${role.toLowerCase()}`, { tenantId: `ten_${slug}`, role });
    }
  }
  await person('usr_operator', { role: 'OPERATOR' });
  await person('usr_partner', { partnerId: 'par_1', role: 'PARTNER' });

  const url = new URL(connectionString);
  url.username = 'dotmac_gateway';
  url.password = '';
  const options: GatewayOptions = {
    supergraphSdl: testSupergraph(),
    topics: testTopics,
    signingKey: gatewayKey.key,
    registry: { connectionString: url.href, password: 'gateway' },
    controlPlane: { origin: controlPlane.origin },
    listen: { host: '127.0.0.1', port: 0 },
    logger,
    ...overrides,
  };
  const gateways: Gateway[] = [];
  stack.defer(async () => {
    for (const made of gateways) await made.stop();
  });
  const another: World['another'] = async (more = {}) => {
    const made = await createGateway({ ...options, ...more });
    gateways.push(made);
    return made;
  };
  const gateway = await another();
  // From here on whoever got the world ends it.
  const built = stack.move();

  return {
    gateway,
    folder,
    options,
    database,
    tenants,
    controlPlane,
    person,
    another,
    token: (principal, { lifetimeSeconds = 600, tenantKey = 'platform' } = {}) =>
      signToken(
        { ...anonymous, kind: 'user', ...principal },
        {
          key: keys[tenantKey] as SigningKey,
          audience: 'gateway',
          issuer: tenantKey === 'platform' ? 'dotmac' : `tenant:ten_${tenantKey}`,
          lifetimeSeconds,
          clock: systemClock,
        },
      ),
    async document(tenantId, text) {
      const id = createHash('sha256').update(text).digest('hex');
      await database.query(
        `insert into identity.trusted_document (id, tenant_id, text, registered_at, registered_by)
         values ($1, $2, $3, now(), 'test')`,
        [id, tenantId, text],
      );
      return id;
    },
    async apiKey({
      tenantId = null,
      partnerId = null,
      scopes,
      allowedAddresses = [],
      expiresAt = null,
      trustedDocumentsOnly = false,
    }) {
      const key = createApiKey('test');
      await database.query(
        `insert into identity.api_key (id, hash, name, tenant_id, partner_id, scopes, allowed_addresses, expires_at,
           trusted_documents_only, created_at, created_by)
         values ($1, $2, 'key', $3, $4, $5, $6, $7, $8, now(), 'test')`,
        [key.id, key.hash, tenantId, partnerId, scopes, allowedAddresses, expiresAt, trustedDocumentsOnly],
      );
      return { id: key.id, text: key.text };
    },
    async query(body, { token, headers = {}, url: at = gateway.url } = {}) {
      const response = await fetch(`${at}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...headers,
        },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
      return { status: response.status, body: (await response.json()) as Answer, headers: response.headers };
    },
    [Symbol.asyncDispose]: () => built.disposeAsync(),
  };
}

/** The claims of `usr_<slug>_<role>`. */
export function staff(slug: 'alpha' | 'bravo', role: 'OWNER' | 'NOC'): Partial<Principal> {
  return { id: `usr_${slug}_${role.toLowerCase()}`, name: role, tenantId: `ten_${slug}`, roles: [role] };
}
