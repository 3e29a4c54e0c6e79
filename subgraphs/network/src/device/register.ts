import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, newId } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import type { NetworkServices } from '../builder.ts';
import { conflictOver, uniqueName } from '../taken.ts';
import { insertLink } from '../topology/store.ts';
import type { NewManagementAddress } from './rules.ts';
import {
  credentialPurpose,
  type Device,
  insertDevice,
  type Protocol,
  upsertManagementAddress,
} from './store.ts';

export interface NewDevice {
  /** Checked. */
  readonly name: string;
  readonly siteId: string | null;
  readonly parentId: string | null;
  readonly addresses: readonly NewManagementAddress[];
}

/**
 * Puts a device into the inventory, with its sealed credentials and the event that tells of it.
 * @throws ConflictError DUPLICATE_NAME
 */
export async function registerDevice(
  transaction: Transaction<TenantDatabase>,
  services: NetworkServices,
  { name, siteId, parentId, addresses }: NewDevice,
  by: { readonly actor: string; readonly traceId: string },
): Promise<Device> {
  const now = services.clock.now();
  const id = newId('dev', services.clock);
  const createdAt = new Date(now);
  const device = await insertDevice(transaction, { id, name, siteId, createdAt });
  if (device === null) throw await conflictOver(transaction, uniqueName('device', 'device'), name);
  for (const address of addresses) await upsertManagementAddress(transaction, sealed(services, id, address));
  if (parentId !== null)
    await insertLink(transaction, { childId: id, parentId, source: 'MANUAL', createdAt });
  await appendEvents<TenantEvents>(transaction, [
    { type: 'device.updated', subject: id, payload: { deviceId: id, name }, occurredAt: now, ...by },
  ]);
  return device;
}

/** An address as it is stored. */
export function sealed({ secrets }: NetworkServices, deviceId: string, address: NewManagementAddress) {
  const { host, port, credential } = address;
  const protocol = address.protocol.toLowerCase() as Protocol;
  return {
    deviceId,
    protocol,
    host,
    port,
    credential: secrets.seal(JSON.stringify(credential), credentialPurpose(deviceId, protocol)),
  };
}
