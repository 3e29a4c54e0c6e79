import { type ResolveCursorConnectionArgs, resolveCursorConnection } from '@pothos/plugin-relay';
import { builder } from '../builder.ts';
import { deviceOfRow } from '../port-fields.ts';
import { AlarmRef, DeviceRef, IncidentRef, ServiceRef } from '../types.ts';
import { coveredServicePage } from './coverage.ts';
import type { MaintenanceWindow } from './store.ts';

/** A window, and of what plan it is where it was planned or applied just now. */
export type PlannedWindow = MaintenanceWindow & { readonly fingerprint?: string };

const mostShown = 100;

export const MaintenanceWindowRef = builder.objectRef<PlannedWindow>('MaintenanceWindow').implement({
  description:
    'Planned work: what happens meanwhile to the device and to whatever has no way around it opens no incident and pages nobody.',
  fields: (t) => ({
    id: t.exposeID('id'),
    device: t.field(deviceOfRow),
    startsAt: t.expose('startsAt', { type: 'DateTime' }),
    endsAt: t.expose('endsAt', { type: 'DateTime' }),
    because: t.exposeString('because'),
    cancelledAt: t.expose('cancelledAt', { type: 'DateTime', nullable: true }),
    fingerprint: t.string({
      nullable: true,
      description:
        'Of the plan: over the work, and over the devices, services and open incidents it covers. Null but in the answer of scheduleMaintenance.',
      resolve: ({ fingerprint }) => fingerprint,
    }),
    coveredDeviceCount: t.int({
      description: 'The device and everything that has no way around it, as ways are now.',
      resolve: async ({ deviceId }, _args, { loaders }) =>
        (await loaders.coverageOfWork.load(deviceId))?.coveredIds.length ?? 0,
    }),
    coveredDevices: t.field({
      type: [DeviceRef],
      description: `The first ${mostShown} of them.`,
      resolve: async ({ deviceId }, _args, { loaders }) => {
        const covered = (await loaders.coverageOfWork.load(deviceId))?.coveredIds ?? [];
        const devices = await Promise.all(covered.slice(0, mostShown).map((id) => loaders.device.load(id)));
        return devices.filter((device) => device !== null);
      },
    }),
    openAlarmCount: t.int({
      description:
        'Open there now. They stay as they are; what is raised while the work goes on is suppressed.',
      resolve: async ({ deviceId }, _args, { loaders }) =>
        (await loaders.coverageOfWork.load(deviceId))?.alarms.length ?? 0,
    }),
    openAlarms: t.field({
      type: [AlarmRef],
      description: `The first ${mostShown} of them.`,
      resolve: async ({ deviceId }, _args, { loaders }) =>
        (await loaders.coverageOfWork.load(deviceId))?.alarms.slice(0, mostShown) ?? [],
    }),
    openIncidents: t.field({
      type: [IncidentRef],
      description: 'Open now with their root there: they end when the work begins.',
      resolve: async ({ deviceId }, _args, { loaders }) => [
        ...((await loaders.coverageOfWork.load(deviceId))?.incidents ?? []),
      ],
    }),
    affectedServiceCount: t.int({
      description: 'Those who are connected there now.',
      resolve: async ({ deviceId }, _args, { loaders }) =>
        (await loaders.coverageOfWork.load(deviceId))?.serviceIds.length ?? 0,
    }),
    affectedServiceIds: t.idList({
      description: 'All of them, for what other subgraphs add up; a client pages through `affectedServices`.',
      resolve: async ({ deviceId }, _args, { loaders }) => [
        ...((await loaders.coverageOfWork.load(deviceId))?.serviceIds ?? []),
      ],
    }),
    affectedServices: t.connection({
      type: ServiceRef,
      resolve: ({ deviceId }, args, { services, loaders }) =>
        resolveCursorConnection(
          { args, defaultSize: 50, maxSize: 1_000, toCursor: ({ id }: { readonly id: string }) => id },
          async ({ before, after, limit, inverted }: ResolveCursorConnectionArgs) => {
            const covered = (await loaders.coverageOfWork.load(deviceId))?.coveredIds ?? [];
            return coveredServicePage(services.database, covered, { limit, inverted, after, before });
          },
        ),
    }),
  }),
});

builder.asEntity(MaintenanceWindowRef, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: async ({ id }, { loaders }) =>
    (await loaders.maintenanceWindow.load(id)) as PlannedWindow,
});

builder.objectField(DeviceRef, 'maintenanceWindows', (t) =>
  t.field({
    type: [MaintenanceWindowRef],
    description: 'Planned work that goes on or is to come, the next one first.',
    resolve: async ({ id }, _args, { loaders }) => [...(await loaders.maintenanceOfDevice.load(id))],
  }),
);
