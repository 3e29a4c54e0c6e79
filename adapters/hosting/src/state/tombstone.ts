import type { Clock } from '@dotmac/device';
import { HostingError } from '../error.ts';
import type { FindTombstone, TenantId, TombstoneId } from '../port.ts';

/** Refuses unless the tombstone exists, is this tenant's, and its time has come. @throws `TOMBSTONE_REFUSED` */
export async function passTombstone(
  find: FindTombstone,
  clock: Clock,
  tenant: TenantId,
  id: TombstoneId,
): Promise<void> {
  const tombstone = await find(id);
  if (tombstone === undefined) refuse(`Tombstone ${id} does not exist`);
  if (tombstone.tenant !== tenant)
    refuse(`Tombstone ${id} is of tenant ${tombstone.tenant}, not of ${tenant}`);
  if (tombstone.purgeAfter > clock.now()) {
    refuse(`Tombstone ${id} forbids destruction before ${new Date(tombstone.purgeAfter).toISOString()}`);
  }
}

function refuse(reason: string): never {
  throw new HostingError('TOMBSTONE_REFUSED', `${reason}: nothing of the tenant was destroyed.`);
}
