/**
 * The control plane: the subgraphs `tenants` and `partners` over `dotmac_platform`, and the reconciler that keeps
 * tenants running. When it is gone, tenants and gateways serve on; its successor adopts what runs.
 */
import { fileURLToPath } from 'node:url';
import { openProcessHosting, waitUntilReady } from '@dotmac/hosting';
import { migrate, type PlatformDatabase, schemaVersion } from '@dotmac/migrations';
import {
  createLogger,
  generateSigningKey,
  installJobs,
  newId,
  type Runtime,
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
import { openFileSecrets } from '../secrets/file-secrets.ts';
import { bootstrap } from './bootstrap.ts';
import { writeHandover } from './handover.ts';
import { onShutdown } from './shutdown.ts';
import { tenantWorkload } from './workload.ts';

const config = readConfig({
  DOTMAC_HOME: z.string().default('.dotmac'),
  DOTMAC_HOST: z.string().default('127.0.0.1'),
  /** Where the gateways reach it; 0 takes any free port. */
  DOTMAC_CONTROL_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  DOTMAC_RELEASE: z.string().default('dev'),
  /** Marks new tenants as demos, whose clock may be advanced. */
  DOTMAC_DEMO: z.stringbool().default(false),
});
const logger = createLogger({ part: 'control-plane' });
const secrets = openFileSecrets(config.DOTMAC_HOME);

const hosting = await openProcessHosting({
  home: config.DOTMAC_HOME,
  migrate: async (kind, connectionString) => {
    await installJobs(connectionString);
    await migrate({ connectionString, kind: kind as 'tenant' | 'platform' });
  },
  resolveSecret: (tenant, { name }) => secrets.read(tenant, name),
  // Nothing is destroyed yet: tombstones come with backups.
  findTombstone: async () => undefined,
  onProblem: (error) => logger.warn({ error }, 'hosting met a problem; it goes on'),
});

const known = await hosting.database.status('platform');
if (known !== undefined && !secrets.has('platform', 'identity-key')) {
  throw new Error(
    `${hosting.root} holds the databases of an installation whose secrets are no longer in ${config.DOTMAC_HOME}. ` +
      `Put that folder back, or remove ${hosting.root} to start anew.`,
  );
}
/** The pair kept under a name, made at the first start. */
async function keyPair(name: string): Promise<{ id: string; privatePem: string; publicPem: string }> {
  const text = await secrets.ensure('platform', name, async () => {
    const id = newId(name, systemClock);
    const { privatePem, publicPem } = generateSigningKey(id);
    return JSON.stringify({ id, privatePem, publicPem });
  });
  return JSON.parse(text);
}
const identity = await keyPair('identity-key');
const gateway = await keyPair('gateway-key');
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
const sealingKey = await secrets.ensure('platform', 'sealing-key', async () =>
  crypto.getRandomValues(Buffer.alloc(32)).toString('base64'),
);

// As root every tenant runs under a uid of its own, which may not be able to read this checkout.
const code = await hosting.code(fileURLToPath(new URL('../../../', import.meta.url)));
await hosting.resume();
const tenantSchema = await schemaVersion('tenant');
const connectionString = await hosting.database.connection('platform', 'application');
const runtime: Runtime<PlatformDatabase, PlatformEvents> = await startRuntime<
  PlatformDatabase,
  PlatformEvents
>({
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
            code,
          }),
      },
    }),
  ],
});
await bootstrap(runtime.services, secrets, identity);

writeHandover(config.DOTMAC_HOME, {
  pid: process.pid,
  origin: runtime.address,
  databaseUrl: connectionString,
  signingKey: { id: gateway.id, privatePem: gateway.privatePem },
});

onShutdown(logger, async () => {
  await runtime.stop();
  await hosting.shutDown();
});
