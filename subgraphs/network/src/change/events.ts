import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, type EventConsumer, type NewEvent, newId } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import type { Access } from '../access/store.ts';
import { lockedAccess } from '../access/store.ts';
import type { NetworkServices } from '../builder.ts';
import { gardenGiven } from '../garden/given.ts';
import { garden } from '../garden/store.ts';
import { type AccessChange, insertChange, progressChange, unsettledServicesOfDevice } from './store.ts';

/** The queue of services whose access is to be brought to what is wanted. */
export const changeQueue = 'network.access-change';

export function progressEvent(change: AccessChange, at: number): NewEvent<TenantEvents> {
  const { id, serviceId, mode, shaping, state, evidence, actor } = change;
  return {
    type: 'access.change.progressed',
    subject: serviceId,
    payload: { changeId: id, serviceId, mode, shaping, state, evidence },
    occurredAt: at,
    actor,
  };
}

/**
 * Asks for a service's access to be brought to what its row says now. A change that is still on its way is superseded, so
 * several in a row end in the last one. The caller holds the access row locked.
 */
export async function requestChange(
  transaction: Transaction<TenantDatabase>,
  services: NetworkServices,
  access: Access,
  why: { readonly because: string; readonly actor: string },
): Promise<AccessChange> {
  const { serviceId, mode, shaping } = access;
  const now = services.clock.now();
  const at = new Date(now);
  const older = await progressChange(
    transaction,
    { serviceId },
    { state: 'SUPERSEDED', evidence: `superseded: ${why.because}`, at },
  );
  const change = await insertChange(transaction, {
    id: newId('chg', services.clock),
    serviceId,
    mode,
    shaping,
    garden: mode === 'WALLED_GARDEN' ? gardenGiven(access, await garden(transaction)) : null,
    ...why,
    requestedAt: at,
  });
  await appendEvents<TenantEvents>(transaction, [
    ...(older === null ? [] : [progressEvent(older, now)]),
    progressEvent(change, now),
  ]);
  await services.jobs.enqueue(transaction as never, changeQueue, { serviceId });
  return change;
}

/** A device that is back gets what it missed. */
export function catchUpWhenOnline(services: NetworkServices): EventConsumer<TenantDatabase, TenantEvents> {
  return {
    name: 'network.catch-up-when-online',
    types: ['device.state.changed'],
    async handle(event, transaction) {
      if (event.type !== 'device.state.changed' || event.payload.to !== 'ONLINE') return;
      const { deviceId, name } = event.payload;
      for (const serviceId of await unsettledServicesOfDevice(transaction, deviceId)) {
        const access = await lockedAccess(transaction, serviceId);
        if (access === null) continue;
        await requestChange(transaction, services, access, {
          because: `${name} is online again`,
          actor: 'system:network',
        });
      }
    },
  };
}
