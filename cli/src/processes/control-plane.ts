/**
 * The control plane: the subgraphs `tenants` and `partners` over `dotmac_platform`, and the reconciler that keeps
 * tenants running. When it is gone, tenants and gateways serve on; its successor adopts what runs.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openProcessHosting, type ProcessHosting, waitUntilReady } from '@dotmac/hosting';
import { migrate, type PlatformDatabase, schemaVersion } from '@dotmac/migrations';
import {
  createLogger,
  generateSigningKey,
  installJobs,
  newId,
  readConfig,
  readSigningKey,
  readVerificationKeys,
  startRuntime,
  systemClock,
} from '@dotmac/platform';
import type { PlatformEvents } from '@dotmac/schema';
import { partners } from '@dotmac/subgraph-partners';
import { tenants } from '@dotmac/subgraph-tenants';
import { z } from 'zod';
import type { Programs } from '../programs/programs.ts';
import { openPlatformBooks } from '../relay/platform-books.ts';
import { startPlatformBusiness } from '../relay/platform-business.ts';
import { type FileSecrets, openFileSecrets } from '../secrets/file-secrets.ts';
import { bootstrap } from './bootstrap.ts';
import { writeHandover } from './handover.ts';
import { serve } from './serve.ts';
import { compileTenantCode, tenantWorkload } from './workload.ts';

const settings = {
  DOTMAC_HOME: z.string().default('.dotmac'),
  DOTMAC_HOST: z.string().default('127.0.0.1'),
  /** Where the gateways reach it; 0 takes any free port. */
  DOTMAC_CONTROL_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  /** The relays between the control plane and tenant zero go through the gateway; without it they do not run. */
  DOTMAC_GATEWAY_URL: z.url().optional(),
  DOTMAC_RELEASE: z.string().default('dev'),
  /** A server of the operator with a database per tenant; without it every tenant has an embedded server. */
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  /** What tenants run: a Node and the folder of the programs. */
  DOTMAC_NODE: z.string(),
  DOTMAC_PROGRAMS: z.string(),
  /** Marks new tenants as demos, whose clock may be advanced. */
  DOTMAC_DEMO: z.stringbool().default(false),
};
const logger = createLogger({ part: 'control-plane' });
/** A tenant that takes longer than this to come back does not hold up the others. */
const resumeMilliseconds = 15_000;

await serve(logger, async (stack, stopping) => {
  const config = readConfig(settings);
  const secrets = openFileSecrets(config.DOTMAC_HOME);
  const tenantSchema = await schemaVersion('tenant');
  const databases = config.DATABASE_URL === undefined ? 'embedded' : 'DATABASE_URL';
  const chosen = await secrets.ensure('platform', 'databases', async () => databases);
  if (chosen !== databases) {
    throw new Error(
      `The databases of this installation are ${placeOf(chosen)}, and now they would be ${placeOf(databases)}. ` +
        `Start it as before, or choose another state folder with DOTMAC_HOME.`,
    );
  }
  const programs: Programs = { node: config.DOTMAC_NODE, folder: config.DOTMAC_PROGRAMS };
  const codeCacheSeed = join(programs.folder, 'compiled');
  const hosting = await openProcessHosting({
    home: config.DOTMAC_HOME,
    migrate: async (kind, connectionString) => {
      await installJobs(connectionString);
      await migrate({ connectionString, kind: kind as 'tenant' | 'platform' });
    },
    databaseUrl: config.DATABASE_URL,
    resolveSecret: (tenant, { name }) => secrets.read(tenant, name),
    codeCacheSeed,
    // Nothing is destroyed yet: tombstones come with backups.
    findTombstone: async () => undefined,
    onProblem: (error) => logger.warn({ error }, 'hosting met a problem; it goes on'),
  });
  stack.defer(() => hosting.shutDown());

  const known = await hosting.database.status('platform');
  if (known !== undefined && !secrets.has('platform', 'identity-key')) {
    throw new Error(
      `${hosting.root} holds the databases of an installation whose secrets are no longer in ${config.DOTMAC_HOME}. ` +
        `Put that folder back, or remove ${hosting.root} to start anew.`,
    );
  }
  // Tenants begin to start while the rest of this does.
  await hosting.resume();
  const identity = await keyPair(secrets, 'identity-key');
  const gateway = await keyPair(secrets, 'gateway-key');
  const gatewayKeys = { [gateway.id]: gateway.publicPem };

  const platformSchema = await schemaVersion('platform');
  const fence = { epoch: known?.epoch ?? 1 };
  await hosting.database.ensure(
    {
      tenant: 'platform',
      kind: 'platform',
      database: 'dotmac_platform',
      release: config.DOTMAC_RELEASE,
      schemaVersion: platformSchema,
      sizeClass: 'S',
    },
    fence,
  );
  if (known !== undefined) await hosting.database.migrate('platform', platformSchema, fence);
  stopping.throwIfAborted();
  const sealingKey = await secrets.ensure('platform', 'sealing-key', async () =>
    crypto.getRandomValues(Buffer.alloc(32)).toString('base64'),
  );

  const connectionString = await hosting.database.connection('platform', 'application');
  stopping.throwIfAborted();
  const runtime = await startRuntime<PlatformDatabase, PlatformEvents>({
    connectionString,
    sealingKey: Buffer.from(sealingKey, 'base64'),
    gatewayKeys: readVerificationKeys(gatewayKeys),
    tenant: null,
    listen: { host: config.DOTMAC_HOST, port: config.DOTMAC_CONTROL_PORT },
    logger,
    modules: (services) => [
      partners(services),
      tenants(services, {
        identityKey: readSigningKey(identity.id, identity.privatePem),
        books:
          config.DOTMAC_GATEWAY_URL === undefined
            ? undefined
            : openPlatformBooks(
                services.database,
                readSigningKey(identity.id, identity.privatePem),
                config.DOTMAC_GATEWAY_URL,
                logger,
              ),
        provisioning: {
          runtime: hosting.runtime,
          database: hosting.database,
          waitUntilReady: (workload, deadline) => waitUntilReady(hosting.runtime, workload, deadline),
          secrets,
          schemaVersion: tenantSchema,
          release: config.DOTMAC_RELEASE,
          demo: config.DOTMAC_DEMO,
          workload: (tenant) =>
            tenantWorkload(tenant, {
              release: config.DOTMAC_RELEASE,
              gatewayKeys,
              host: config.DOTMAC_HOST,
              programs,
            }),
        },
      }),
    ],
  });
  stack.defer(() => runtime.stop());
  await bootstrap(runtime.services, secrets, identity);
  if (config.DOTMAC_GATEWAY_URL !== undefined) {
    const relays = new AbortController();
    stack.defer(() => relays.abort());
    await startPlatformBusiness({
      services: runtime.services,
      identityKey: readSigningKey(identity.id, identity.privatePem),
      url: config.DOTMAC_GATEWAY_URL,
      logger,
      signal: relays.signal,
    });
  }
  await tenantsServe(hosting, stopping);
  writeHandover(config.DOTMAC_HOME, {
    pid: process.pid,
    origin: runtime.address,
    databaseUrl: await hosting.database.connection('platform', 'gateway'),
    signingKey: { id: gateway.id, privatePem: gateway.privatePem },
  });
  if (existsSync(codeCacheSeed)) return;
  const compiling = compileTenantCode(programs, codeCacheSeed);
  compiling.on('error', (error) => logger.warn({ error }, 'the code of tenants was not compiled ahead'));
  stack.defer(() => void compiling.kill());
});

function placeOf(databases: string): string {
  return databases === 'embedded' ? 'embedded (no DATABASE_URL)' : 'on the server of DATABASE_URL';
}

/** The pair kept under a name, made at the first start. */
async function keyPair(
  secrets: FileSecrets,
  name: string,
): Promise<{ id: string; privatePem: string; publicPem: string }> {
  const text = await secrets.ensure('platform', name, async () => {
    const id = newId(name, systemClock);
    const { privatePem, publicPem } = generateSigningKey(id);
    return JSON.stringify({ id, privatePem, publicPem });
  });
  return JSON.parse(text);
}

/** Waits until every tenant that should run does, or has had its time. */
async function tenantsServe(hosting: ProcessHosting, stopping: AbortSignal): Promise<void> {
  const waits: Promise<unknown>[] = [];
  for await (const seen of hosting.runtime.list()) {
    if (seen.state === 'READY' || seen.state === 'STOPPED') continue;
    const late = (error: unknown) =>
      logger.warn({ error, tenant: seen.tenant }, 'a tenant does not serve yet');
    waits.push(waitUntilReady(hosting.runtime, seen, resumeMilliseconds).catch(late));
  }
  const stopped = new Promise((resolve) => stopping.addEventListener('abort', resolve, { once: true }));
  await Promise.race([Promise.all(waits), stopped]);
}
