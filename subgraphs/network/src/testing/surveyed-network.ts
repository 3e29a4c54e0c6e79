import { DriverRegistry, systemClock } from '@dotmac/device';
import { startTestRuntime, type TestRuntime } from '@dotmac/harness';
import {
  bridgeForwarding,
  lldpLocal,
  lldpRemotes,
  onts,
  type RunningSnmpAgent,
  registrations,
  resolvedAddresses,
  type SnmpDeviceDescription,
  startSnmpAgents,
} from '@dotmac/lab/snmp';
import type { TenantDatabase } from '@dotmac/migrations';
import * as radius from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { SnmpEngine, snmpDriver } from '@dotmac/snmp';
import { sql } from 'kysely';
import { network } from '../index.ts';

const chassis = (number: number) => `02:00:5e:00:0${number}:00`;
const port = (device: number, number: number) => `02:00:5e:00:0${device}:0${number}`;
/** The MAC address of a customer's equipment. */
export const customer = (number: number) => `02:cc:00:00:00:${number.toString(16).padStart(2, '0')}`;

/** A device whose ports are eth1 to eth4 with MAC addresses of their own. */
function described(number: number, name: string, objects: object): SnmpDeviceDescription {
  return {
    id: name,
    sysDescr: 'Lab',
    sysObjectId: '1.3.6.1.4.1.32473.1.24',
    sysName: name,
    interfaces: [1, 2, 3, 4].map((i) => ({
      name: `eth${i}`,
      speedBitsPerSecond: 1e9,
      mac: port(number, i),
      inBitsPerSecond: 1e6,
    })),
    objects: { ...lldpLocal(chassis(number), name), ...objects } as never,
  };
}

// core eth1 - eth1 switch, switch eth2 - eth1 ap, switch eth3 - eth1 olt (which speaks no LLDP itself).
const sees = (ifIndex: number, number: number, remote: string, systemName: string) => ({
  ifIndex,
  chassis: chassis(number),
  port: remote,
  systemName,
});
const core = described(1, 'core', {
  ...lldpRemotes([sees(1, 2, 'eth1', 'switch')]),
  ...bridgeForwarding(
    4,
    [1, 2, 3, 4].map((i) => ({ mac: customer(i), ifIndex: 1 })),
  ),
  ...resolvedAddresses('physical', [
    { address: '100.64.9.5', mac: customer(6), ifIndex: 1 },
    { address: '100.64.9.6', mac: customer(7), ifIndex: 3 },
  ]),
});
const accessSwitch = described(2, 'switch', {
  ...lldpRemotes([sees(1, 1, port(1, 1), 'core'), sees(2, 3, 'eth1', 'ap'), sees(3, 4, 'eth1', 'olt')]),
  ...bridgeForwarding(4, [
    { mac: customer(1), ifIndex: 2, vlan: 100 },
    { mac: customer(2), ifIndex: 4, vlan: 100 },
    { mac: customer(3), ifIndex: 3, vlan: 100 },
    { mac: customer(4), ifIndex: 3, vlan: 100 },
    { mac: customer(6), ifIndex: 4, vlan: 100 },
  ]),
});
const ap = described(3, 'ap', {
  ...lldpRemotes([sees(1, 2, 'eth2', 'switch')]),
  ...registrations([
    { mac: customer(1), ifIndex: 4, signalDbm: -84, snrDb: 30, name: 'ada' },
    { mac: customer(9), ifIndex: 4, signalDbm: -60 },
  ]),
});
const olt = described(4, 'olt', {
  ...onts([{ serial: 'HWTC0A1B2C3D', ifIndex: 2, ont: 7, rxPowerDbm: -28.5, distanceMeters: 1_840 }]),
});

interface PlaceAnswer {
  readonly servedAt: {
    device: { name: string } | null;
    interface: { name: string } | null;
    portName: string | null;
    via: string;
    source: string;
    observedAt: string;
    alternatives: { name: string }[];
  } | null;
  readonly servedBy: { name: string }[];
}

/** An ISP whose devices are read over real sockets: core, switch, ap and olt. */
export interface SurveyedNetwork extends AsyncDisposable {
  readonly tenant: TestRuntime<TenantDatabase, TenantEvents>;
  /** The id of a device by its name. */
  idOf(name: string): string;
  agentOf(name: string): RunningSnmpAgent;
  /** What is selected of the service `svc_<name>`. */
  service<T>(name: string, selection: string): Promise<T>;
  /** Where a subscriber is served. */
  place(name: string): Promise<PlaceAnswer>;
}

/**
 * The core has the only NAS. Four subscribers log in there: `ada` (by radio at the ap), `bob` (behind the switch), `cyd`
 * (behind the olt) and `dan` (whose circuit id names the olt).
 */
export async function startSurveyedNetwork(): Promise<SurveyedNetwork> {
  await using stack = new AsyncDisposableStack();
  const engine = new SnmpEngine({ clock: systemClock });
  stack.defer(() => engine.close());
  const devices = [core, accessSwitch, ap, olt];
  const lab = await startSnmpAgents(devices, { clock: systemClock });
  stack.defer(() => lab.close());
  const tenant = stack.use(
    await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => [
      network(services, {
        drivers: new DriverRegistry([snmpDriver(engine)]),
        radius,
        pollIntervalSeconds: 2,
        surveyIntervalSeconds: 0.5,
      }),
    ]),
  );
  const ids = new Map<string, string>();
  const agents = new Map<string, RunningSnmpAgent>();
  for (const [i, { sysName: name }] of devices.entries()) {
    const agent = lab.agents[i];
    if (agent === undefined) throw new Error(`The lab has no agent for ${name}`);
    const data = await tenant.data<{ registerDevice: { id: string } }>(
      'network',
      `mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { ... on Device { id } ... on Failure { message } } }`,
      { input: { name, snmp: { host: '127.0.0.1', port: agent.port, community: 'public' } } },
    );
    ids.set(name, data.registerDevice.id);
    agents.set(name, agent);
  }
  const find = <T>(map: ReadonlyMap<string, T>, name: string): T => {
    const found = map.get(name);
    if (found === undefined) throw new Error(`There is no device ${name}`);
    return found;
  };
  const coreId = find(ids, 'core');
  await subscribe(tenant, coreId, 'ada', 1);
  await subscribe(tenant, coreId, 'bob', 2);
  await subscribe(tenant, coreId, 'cyd', 3);
  await subscribe(tenant, coreId, 'dan', 5, 'olt eth 0/1/3:100');
  const service = async <T>(name: string, selection: string): Promise<T> => {
    const data = await tenant.data<{ _entities: T[] }>(
      'network',
      `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Service { ${selection} } } }`,
      { r: [{ __typename: 'Service', id: `svc_${name}` }] },
    );
    return data._entities[0] as T;
  };
  const built = stack.move();
  return {
    tenant,
    idOf: (name) => find(ids, name),
    agentOf: (name) => find(agents, name),
    service,
    place: (name) =>
      service(
        name,
        'servedAt { device { name } interface { name } portName via source observedAt alternatives { name } } servedBy { name }',
      ),
    [Symbol.asyncDispose]: () => built.disposeAsync(),
  };
}

/** An open service whose newest session began at the core, from a MAC address. */
async function subscribe(
  { services: { database } }: TestRuntime<TenantDatabase, TenantEvents>,
  coreId: string,
  name: string,
  number: number,
  circuit: string | null = null,
): Promise<void> {
  await sql`
    insert into network.nas (id, name, device_id, source_address, secret, vendor_profile, coa_port, created_at)
    values ('nas_core', 'core', ${coreId}, '192.0.2.1', '\\x00'::bytea, 'mikrotik', 3799, now()) on conflict do nothing`.execute(
    database,
  );
  await sql`
    insert into network.access (service_id, customer_id, plan_id, username, password, device_id, mode, created_at)
    values (${`svc_${name}`}, 'cus', 'pln', ${name}, '\\x00'::bytea, ${coreId}, 'OPEN', now())`.execute(
    database,
  );
  await sql`
    insert into network.session_line (service_id, nas_id, device_id, port, circuit_id, mac, at)
    values (${`svc_${name}`}, 'nas_core', ${coreId}, 'eth1', ${circuit}, ${customer(number)}, now())`.execute(
    database,
  );
}
