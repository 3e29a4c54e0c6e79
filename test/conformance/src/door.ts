import { createGateway, type Gateway, type GatewayOptions } from '@dotmac/gateway';
import { startTestRuntime, type TestRuntime, testGatewayKey, testTenant } from '@dotmac/harness';
import type { PlatformDatabase, TenantDatabase } from '@dotmac/migrations';
import { generateSigningKey, signToken, silentLogger, systemClock } from '@dotmac/platform';
import { anonymous, type PlatformEvents, type Role, type TenantEvents } from '@dotmac/schema';
import { billing } from '@dotmac/subgraph-billing';
import { tenants } from '@dotmac/subgraph-tenants';
import { sql } from 'kysely';

/** The gateway over the real control plane and a tenant with its books, all in this process, over real sockets. */
export interface Door extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly platform: TestRuntime<PlatformDatabase, PlatformEvents>;
  readonly isp: TestRuntime<TenantDatabase, TenantEvents>;
  /** Of somebody with this role in the tenant. */
  token(role: Role): Promise<string>;
  /** Another gateway over the same. */
  another(options: Partial<GatewayOptions>): Promise<Gateway>;
  /** Runs an operation with a token or a key, or as a stranger who came to the tenant. */
  ask(authorization: string | null, query: string, options?: AskOptions): Promise<Answer>;
}

interface AskOptions {
  readonly variables?: object;
  readonly url?: string;
}

export interface Answer {
  readonly status: number;
  readonly data: Record<string, unknown>;
  readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
}

/** The gateway hears of changes only by being told: it looks by itself once an hour. */
const pollMilliseconds = 3_600_000;

export async function openDoor(supergraphSdl: string): Promise<Door> {
  await using stack = new AsyncDisposableStack();
  const identity = generateSigningKey('platform');
  const platform = stack.use(
    await startTestRuntime<PlatformDatabase, PlatformEvents>('platform', (services) => [
      tenants(services, { identityKey: identity.key }),
    ]),
  );
  const isp = stack.use(
    await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => [billing(services)]),
  );
  const { database } = platform.services;
  const { id, slug, name } = testTenant;
  await sql`insert into identity.verification_key values ('platform', ${identity.publicPem}, null, null, now())`.execute(
    database,
  );
  await sql`insert into routing.route values (${id}, ${slug}, ${name}, '{}', 'ACTIVE', ${isp.runtime.address}, 1, now())`.execute(
    database,
  );
  await sql`insert into tenants.tenant (id, slug, name, state, time_zone, currency, country, owner_email, radius_auth_port,
    radius_accounting_port, created_at) values (${id}, ${slug}, ${name}, 'ACTIVE', ${testTenant.timeZone}, ${testTenant.currency},
    'CA', 'owner@example.org', 1812, 1813, now())`.execute(database);
  const gateways: Gateway[] = [];
  stack.defer(async () => {
    for (const made of gateways) await made.stop();
  });
  const another = async (options: Partial<GatewayOptions>) => {
    const gateway = await createGateway({
      supergraphSdl,
      signingKey: testGatewayKey,
      registry: { connectionString: platform.connectionString, pollMilliseconds },
      controlPlane: { origin: platform.runtime.address },
      listen: { host: '127.0.0.1', port: 0 },
      logger: silentLogger,
      ...options,
    });
    gateways.push(gateway);
    return gateway;
  };
  const gateway = await another({});
  const built = stack.move();
  return {
    gateway,
    platform,
    isp,
    another,
    async token(role) {
      const account = `usr_${role.toLowerCase()}`;
      await sql`insert into identity.account values (${account}, ${`${account}@example.org`}, 'x', 'x', null, now())
        on conflict do nothing`.execute(database);
      await sql`insert into identity.membership values (${`mem_${crypto.randomUUID()}`}, ${account}, ${id}, null, ${role}, null, now())`.execute(
        database,
      );
      return signToken(
        { ...anonymous, kind: 'user', id: account, name: account, tenantId: id, roles: [role] },
        {
          key: identity.key,
          audience: 'gateway',
          issuer: 'dotmac',
          lifetimeSeconds: 86_400,
          clock: systemClock,
        },
      );
    },
    async ask(authorization, query, { variables = {}, url = gateway.url } = {}) {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(authorization === null
            ? { 'x-dotmac-tenant': slug }
            : { authorization: `Bearer ${authorization}` }),
        },
        body: JSON.stringify({ query, variables }),
      });
      return { status: response.status, ...((await response.json()) as Omit<Answer, 'status'>) };
    },
    [Symbol.asyncDispose]: () => built.disposeAsync(),
  };
}
