import { expectResult, type GraphClient } from '../graph-client.ts';
import type { LabNetworkState } from './lab-state.ts';

export interface DemoDevice {
  readonly id: string;
  readonly host: string;
  readonly port: number;
}

const loopback = '127.0.0.1';

/** The simulated site as the tenant knows it: an address pool, four devices, and the access router as NAS. */
export async function seedNetwork(owner: GraphClient, network: LabNetworkState): Promise<DemoDevice[]> {
  const known = await devicesByName(owner);
  const devices: DemoDevice[] = [];
  for (const [name, port] of Object.entries(network.ports.snmp ?? {})) {
    const id = known.get(name) ?? (await registerDevice(owner, name, port, network));
    devices.push({ id, host: loopback, port });
  }
  if (known.size > 0) return devices;
  await createPool(owner);
  const router = devices.find(
    (_device, index) => Object.keys(network.ports.snmp ?? {})[index] === accessRouter,
  );
  await registerNas(owner, network, router?.id ?? null);
  return devices;
}

/** The one device of the lab that is access router, RouterOS API and NAS in one. */
const accessRouter = 'tower-router';

async function devicesByName(owner: GraphClient): Promise<Map<string, string>> {
  const data = await owner.ask<{ devices: { edges: { node: { id: string; name: string } }[] } }>(
    '{ devices(first: 100) { edges { node { id name } } } }',
  );
  return new Map(data.devices.edges.map(({ node }) => [node.name, node.id]));
}

async function registerDevice(
  owner: GraphClient,
  name: string,
  port: number,
  network: LabNetworkState,
): Promise<string> {
  const routeros =
    name === accessRouter
      ? {
          routeros: {
            host: loopback,
            port: network.ports.routeros,
            username: 'dotmac',
            password: network.routerosPassword,
          },
        }
      : {};
  const data = await owner.ask<{ registerDevice: { __typename: string; id: string } }>(
    'mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { __typename ... on Device { id } ... on Failure { code message } } }',
    { input: { name, snmp: { host: loopback, port, community: 'public' }, ...routeros } },
  );
  return expectResult(data.registerDevice, 'Device').id;
}

async function createPool(owner: GraphClient): Promise<void> {
  const data = await owner.ask<{ createAddressPool: { __typename: string } }>(
    'mutation ($input: CreateAddressPoolInput!) { createAddressPool(input: $input) { __typename ... on Failure { code message } } }',
    { input: { name: 'subscribers', cidr: '100.64.0.0/22' } },
  );
  expectResult(data.createAddressPool, 'AddressPool');
}

async function registerNas(
  owner: GraphClient,
  network: LabNetworkState,
  deviceId: string | null,
): Promise<void> {
  const data = await owner.ask<{ registerNas: { __typename: string } }>(
    'mutation ($input: RegisterNasInput!) { registerNas(input: $input) { __typename ... on Failure { code message } } }',
    {
      input: {
        name: 'tower-1',
        sourceAddress: loopback,
        secret: network.radius.secret,
        profile: 'mikrotik',
        deviceId,
        coaHost: loopback,
        coaPort: network.ports.coa,
        interimIntervalSeconds: 60,
      },
    },
  );
  expectResult(data.registerNas, 'Nas');
}
