import { newId } from '@dotmac/platform';
import { NotFoundError, ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { deviceOfRow } from '../port-fields.ts';
import { DeviceRef } from '../types.ts';
import { cancelMaintenance, insertMaintenance, type MaintenanceWindow } from './store.ts';

const MaintenanceWindowRef = builder.objectRef<MaintenanceWindow>('MaintenanceWindow').implement({
  description:
    'Planned work: what happens meanwhile to the device and behind it opens no incident and pages nobody.',
  fields: (t) => ({
    id: t.exposeID('id'),
    device: t.field(deviceOfRow),
    startsAt: t.expose('startsAt', { type: 'DateTime' }),
    endsAt: t.expose('endsAt', { type: 'DateTime' }),
    because: t.exposeString('because'),
    cancelledAt: t.expose('cancelledAt', { type: 'DateTime', nullable: true }),
  }),
});

builder.objectField(DeviceRef, 'maintenanceWindows', (t) =>
  t.field({
    type: [MaintenanceWindowRef],
    description: 'Planned work that goes on or is to come, the next one first.',
    resolve: async ({ id }, _args, { loaders }) => [...(await loaders.maintenanceOfDevice.load(id))],
  }),
);

const ScheduleMaintenanceInput = builder.inputType('ScheduleMaintenanceInput', {
  fields: (t) => ({
    deviceId: t.id({ required: true }),
    startsAt: t.field({ type: 'DateTime', required: true }),
    endsAt: t.field({ type: 'DateTime', required: true }),
    because: t.string({ required: true }),
    clientMutationId: t.string(),
  }),
});
const CancelMaintenanceInput = builder.inputType('CancelMaintenanceInput', {
  fields: (t) => ({ id: t.id({ required: true }), clientMutationId: t.string() }),
});

builder.mutationFields((t) => ({
  scheduleMaintenance: t.field({
    type: MaintenanceWindowRef,
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError, ValidationError] },
    args: { input: t.arg({ type: ScheduleMaintenanceInput, required: true }) },
    resolve: async (_root, { input }, { services, loaders, principal }) => {
      const { deviceId, startsAt, endsAt, because } = input;
      if (endsAt <= startsAt) throw new ValidationError('input.endsAt', 'It ends after it starts');
      if ((await loaders.device.load(deviceId)) === null) throw new NotFoundError('Device', deviceId);
      return insertMaintenance(services.database, {
        id: newId('mnt', services.clock),
        deviceId,
        startsAt,
        endsAt,
        because,
        createdBy: principal.id,
      });
    },
  }),
  cancelMaintenance: t.field({
    type: MaintenanceWindowRef,
    description: 'Planned work that is over or does not happen. A second time changes nothing.',
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError] },
    args: { input: t.arg({ type: CancelMaintenanceInput, required: true }) },
    resolve: async (_root, { input: { id } }, { services, principal }) => {
      const at = new Date(services.clock.now());
      const window = await cancelMaintenance(services.database, id, { at, by: principal.id });
      if (window === null) throw new NotFoundError('MaintenanceWindow', id);
      return window;
    },
  }),
}));
