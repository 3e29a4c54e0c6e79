import type { PortName } from '@dotmac/device';
import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { judgeCustomers } from '../alarm/customers.ts';
import type { NetworkServices } from '../builder.ts';
import { keyOfLink } from '../customer-link/rules.ts';
import { replaceCustomerLinks, servicesOfEquipment, writeSamples } from '../customer-link/store.ts';
import { lockedDevice, updateDevice } from '../device/store.ts';
import { interfacesOfDevices } from '../interface/store.ts';
import { replaceNeighbors } from '../link/store.ts';
import { replaceResolved } from '../resolved-address/store.ts';
import type { SurveyReading } from './read.ts';
import { replaceForwarding } from './store.ts';

/** Writes what a survey found in one transaction. @returns whether there was anything to write. */
export async function recordSurvey(
  services: NetworkServices,
  deviceId: string,
  reading: SurveyReading,
): Promise<boolean> {
  return services.database.transaction().execute(async (transaction) => {
    const device = await lockedDevice(transaction, deviceId);
    if (device === null) return false;
    const at = new Date(reading.observedAt);
    const { localSystem, neighbors, forwarding, addresses } = reading;
    const portOf = await portFinder(transaction, deviceId);
    if (
      localSystem !== null &&
      (device.chassis !== (localSystem.chassis?.value ?? null) ||
        device.systemName !== localSystem.systemName)
    )
      await updateDevice(transaction, deviceId, {
        chassis: localSystem.chassis?.value ?? null,
        systemName: localSystem.systemName,
      });
    if (neighbors !== null) {
      const rows = neighbors.values.map(({ protocol, localPort, chassis, port, ...rest }) => ({
        deviceId,
        key: JSON.stringify([
          protocol,
          localPort?.name ?? null,
          chassis?.value ?? rest.systemName,
          port?.value ?? null,
        ]),
        protocol,
        ...portOf(localPort),
        chassisKind: chassis?.kind ?? null,
        chassis: chassis?.value ?? null,
        remotePortKind: port?.kind ?? null,
        remotePort: port?.value ?? null,
        remotePortDescription: rest.portDescription,
        systemName: rest.systemName,
        addresses: [...rest.addresses],
        source: neighbors.source,
        firstSeenAt: at,
        seenAt: at,
      }));
      await replaceNeighbors(
        transaction,
        deviceId,
        [...new Map(rows.map((row) => [row.key, row])).values()],
        at,
      );
    }
    if (forwarding !== null)
      await replaceForwarding(
        transaction,
        deviceId,
        forwarding.values.map(({ mac, port, vlan }) => ({ mac, vlan, ...portOf(port) })),
        { source: forwarding.source, at },
      );
    if (addresses !== null)
      await replaceResolved(
        transaction,
        deviceId,
        addresses.values.map(({ address, mac, port }) => ({ address, mac, ...portOf(port) })),
        { source: addresses.source, at },
      );
    if (reading.customers !== null) await recordCustomers(transaction, services, deviceId, reading, portOf);
    return true;
  });
}

async function recordCustomers(
  transaction: Transaction<TenantDatabase>,
  { clock }: NetworkServices,
  deviceId: string,
  { customers, observedAt }: SurveyReading,
  portOf: PortFinder,
): Promise<void> {
  if (customers === null) return;
  const at = new Date(observedAt);
  const owners = await servicesOfEquipment(
    transaction,
    customers.values.flatMap(({ mac, serial }) => [mac, serial].filter((key) => key !== null)),
  );
  const links = customers.values.map((link) => ({
    ...link,
    ...portOf(link.port),
    key: keyOfLink(link),
    serviceId: owners.get(link.mac ?? '') ?? owners.get(link.serial ?? '') ?? null,
  }));
  const unique = [...new Map(links.map((link) => [link.key, link])).values()];
  await replaceCustomerLinks(transaction, deviceId, unique, { source: customers.source, at });
  await writeSamples(transaction, deviceId, unique, at);
  const events = await judgeCustomers(transaction, clock, deviceId, unique, customers.source);
  await appendEvents<TenantEvents>(transaction, events);
}

type PortFinder = (port: PortName | null) => { interfaceId: string | null; portName: string | null };

/** A port by the key under which it is kept; by its name where it was read over another protocol. */
async function portFinder(transaction: Transaction<TenantDatabase>, deviceId: string): Promise<PortFinder> {
  const known = await interfacesOfDevices(transaction, [deviceId]);
  const byKey = new Map(known.map((one) => [one.stableKey, one.id]));
  const byName = new Map(known.map((one) => [one.name, one.id]));
  return (port) =>
    port === null
      ? { interfaceId: null, portName: null }
      : {
          interfaceId:
            (port.stableKey === null ? undefined : byKey.get(port.stableKey)) ??
            byName.get(port.name) ??
            null,
          portName: port.name,
        };
}
