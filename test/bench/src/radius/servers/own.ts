import { DriverRegistry } from '@dotmac/device';
import type { TenantDatabase } from '@dotmac/migrations';
import { createLogger, generateSigningKey, startRuntime } from '@dotmac/platform';
import { policyProtocol, startRadiusServer } from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { type NetworkModule, network } from '@dotmac/subgraph-network';

/** DotMac as it serves a tenant's NASes: event log, jobs, the login policy and the accounting sink of the network subgraph. */
if (import.meta.main) {
  const { connectionString, sealingKey } = JSON.parse(process.argv[2] ?? '{}') as {
    connectionString: string;
    sealingKey: string;
  };
  const { key } = generateSigningKey('bench');
  let networkModule: NetworkModule | undefined;
  const logger = createLogger({ part: 'bench', level: 'warn' });
  await startRuntime<TenantDatabase, TenantEvents>({
    connectionString,
    sealingKey: Buffer.from(sealingKey, 'hex'),
    gatewayKeys: new Map([[key.id, key.privateKey]]),
    tenant: { id: 'ten_bench', slug: 'bench', name: 'Bench', timeZone: 'UTC', currency: 'USD', demo: false },
    listen: { host: '127.0.0.1', port: 0 },
    logger,
    modules: (services) => {
      networkModule = network(services, {
        drivers: new DriverRegistry([]),
        radius: policyProtocol,
      });
      return [networkModule];
    },
  });
  if (networkModule === undefined) throw new Error('The runtime asked for no modules');
  const server = await startRadiusServer({
    policy: networkModule.policy,
    accounting: networkModule.accountingSink,
    onMessageAuthenticatorSeen: networkModule.onMessageAuthenticatorSeen,
    host: '127.0.0.1',
    authPort: 0,
    acctPort: 0,
    // A refusal is timed by `subscribers.ts`.
    rejectDelayMs: 0,
    onAnomaly: (anomaly) => logger.warn({ anomaly }, 'anomaly'),
    onError: (error) => logger.error({ error }, 'socket'),
  });
  process.on('disconnect', () => process.exit());
  process.send?.({ authPort: server.authPort, acctPort: server.acctPort });
}
