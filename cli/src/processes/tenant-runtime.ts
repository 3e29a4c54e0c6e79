/**
 * A tenant's runtime: its subgraphs, RADIUS server, poller and jobs over its own database. The control plane starts
 * one per tenant (`workload.ts`) and hands over settings in the environment and secrets as files.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DriverRegistry } from '@dotmac/device';
import type { TenantDatabase } from '@dotmac/migrations';
import {
  createLogger,
  type Runtime,
  readConfig,
  readSigningKey,
  readVerificationKeys,
  startRuntime,
  systemClock,
} from '@dotmac/platform';
import { CoaClient, createRadiusDriver, policyProtocol } from '@dotmac/radius';
import { SystemReach } from '@dotmac/reach';
import { routerosDriver } from '@dotmac/routeros';
import type { TenantEvents } from '@dotmac/schema';
import { ProfileShelf, SnmpEngine, snmpDriver, startTrapReceiver } from '@dotmac/snmp';
import { billing } from '@dotmac/subgraph-billing';
import { type NetworkModule, network, traced } from '@dotmac/subgraph-network';
import { subscribers } from '@dotmac/subgraph-subscribers';
import { z } from 'zod';
import { serve } from './serve.ts';
import { openRadius } from './tenant-radius.ts';

const json = <T extends z.ZodType>(schema: T) =>
  z
    .string()
    .transform((text) => JSON.parse(text))
    .pipe(schema);
/** `udp:host:port`, as the hosting driver writes it. */
const portOf = (protocol: 'udp' | 'tcp') =>
  z
    .string()
    .regex(new RegExp(`^${protocol}:.+:\\d+$`), `expected ${protocol}:host:port`)
    .transform((text) => ({
      host: text.slice(protocol.length + 1, text.lastIndexOf(':')),
      port: Number(text.slice(text.lastIndexOf(':') + 1)),
    }));

const config = readConfig({
  DOTMAC_LISTEN: z.string().startsWith('unix:', 'expected unix:/path'),
  DOTMAC_SECRETS: z.string(),
  DOTMAC_STATE: z.string(),
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
  DOTMAC_PORT_RADIUS_AUTH: portOf('udp'),
  DOTMAC_PORT_RADIUS_ACCOUNTING: portOf('udp'),
  DOTMAC_PORT_TRAPS: portOf('udp').optional(),
  DOTMAC_PORT_RADSEC: portOf('tcp').optional(),
});
const tenant = config.DOTMAC_TENANT_SETTINGS;
const logger = createLogger({ part: 'tenant', tenant: tenant.slug });

await serve(logger, async (stack) => {
  const secret = (name: string) => readFileSync(join(config.DOTMAC_SECRETS, name), 'utf8');
  const signing = JSON.parse(secret('signing-key')) as { id: string; privatePem: string };

  const snmp = new SnmpEngine({ clock: systemClock });
  const profiles = new ProfileShelf();
  stack.defer(() => snmp.close());
  const drivers = new DriverRegistry([
    traced(snmpDriver(snmp, profiles)),
    traced(routerosDriver),
    traced(createRadiusDriver(new CoaClient())),
  ]);
  /** A demo shows what happens within seconds. */
  const pollIntervalSeconds = tenant.demo ? 5 : 60;

  let networkModule: NetworkModule | undefined;
  const radius = new AsyncDisposableStack();
  let runtime: Runtime<TenantDatabase, TenantEvents> | undefined;
  // Accounting that was taken is written before its database is let go.
  stack.defer(async () => {
    await radius.disposeAsync();
    await runtime?.stop();
  });
  runtime = await startRuntime<TenantDatabase, TenantEvents>({
    connectionString: secret('database'),
    sealingKey: Buffer.from(secret('sealing-key'), 'base64'),
    gatewayKeys: readVerificationKeys(config.DOTMAC_GATEWAY_KEYS),
    tenant,
    listen: { path: config.DOTMAC_LISTEN.slice('unix:'.length) },
    logger,
    modules: (services) => {
      const module = network(services, {
        drivers,
        leaseFolder: join(config.DOTMAC_STATE, 'leases'),
        radius: policyProtocol,
        profiles,
        reach: new SystemReach({ clock: systemClock }),
        pollIntervalSeconds,
      });
      networkModule = module;
      const signingKey = readSigningKey(signing.id, signing.privatePem);
      return [
        subscribers(services, { signingKey }),
        billing(services),
        {
          ...module,
          // Subscribers log in while the rest of the runtime still begins.
          async first(signal) {
            await module.first?.(signal);
            const ports = {
              auth: config.DOTMAC_PORT_RADIUS_AUTH,
              accounting: config.DOTMAC_PORT_RADIUS_ACCOUNTING,
              radSec: config.DOTMAC_PORT_RADSEC,
            };
            radius.use(await openRadius(module, ports, { stateFolder: config.DOTMAC_STATE, logger }));
          },
        },
      ];
    },
  });
  if (networkModule === undefined) throw new Error('The runtime started without its modules');

  const { onTrap } = networkModule;
  if (config.DOTMAC_PORT_TRAPS !== undefined) {
    const traps = await startTrapReceiver({
      ...config.DOTMAC_PORT_TRAPS,
      clock: systemClock,
      // A trap has its device asked, no more: what it claims of itself need not be believed.
      communities: 'any',
      onNotification: ({ source, trapOid, version }) =>
        onTrap({ sourceAddress: source.address, trapOid, version }),
      onError: (error) => logger.warn({ error }, 'SNMP: a trap could not be taken'),
    });
    stack.defer(() => traps.close());
  }
});
