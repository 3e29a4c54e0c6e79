import { DriverRegistry, systemClock } from '@dotmac/device';
import { startTestRuntime, type TestRuntime } from '@dotmac/harness';
import { startSnmpAgents, towerRouter } from '@dotmac/lab/snmp';
import type { TenantDatabase } from '@dotmac/migrations';
import * as radius from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { SnmpEngine, snmpDriver } from '@dotmac/snmp';
import { network } from '../index.ts';

export interface PolledTower extends AsyncDisposable {
  readonly tenant: TestRuntime<TenantDatabase, TenantEvents>;
  /** Of the device `tower`, whose first reading is there. */
  readonly deviceId: string;
}

/** A tenant with one router that is polled five times a second over SNMP. */
export async function startPolledTower(): Promise<PolledTower> {
  const stack = new AsyncDisposableStack();
  try {
    const lab = stack.adopt(await startSnmpAgents([towerRouter], { clock: systemClock }), (one) =>
      one.close(),
    );
    const engine = stack.adopt(new SnmpEngine({ clock: systemClock }), (one) => one.close());
    const tenant = stack.use(
      await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => [
        network(services, {
          drivers: new DriverRegistry([snmpDriver(engine)]),
          radius,
          pollIntervalSeconds: 0.2,
        }),
      ]),
    );
    const snmp = { host: '127.0.0.1', port: lab.agents[0]?.port, community: 'public' };
    const { registerDevice } = await tenant.data<{ registerDevice: { id: string } }>(
      'network',
      'mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { ... on Device { id } } }',
      { input: { name: 'tower', snmp } },
    );
    const deviceId = registerDevice.id;
    await tenant.eventually(
      () =>
        tenant.data<{ device: { processorPercent: number | null } }>(
          'network',
          'query ($id: ID!) { device(id: $id) { processorPercent } }',
          { id: deviceId },
        ),
      ({ device }) => device.processorPercent !== null,
    );
    const owned = stack.move();
    return { tenant, deviceId, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
