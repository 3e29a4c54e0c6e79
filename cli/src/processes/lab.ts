/** The simulated networks of the demo tenants, in one process; `dotmac lab` talks to it. */
import { createLabControl, type LabNetwork, startLabNetwork } from '@dotmac/lab';
import { readConfig } from '@dotmac/platform/config';
import { createLogger } from '@dotmac/platform/logger';
import { lastingPorts } from '@dotmac/platform/ports';
import { z } from 'zod';
import { readLabState, writeLabState } from '../demo/lab-state.ts';
import { serve } from './serve.ts';

const logger = createLogger({ part: 'lab' });

await serve(logger, async (stack) => {
  const { DOTMAC_HOME: home } = readConfig({ DOTMAC_HOME: z.string() });
  const state = readLabState(home);
  const choosePort = async () => (await lastingPorts(1))[0] ?? 0;
  const networks = new Map<string, LabNetwork>();
  for (const [tenant, { radius, routerosPassword, ports }] of Object.entries(state.networks)) {
    const network = await startLabNetwork({ radius, routerosPassword, ports, choosePort });
    stack.defer(() => network.close());
    networks.set(tenant, network);
  }
  const control = createLabControl(networks);
  await control.listen({ host: '127.0.0.1', port: state.controlPort || (await choosePort()) });
  stack.defer(() => control.close());
  const address = control.server.address();
  if (address === null || typeof address === 'string') throw new Error('The lab has no TCP address');
  writeLabState(home, {
    controlPort: address.port,
    networks: Object.fromEntries(
      Object.entries(state.networks).map(([tenant, kept]) => [
        tenant,
        { ...kept, ports: networks.get(tenant)?.ports ?? {} },
      ]),
    ),
  });
  logger.info({ port: address.port }, 'ready');
});
