import { appendEvents } from '@dotmac/platform';
import { NotFoundError, StalePlanError, type TenantEvents, ValidationError } from '@dotmac/schema';
import { AlarmEffectsRef, type PlannedEffects } from '../alarm/effects-type.ts';
import { applies, lockedWorld, planRuleChange } from '../alarm/rule-change.ts';
import { builder } from '../builder.ts';
import { sitesById } from '../site/store.ts';
import { ChangeModeEnum, DeviceRef } from '../types.ts';
import { type Device, lockedDevice, updateDevice } from './store.ts';

const MoveDeviceResultRef = builder
  .objectRef<PlannedEffects & { readonly device: Device }>('MoveDeviceResult')
  .implement({
    interfaces: [AlarmEffectsRef],
    fields: (t) => ({
      device: t.expose('device', { type: DeviceRef, description: 'As it would be, or is now.' }),
    }),
  });

const MoveDeviceInput = builder.inputType('MoveDeviceInput', {
  fields: (t) => ({
    mode: t.field({ type: ChangeModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan; needed to APPLY.' }),
    id: t.id({ required: true }),
    siteId: t.id({ description: 'Null or left out: it stands at no site.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('moveDevice', (t) =>
  t.field({
    type: MoveDeviceResultRef,
    description:
      'To another site, whose alarm rules hold there from the next reading on. PLAN says what that would raise and end.',
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError, ValidationError, StalePlanError] },
    args: { input: t.arg({ type: MoveDeviceInput, required: true }) },
    resolve: async (_root, { input }, { services: { database, clock }, loaders, principal, traceId }) => {
      const { mode, fingerprint, id } = input;
      const siteId = input.siteId ?? null;
      const now = clock.now();
      return database.transaction().execute(async (transaction) => {
        const before = await lockedWorld(transaction);
        const device = await lockedDevice(transaction, id);
        const standing = before.standings.get(id);
        if (device === null || standing === undefined) throw new NotFoundError('Device', id);
        if (siteId !== null && (await sitesById(transaction, [siteId])).length === 0)
          throw new NotFoundError('Site', siteId);
        const concerned = before.rules.filter(
          (rule) => rule.siteId !== null && (rule.siteId === siteId || rule.siteId === device.siteId),
        );
        const change = {
          subject: JSON.stringify(['move', id, siteId]),
          touched: concerned,
          rules: before.rules,
          standings: new Map([...before.standings, [id, { ...standing, siteId }]]),
        };
        const planned = await planRuleChange(transaction, before, change, new Date(now));
        if (!applies({ mode, fingerprint }, planned)) return { device: { ...device, siteId }, ...planned };
        const moved = await updateDevice(transaction, id, { siteId });
        loaders.device.clear(id);
        await appendEvents<TenantEvents>(transaction, [
          {
            type: 'device.updated',
            subject: id,
            payload: { deviceId: id, name: moved.name },
            occurredAt: now,
            actor: principal.id,
            traceId,
          },
        ]);
        return { device: moved, ...planned };
      });
    },
  }),
);
