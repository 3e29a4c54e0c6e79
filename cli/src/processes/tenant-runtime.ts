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
  isDatabaseOutage,
  readConfig,
  readSigningKey,
  readVerificationKeys,
  startRuntime,
  systemClock,
} from '@dotmac/platform';
import {
  AccountingSpool,
  CoaClient,
  createRadiusDriver,
  policyProtocol,
  startRadiusServer,
} from '@dotmac/radius';
import { SystemReach } from '@dotmac/reach';
import { routerosDriver } from '@dotmac/routeros';
import type { TenantEvents } from '@dotmac/schema';
import { ProfileShelf, SnmpEngine, snmpDriver, startTrapReceiver } from '@dotmac/snmp';
import { billing } from '@dotmac/subgraph-billing';
import { type NetworkModule, network, traced } from '@dotmac/subgraph-network';
import { subscribers } from '@dotmac/subgraph-subscribers';
import { z } from 'zod';
import { serve } from './serve.ts';

const json = <T extends z.ZodType>(schema: T) =>
  z
    .string()
    .transform((text) => JSON.parse(text))
    .pipe(schema);
/** `udp:host:port`, as the hosting driver writes it. */
const udpPort = z
  .string()
  .regex(/^udp:.+:\d+$/, 'expected udp:host:port')
  .transform((text) => ({
    host: text.slice('udp:'.length, text.lastIndexOf(':')),
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
  DOTMAC_PORT_RADIUS_AUTH: udpPort,
  DOTMAC_PORT_RADIUS_ACCOUNTING: udpPort,
  DOTMAC_PORT_TRAPS: udpPort.optional(),
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
  const runtime = await startRuntime<TenantDatabase, TenantEvents>({
    connectionString: secret('database'),
    sealingKey: Buffer.from(secret('sealing-key'), 'base64'),
    gatewayKeys: readVerificationKeys(config.DOTMAC_GATEWAY_KEYS),
    tenant,
    listen: { path: config.DOTMAC_LISTEN.slice('unix:'.length) },
    logger,
    modules: (services) => {
      networkModule = network(services, {
        drivers,
        leaseFolder: join(config.DOTMAC_STATE, 'leases'),
        radius: policyProtocol,
        profiles,
        reach: new SystemReach({ clock: systemClock }),
        pollIntervalSeconds,
      });
      const signingKey = readSigningKey(signing.id, signing.privatePem);
      return [subscribers(services, { signingKey }), billing(services), networkModule];
    },
  });
  stack.defer(() => runtime.stop());
  if (networkModule === undefined) throw new Error('The runtime started without its modules');

  const { policy, tap, accountingSink, nasWatch, onTrap } = networkModule;
  // Without the database, accounting is kept on disk and answered: a NAS forgets what nobody answers.
  const accounting = await AccountingSpool.open({
    sink: accountingSink,
    folder: join(config.DOTMAC_STATE, 'accounting'),
    findNas: (id, sourceAddress) => {
      const nas = policy.findNas(sourceAddress);
      return nas?.id === id ? nas : null;
    },
    isOutage: isDatabaseOutage,
    onStateChange: (state) => logger.warn({ state }, 'RADIUS: where accounting goes has changed'),
    onLost: (record, reason) =>
      logger.error({ nas: record?.nasId, reason }, 'RADIUS: an accounting record could not be handed over'),
  });
  stack.defer(() => accounting.close());
  const radius = await startRadiusServer({
    policy,
    tap,
    accounting,
    onMessageAuthenticatorSeen: networkModule.onMessageAuthenticatorSeen,
    host: config.DOTMAC_PORT_RADIUS_AUTH.host,
    authPort: config.DOTMAC_PORT_RADIUS_AUTH.port,
    acctPort: config.DOTMAC_PORT_RADIUS_ACCOUNTING.port,
    onAnomaly: (anomaly) => {
      nasWatch.anomaly(anomaly);
      logger.warn({ anomaly }, 'RADIUS: something is wrong with a NAS');
    },
    onError: (error) => logger.error({ error }, 'RADIUS: a socket failed'),
  });

  stack.defer(() => radius.close());

  networkModule.eap.server = radius;
  nasWatch.server = {
    counters: radius.counters,
    ports: [radius.authPort, radius.acctPort].filter((port) => port !== null),
  };

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
