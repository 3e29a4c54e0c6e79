/** The simulated networks of the demo tenants, in one process; `dotmac lab` talks to it. */
import { createLabControl, type LabNetwork, startLabNetwork } from '@dotmac/lab';
import { createLogger, readConfig } from '@dotmac/platform';
import { z } from 'zod';
import { readLabState, writeLabState } from '../demo/lab-state.ts';
import { onShutdown } from './shutdown.ts';

const config = readConfig({ DOTMAC_HOME: z.string() });
const logger = createLogger({ part: 'lab' });
const state = readLabState(config.DOTMAC_HOME);
const networks = new Map<string, LabNetwork>();
for (const [tenant, { radius, routerosPassword, ports }] of Object.entries(state.networks)) {
  networks.set(tenant, await startLabNetwork({ radius, routerosPassword, ports }));
}
const control = createLabControl(networks);
await control.listen({ host: '127.0.0.1', port: state.controlPort });
const address = control.server.address();
if (address === null || typeof address === 'string') throw new Error('The lab has no TCP address');
writeLabState(config.DOTMAC_HOME, {
  controlPort: address.port,
  networks: Object.fromEntries(
    Object.entries(state.networks).map(([tenant, kept]) => [
      tenant,
      { ...kept, ports: networks.get(tenant)?.ports ?? {} },
    ]),
  ),
});
logger.info({ port: address.port }, 'ready');

onShutdown(logger, async () => {
  await control.close();
  await Promise.all([...networks.values()].map((network) => network.close()));
});
