import { appendEvents } from '@dotmac/platform';
import { ConflictError, NotFoundError, type TenantEvents } from '@dotmac/schema';
import { builder } from '../builder.ts';
import type { Device } from '../device/store.ts';
import type { NetworkLoaders } from '../loaders.ts';
import { DeviceRef, ServiceRef } from '../types.ts';
import { Topology } from './rules.ts';
import { attachService, deleteLink, insertLink, lockTopology, topology } from './store.ts';

async function known(loaders: NetworkLoaders, ids: readonly string[]): Promise<Device[]> {
  const devices = await Promise.all(ids.map((id) => loaders.device.load(id)));
  return devices.filter((device) => device !== null);
}

async function loaded(loaders: NetworkLoaders): Promise<Topology> {
  return (await loaders.topology.load('all'))?.whole ?? new Topology([]);
}

builder.objectFields(DeviceRef, (t) => ({
  parents: t.field({
    type: [DeviceRef],
    description: 'Through which it reaches the rest of the network; one living parent is enough.',
    resolve: async ({ id }, _args, { loaders }) => known(loaders, (await loaded(loaders)).parentsOf(id)),
  }),
  children: t.field({
    type: [DeviceRef],
    resolve: async ({ id }, _args, { loaders }) => known(loaders, (await loaded(loaders)).childrenOf(id)),
  }),
}));

builder.objectFields(ServiceRef, (t) => ({
  servedBy: t.field({
    type: [DeviceRef],
    description: 'The way of its traffic: the device where it is connected, its parents, up to the backhaul.',
    authScopes: { scope: 'network:read' },
    resolve: async ({ id }, _args, { loaders }) => {
      const serving = await loaders.servingDevice.load(id);
      if (serving?.deviceId == null) return [];
      return known(loaders, (await loaded(loaders)).pathFrom(serving.deviceId));
    },
  }),
}));

const LinkDevicesInput = builder.inputType('LinkDevicesInput', {
  fields: (t) => ({
    deviceId: t.id({ required: true }),
    parentId: t.id({ required: true, description: 'Nearer to the backhaul.' }),
    clientMutationId: t.string(),
  }),
});
const AttachServiceInput = builder.inputType('AttachServiceInput', {
  fields: (t) => ({
    serviceId: t.id({ required: true }),
    deviceId: t.id({ description: 'Null: the device at which its subscriber logs in.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationFields((t) => ({
  linkDevices: t.field({
    type: DeviceRef,
    description: 'Says that a device reaches the network through another. A second parent is a second way.',
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError, ConflictError] },
    args: { input: t.arg({ type: LinkDevicesInput, required: true }) },
    resolve: async (_root, { input }, { services, loaders, principal, traceId }) => {
      const link = { childId: input.deviceId, parentId: input.parentId };
      const [child, parent] = await Promise.all([
        loaders.device.load(link.childId),
        loaders.device.load(link.parentId),
      ]);
      if (child === null) throw new NotFoundError('Device', link.childId);
      if (parent === null) throw new NotFoundError('Device', link.parentId);
      const now = services.clock.now();
      await services.database.transaction().execute(async (transaction) => {
        await lockTopology(transaction);
        if ((await topology(transaction)).wouldCircle(link))
          throw new ConflictError(
            'CIRCLE',
            `${parent.name} already reaches the network through ${child.name}`,
          );
        await insertLink(transaction, { ...link, source: 'MANUAL', createdAt: new Date(now) });
        await appendEvents<TenantEvents>(transaction, [
          {
            type: 'device.updated',
            subject: child.id,
            payload: { deviceId: child.id, name: child.name },
            occurredAt: now,
            actor: principal.id,
            traceId,
          },
        ]);
      });
      loaders.topology.clearAll();
      return child;
    },
  }),
  unlinkDevices: t.field({
    type: DeviceRef,
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError] },
    args: { input: t.arg({ type: LinkDevicesInput, required: true }) },
    resolve: async (_root, { input }, { services, loaders, principal, traceId }) => {
      const child = await loaders.device.load(input.deviceId);
      if (child === null) throw new NotFoundError('Device', input.deviceId);
      await services.database.transaction().execute(async (transaction) => {
        const link = { childId: child.id, parentId: input.parentId };
        if (!(await deleteLink(transaction, link))) throw new NotFoundError('Link', input.parentId);
        await appendEvents<TenantEvents>(transaction, [
          {
            type: 'device.updated',
            subject: child.id,
            payload: { deviceId: child.id, name: child.name },
            occurredAt: services.clock.now(),
            actor: principal.id,
            traceId,
          },
        ]);
      });
      loaders.topology.clearAll();
      return child;
    },
  }),
  attachService: t.field({
    type: ServiceRef,
    description:
      'Says at which device a service is connected, when that is not where its subscriber logs in.',
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError] },
    args: { input: t.arg({ type: AttachServiceInput, required: true }) },
    resolve: async (_root, { input }, { services, loaders, principal, traceId }) => {
      const { serviceId } = input;
      const deviceId = input.deviceId ?? null;
      if ((await loaders.access.load(serviceId)) === null) throw new NotFoundError('Service', serviceId);
      if (deviceId !== null && (await loaders.device.load(deviceId)) === null)
        throw new NotFoundError('Device', deviceId);
      const now = services.clock.now();
      await services.database.transaction().execute(async (transaction) => {
        await attachService(transaction, {
          serviceId,
          deviceId,
          source: principal.id,
          attachedAt: new Date(now),
        });
        await appendEvents<TenantEvents>(transaction, [
          {
            type: 'service.attached',
            subject: serviceId,
            payload: { serviceId, deviceId },
            occurredAt: now,
            actor: principal.id,
            traceId,
          },
        ]);
      });
      loaders.servingDevice.clear(serviceId);
      return { id: serviceId };
    },
  }),
}));
