import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { NotFoundError, ValidationError } from '@dotmac/schema';
import { devicesById } from '../device/store.ts';
import { deviceGroupsById } from '../device-group/store.ts';
import { sitesById } from '../site/store.ts';
import { type AlarmScope, everywhere } from './scope.ts';

export type WantedScope = { readonly [K in keyof AlarmScope]?: string | null | undefined };

/** @throws ValidationError for more than one place, NotFoundError for one that there is not. */
export async function checkScope(
  db: Executor<TenantDatabase>,
  wanted: WantedScope | null | undefined,
): Promise<AlarmScope> {
  const { deviceId = null, siteId = null, groupId = null } = wanted ?? {};
  const named = [deviceId, siteId, groupId].filter((id) => id !== null);
  if (named.length === 0) return everywhere;
  if (named.length > 1)
    throw new ValidationError(
      'input.scope',
      'Name one device, one site or one group; or nothing: everywhere',
    );
  if (deviceId !== null && (await devicesById(db, [deviceId])).length === 0)
    throw new NotFoundError('Device', deviceId);
  if (siteId !== null && (await sitesById(db, [siteId])).length === 0)
    throw new NotFoundError('Site', siteId);
  if (groupId !== null && (await deviceGroupsById(db, [groupId])).length === 0)
    throw new NotFoundError('DeviceGroup', groupId);
  return { deviceId, siteId, groupId };
}
