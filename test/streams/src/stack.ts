import type { KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startTestPostgres, type TestPostgres } from '@dotmac/hosting';
import { migrate, type TenantDatabase } from '@dotmac/migrations';
import { generateSigningKey, installJobs, openDatabase, signToken, systemClock } from '@dotmac/platform';
import { lastingPorts } from '@dotmac/platform/ports';
import { anonymous, type Role } from '@dotmac/schema';
import type { Kysely } from 'kysely';
import { Client } from 'pg';
import { eventually, graphOf } from './graph.ts';
import { KillableProcess } from './process.ts';

/** A tenant's runtime and a gateway as they run in production, each a process of its own, over real databases. */
export interface Stack extends AsyncDisposable {
  readonly tenant: KillableProcess;
  readonly gateway: KillableProcess;
  /** `http://127.0.0.1:<port>/graphql`; stays when the gateway comes back. */
  readonly url: string;
  /** Where the tenant's RADIUS server listens on 127.0.0.1. */
  readonly radius: { readonly authPort: number; readonly acctPort: number };
  /** The server of both databases. */
  readonly postgres: TestPostgres;
  /** The tenant's database, for what its own processes would write. */
  readonly database: Kysely<TenantDatabase>;
  /** A token of somebody with this role in the tenant, whom the gateway knows by then. */
  token(role: Role): Promise<string>;
}

const root = fileURLToPath(new URL('../../../', import.meta.url));
const tenantId = 'ten_streams';

export interface StackOptions {
  /** Added to the environment of both processes. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A demo's devices may be on this machine. */
  readonly demo?: boolean;
  /** The database keeps what it committed when it is killed. */
  readonly durable?: boolean;
}

/** Starts everything; it serves when this returns. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { environment = {}, demo = false, durable = false } = options;
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'dotmac-streams-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const file = async (name: string, text: string) => {
    const path = join(folder, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };
  const postgres = stack.use(await startTestPostgres({ durable }));
  const [platformUrl, tenantUrl] = [await postgres.createDatabase(), await postgres.createDatabase()];
  await installJobs(tenantUrl);
  await migrate({ connectionString: tenantUrl, kind: 'tenant' });
  const registry = new Client({ connectionString: platformUrl });
  // Who kills the database hears of it by what is asked next.
  registry.on('error', () => undefined);
  await registry.connect();
  stack.defer(() => registry.end());
  await registry.query(`create role dotmac_gateway login password 'gateway'`);
  await migrate({ connectionString: platformUrl, kind: 'platform' });

  const keys = {
    gateway: generateSigningKey('gateway'),
    platform: generateSigningKey('platform'),
    tenant: generateSigningKey('tenant'),
  };
  const [socket, compiled] = [join(folder, 'tenant.sock'), join(folder, 'compiled')];
  await registry.query(`insert into identity.verification_key values ('platform', $1, null, null, now())`, [
    keys.platform.publicPem,
  ]);
  await registry.query(
    `insert into routing.route values ($1, 'streams', 'Streams ISP', '{}', 'ACTIVE', $2, 1, now())`,
    [tenantId, `unix:${socket}`],
  );
  const privatePem = (key: { readonly key: { readonly privateKey: KeyObject } }) =>
    key.key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  await file('database', tenantUrl);
  await file('sealing-key', Buffer.alloc(32).toString('base64'));
  await file('signing-key', JSON.stringify({ id: 'tenant', privatePem: privatePem(keys.tenant) }));

  const [authPort = 0, acctPort = 0] = await lastingPorts(2);
  const tenant = new KillableProcess(
    join(root, 'cli/src/processes/tenant-runtime.ts'),
    {
      NODE_COMPILE_CACHE: compiled,
      ...environment,
      DOTMAC_LISTEN: `unix:${socket}`,
      DOTMAC_SECRETS: folder,
      DOTMAC_STATE: folder,
      DOTMAC_TENANT_SETTINGS: JSON.stringify({
        id: tenantId,
        slug: 'streams',
        name: 'Streams ISP',
        timeZone: 'America/Toronto',
        currency: 'USD',
        demo,
      }),
      DOTMAC_GATEWAY_KEYS: JSON.stringify({ gateway: keys.gateway.publicPem }),
      DOTMAC_PORT_RADIUS_AUTH: `udp:127.0.0.1:${authPort}`,
      DOTMAC_PORT_RADIUS_ACCOUNTING: `udp:127.0.0.1:${acctPort}`,
    },
    () => answers(socket),
    // As hosting does: one that was killed leaves it behind.
    () => rm(socket, { force: true }),
  );
  const port = await freePort();
  const gatewayUrl = new URL(platformUrl);
  gatewayUrl.username = 'dotmac_gateway';
  gatewayUrl.password = '';
  const gateway = new KillableProcess(
    join(root, 'gateway/src/main.ts'),
    {
      NODE_COMPILE_CACHE: compiled,
      ...environment,
      DOTMAC_PORT: String(port),
      DOTMAC_PLATFORM_DATABASE_URL: gatewayUrl.href,
      DOTMAC_PLATFORM_DATABASE_PASSWORD_FILE: await file('password', 'gateway\n'),
      DOTMAC_SUPERGRAPH_FILE: join(root, 'schema/sdl/supergraph.graphql'),
      DOTMAC_GATEWAY_KEY_FILE: await file('gateway.pem', privatePem(keys.gateway)),
      DOTMAC_GATEWAY_KEY_ID: 'gateway',
      DOTMAC_CONTROL_PLANE_ORIGIN: `unix:${join(folder, 'nobody.sock')}`,
    },
    ({ stdout }) => once(stdout as NodeJS.EventEmitter, 'data'),
  );
  for (const one of [tenant, gateway]) stack.defer(() => one.kill());
  const startAll = () => Promise.all([tenant.start(), gateway.start()]);
  // Ended in order once, they leave their code compiled, as an installation has it.
  await startAll();
  await Promise.all([tenant.end(), gateway.end()]);
  await startAll();

  const database = openDatabase<TenantDatabase>({
    connectionString: tenantUrl,
    applicationName: 'streams test',
    max: 8,
    onConnectionError: () => undefined,
  });
  stack.defer(() => database.destroy());
  const built = stack.move();
  const url = `http://127.0.0.1:${port}/graphql`;
  return {
    tenant,
    gateway,
    url,
    radius: { authPort, acctPort },
    postgres,
    database,
    async token(role) {
      const id = `usr_${role.toLowerCase()}`;
      await registry.query(
        `insert into identity.account values ($1, $2, $1, 'x', null, now()) on conflict do nothing`,
        [id, `${id}@example.org`],
      );
      await registry.query(`insert into identity.membership values ($1, $2, $3, null, $4, null, now())`, [
        `mem_${crypto.randomUUID()}`,
        id,
        tenantId,
        role,
      ]);
      const token = await signToken(
        { ...anonymous, kind: 'user', id, name: id, tenantId, roles: [role] },
        {
          key: keys.platform.key,
          audience: 'gateway',
          issuer: 'dotmac',
          lifetimeSeconds: 24 * 3600,
          clock: systemClock,
        },
      );
      // The gateway is told of the membership a moment after it is there.
      const { ask } = graphOf(url, token);
      await eventually(
        () => ask('{ __typename }', {}).catch((error: Error) => error),
        (answer) => !(answer instanceof Error),
      );
      return token;
    },
    [Symbol.asyncDispose]: () => built.disposeAsync(),
  };
}

/** Resolves when something answers at a Unix socket that it is ready. */
async function answers(socketPath: string): Promise<void> {
  for (;;) {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const asking = request({ socketPath, path: '/health/ready' }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asking.on('error', () => resolve(false)).end();
    if (await promise) return;
    await new Promise((again) => setTimeout(again, 20));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
