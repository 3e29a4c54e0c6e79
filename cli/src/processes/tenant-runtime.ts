/**
 * A tenant's runtime: its subgraphs, RADIUS server, poller and jobs over its own database. The control plane starts
 * one per tenant (`workload.ts`) and hands over settings in the environment and secrets as files.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TenantDatabase } from '@dotmac/migrations';
import {
  createLogger,
  readConfig,
  readSigningKey,
  readVerificationKeys,
  startRuntime,
} from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import { subscribers } from '@dotmac/subgraph-subscribers';
import { z } from 'zod';
import { onShutdown } from './shutdown.ts';

const json = <T extends z.ZodType>(schema: T) =>
  z
    .string()
    .transform((text) => JSON.parse(text))
    .pipe(schema);

const config = readConfig({
  DOTMAC_LISTEN: z.string().startsWith('unix:', 'expected unix:/path'),
  DOTMAC_SECRETS: z.string(),
  DOTMAC_TENANT_SETTINGS: json(
    z.object({
      id: z.string(),
      slug: z.string(),
      name: z.string(),
      timeZone: z.string(),
      currency: z.string(),
      demo: z.boolean(),
    }),
  ),
  DOTMAC_GATEWAY_KEYS: json(z.record(z.string(), z.string())),
});
const tenant = config.DOTMAC_TENANT_SETTINGS;
const secret = (name: string) => readFileSync(join(config.DOTMAC_SECRETS, name), 'utf8');
const signing = JSON.parse(secret('signing-key')) as { id: string; privatePem: string };
const logger = createLogger({ part: 'tenant', tenant: tenant.slug });

const runtime = await startRuntime<TenantDatabase, TenantEvents>({
  connectionString: secret('database'),
  sealingKey: Buffer.from(secret('sealing-key'), 'base64'),
  gatewayKeys: readVerificationKeys(config.DOTMAC_GATEWAY_KEYS),
  tenant,
  listen: { path: config.DOTMAC_LISTEN.slice('unix:'.length) },
  logger,
  modules: (services) => [
    subscribers(services, { signingKey: readSigningKey(signing.id, signing.privatePem) }),
  ],
});
onShutdown(logger, () => runtime.stop());
