import { newId } from '@dotmac/platform';
import { NotFoundError, requireFingerprint, StalePlanError, ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { fingerprintOf } from '../change/apply.ts';
import { lockTopology } from '../topology/store.ts';
import { ChangeModeEnum } from '../types.ts';
import { coverages } from './coverage.ts';
import { cancelMaintenance, insertMaintenance } from './store.ts';
import { MaintenanceWindowRef } from './type.ts';

const ScheduleMaintenanceInput = builder.inputType('ScheduleMaintenanceInput', {
  fields: (t) => ({
    mode: t.field({
      type: ChangeModeEnum,
      description: 'Left out: applied unseen, as by clients older than the plan.',
    }),
    fingerprint: t.string({ description: 'Of the plan; needed to APPLY.' }),
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

/** @throws ValidationError */
function checkWindow(
  { startsAt, endsAt, because }: { startsAt: Date; endsAt: Date; because: string },
  now: number,
): void {
  if (endsAt <= startsAt) throw new ValidationError('input.endsAt', 'It ends after it starts');
  if (endsAt.getTime() <= now)
    throw new ValidationError('input.endsAt', 'It is over already: give an end in the future');
  if (because.trim() === '' || because.length > 500)
    throw new ValidationError('input.because', 'Say why, in 1 to 500 characters');
}

builder.mutationFields((t) => ({
  scheduleMaintenance: t.field({
    type: MaintenanceWindowRef,
    description:
      'PLAN answers with the window as it would be: the devices, services, open alarms and open incidents it covers. APPLY with its fingerprint schedules it.',
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError, ValidationError, StalePlanError] },
    args: { input: t.arg({ type: ScheduleMaintenanceInput, required: true }) },
    resolve: async (_root, { input }, { services: { database, clock }, loaders, principal }) => {
      const { mode, fingerprint: planned, deviceId, startsAt, endsAt, because } = input;
      checkWindow({ startsAt, endsAt, because }, clock.now());
      if ((await loaders.device.load(deviceId)) === null) throw new NotFoundError('Device', deviceId);
      return database.transaction().execute(async (transaction) => {
        await lockTopology(transaction);
        const [covered] = await coverages(transaction, [deviceId]);
        const fingerprint = fingerprintOf(deviceId, JSON.stringify([startsAt, endsAt, because]), [
          ...(covered?.coveredIds ?? []),
          ...(covered?.serviceIds ?? []),
          ...(covered?.incidents ?? []).map(({ id }) => id),
        ]);
        const window = {
          id: newId('mnt', clock),
          deviceId,
          startsAt,
          endsAt,
          because,
          createdBy: principal.id,
        };
        if (mode === 'PLAN') return { ...window, cancelledAt: null, cancelledBy: null, fingerprint };
        if (mode === 'APPLY' && requireFingerprint(planned) !== fingerprint) throw new StalePlanError();
        return { ...(await insertMaintenance(transaction, window)), fingerprint };
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
