import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents } from '@dotmac/platform';
import { ConflictError, NotFoundError, type TenantEvents, ValidationError } from '@dotmac/schema';
import { type ResolveCursorConnectionArgs, resolveCursorConnection } from '@pothos/plugin-relay';
import type { Transaction } from 'kysely';
import { builder } from '../builder.ts';
import { uniqueName, unlessTaken } from '../taken.ts';
import { DeviceRef, DeviceStateEnum } from '../types.ts';
import { checkDestination, type Destinations } from './destination.ts';
import { stateChanged } from './events.ts';
import { RegisterDeviceInput, UpdateDeviceInput } from './input.ts';
import { registerDevice, sealed } from './register.ts';
import {
  checkName,
  type ManagementAddressInput,
  managementAddressesOf,
  type NewManagementAddress,
} from './rules.ts';
import { type Device, devicePage, lockedDevice, updateDevice, upsertManagementAddress } from './store.ts';

builder.queryFields((t) => ({
  device: t.field({
    type: DeviceRef,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    authScopes: { scope: 'network:read' },
    resolve: (_root, { id }, { loaders }) => loaders.device.load(id),
  }),
  devices: t.connection({
    type: DeviceRef,
    description: 'Devices by name.',
    args: { state: t.arg({ type: DeviceStateEnum }) },
    authScopes: { scope: 'network:read' },
    resolve: (_root, args, { services }) =>
      resolveCursorConnection(
        { args, defaultSize: 50, maxSize: 500, toCursor: (device: Device) => device.name },
        ({ before, after, limit, inverted }: ResolveCursorConnectionArgs) =>
          devicePage(services.database, { limit, inverted, after, before, state: args.state }),
      ),
  }),
}));

builder.mutationField('registerDevice', (t) =>
  t.field({
    type: DeviceRef,
    description: 'It is asked who it is and polled from then on.',
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: RegisterDeviceInput, required: true }) },
    resolve: async (_root, { input }, { services, loaders, principal, traceId, poller, enforcement }) => {
      const name = checkName(input.name);
      const addresses = managementAddressesOf(input as ManagementAddressInput);
      await checkDestinations(enforcement.sessions.destinations, addresses);
      const siteId = input.siteId ?? null;
      if (siteId !== null && (await loaders.site.load(siteId)) === null)
        throw new NotFoundError('Site', siteId);
      const parentId = input.parentId ?? null;
      if (parentId !== null && (await loaders.device.load(parentId)) === null)
        throw new NotFoundError('Device', parentId);
      const by = { actor: principal.id, traceId };
      const device = await services.database
        .transaction()
        .execute((transaction) =>
          registerDevice(transaction, services, { name, siteId, parentId, addresses }, by),
        );
      poller.refresh();
      return device;
    },
  }),
);

builder.mutationField('updateDevice', (t) =>
  t.field({
    type: DeviceRef,
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: UpdateDeviceInput, required: true }) },
    resolve: async (_root, { input }, { services, loaders, principal, traceId, poller, enforcement }) => {
      const { id, maintenance } = input;
      const addresses = managementAddressesOf(input as ManagementAddressInput);
      await checkDestinations(enforcement.sessions.destinations, addresses);
      if (input.siteId != null && (await loaders.site.load(input.siteId)) === null)
        throw new NotFoundError('Site', input.siteId);
      const now = services.clock.now();
      const change = async (transaction: Transaction<TenantDatabase>) => {
        const before = await lockedDevice(transaction, id);
        if (before === null) throw new NotFoundError('Device', id);
        const state = maintenance === true ? 'MAINTENANCE' : maintenance === false ? 'UNKNOWN' : before.state;
        const moved = state !== before.state && (maintenance === true || before.state === 'MAINTENANCE');
        const device = await updateDevice(transaction, id, {
          name: input.name == null ? before.name : checkName(input.name),
          ...(input.siteId === undefined ? {} : { siteId: input.siteId }),
          ...(moved
            ? {
                state,
                stateSource: principal.id,
                stateEvidence: maintenance ? 'put into maintenance' : 'taken out of maintenance',
                stateSince: new Date(now),
              }
            : {}),
        });
        for (const address of addresses)
          await upsertManagementAddress(transaction, sealed(services, id, address));
        const about = { subject: id, occurredAt: now, actor: principal.id, traceId };
        await appendEvents<TenantEvents>(transaction, [
          { ...about, type: 'device.updated', payload: { deviceId: id, name: device.name } },
          ...(moved ? [stateChanged(before, device, now, principal.id)] : []),
        ]);
        return device;
      };
      const { database } = services;
      const device = await unlessTaken(
        database,
        [uniqueName('device', 'device')],
        { name: input.name?.trim() },
        () => database.transaction().execute(change),
      );
      poller.refresh();
      return device;
    },
  }),
);

/** @throws ValidationError for a host where no device may be. */
async function checkDestinations(
  destinations: Destinations,
  addresses: readonly NewManagementAddress[],
): Promise<void> {
  for (const { protocol, host } of addresses)
    await checkDestination(destinations, `input.${protocol.toLowerCase()}.host`, host);
}
