import { newId } from '@dotmac/platform';
import { ConflictError, NotFoundError, StalePlanError, ValidationError } from '@dotmac/schema';
import { AlarmEffectsRef, type PlannedEffects } from '../alarm/effects-type.ts';
import { applies, lockedWorld, planRuleChange } from '../alarm/rule-change.ts';
import { forgetGroup } from '../alarm/store.ts';
import { builder } from '../builder.ts';
import { checkName } from '../device/rules.ts';
import type { Device } from '../device/store.ts';
import { conflictOver, uniqueName } from '../taken.ts';
import { ChangeModeEnum, DeviceGroupRef, DeviceRef } from '../types.ts';
import {
  type DeviceGroup,
  deleteDeviceGroup,
  deviceGroups,
  deviceGroupsById,
  insertDeviceGroup,
  setMembers,
} from './store.ts';

DeviceGroupRef.implement({
  description: 'Devices that are looked at together wherever they stand, such as all core routers.',
  authScopes: { scope: 'network:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    devices: t.field({
      type: [DeviceRef],
      resolve: async ({ id }, _args, { loaders }): Promise<Device[]> => {
        const members = await loaders.membersOfGroup.load(id);
        const devices = await Promise.all(members.map(({ deviceId }) => loaders.device.load(deviceId)));
        return devices.filter((device) => device !== null);
      },
    }),
  }),
});

builder.objectField(DeviceRef, 'groups', (t) =>
  t.field({
    type: [DeviceGroupRef],
    resolve: async ({ id }, _args, { loaders }) => [...(await loaders.groupsOfDevice.load(id))],
  }),
);
builder.queryField('deviceGroups', (t) =>
  t.field({
    type: [DeviceGroupRef],
    authScopes: { scope: 'network:read' },
    resolve: (_root, _args, { services }) => deviceGroups(services.database),
  }),
);

const SetDevicesOfGroupResultRef = builder
  .objectRef<PlannedEffects & { readonly group: DeviceGroup }>('SetDevicesOfGroupResult')
  .implement({
    interfaces: [AlarmEffectsRef],
    fields: (t) => ({ group: t.expose('group', { type: DeviceGroupRef }) }),
  });

const CreateDeviceGroupInput = builder.inputType('CreateDeviceGroupInput', {
  fields: (t) => ({ name: t.string({ required: true }), clientMutationId: t.string() }),
});
const SetDevicesOfGroupInput = builder.inputType('SetDevicesOfGroupInput', {
  fields: (t) => ({
    mode: t.field({ type: ChangeModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan; needed to APPLY.' }),
    id: t.id({ required: true }),
    deviceIds: t.idList({ required: true, description: 'All that shall be in it.' }),
    clientMutationId: t.string(),
  }),
});
const RemoveDeviceGroupInput = builder.inputType('RemoveDeviceGroupInput', {
  fields: (t) => ({ id: t.id({ required: true }), clientMutationId: t.string() }),
});

builder.mutationFields((t) => ({
  createDeviceGroup: t.field({
    type: DeviceGroupRef,
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, ConflictError] },
    args: { input: t.arg({ type: CreateDeviceGroupInput, required: true }) },
    resolve: async (_root, { input }, { services: { database, clock }, principal }) => {
      const name = checkName(input.name);
      const createdAt = new Date(clock.now());
      const group = { id: newId('dgr', clock), name, createdBy: principal.id, createdAt };
      const created = await insertDeviceGroup(database, group);
      if (created === null) throw await conflictOver(database, uniqueName('device_group', 'group'), name);
      return created;
    },
  }),
  setDevicesOfGroup: t.field({
    type: SetDevicesOfGroupResultRef,
    description:
      'Rules about the group hold there from the next reading on. PLAN says what that would raise and end.',
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, NotFoundError, StalePlanError] },
    args: { input: t.arg({ type: SetDevicesOfGroupInput, required: true }) },
    resolve: async (_root, { input }, { services: { database, clock }, loaders }) => {
      const { mode, fingerprint, id } = input;
      const members = new Set(input.deviceIds);
      return database.transaction().execute(async (transaction) => {
        const before = await lockedWorld(transaction);
        const [group] = await deviceGroupsById(transaction, [id]);
        if (group === undefined) throw new NotFoundError('DeviceGroup', id);
        for (const deviceId of members)
          if (!before.standings.has(deviceId)) throw new NotFoundError('Device', deviceId);
        const standings = new Map(
          [...before.standings].map(([deviceId, standing]) => {
            const others = standing.groupIds.filter((one) => one !== id);
            return [deviceId, { ...standing, groupIds: members.has(deviceId) ? [...others, id] : others }];
          }),
        );
        const touched = before.rules.filter(({ groupId }) => groupId === id);
        const change = {
          subject: JSON.stringify([id, [...members].sort()]),
          touched,
          rules: before.rules,
          standings,
        };
        const planned = await planRuleChange(transaction, before, change, new Date(clock.now()));
        if (applies({ mode, fingerprint }, planned)) {
          await setMembers(transaction, id, [...members]);
          loaders.membersOfGroup.clear(id);
        }
        return { group, ...planned };
      });
    },
  }),
  removeDeviceGroup: t.field({
    type: DeviceGroupRef,
    description: 'Only one without rules about it; its devices stay.',
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError, ConflictError] },
    args: { input: t.arg({ type: RemoveDeviceGroupInput, required: true }) },
    resolve: async (_root, { input: { id } }, { services: { database } }) =>
      database.transaction().execute(async (transaction) => {
        const { rules } = await lockedWorld(transaction);
        const [group] = await deviceGroupsById(transaction, [id]);
        if (group === undefined) throw new NotFoundError('DeviceGroup', id);
        const rule = rules.find(({ groupId }) => groupId === id);
        if (rule !== undefined)
          throw new ConflictError('GROUP_IN_USE', `The rule "${rule.name}" is about it; remove it first`);
        await forgetGroup(transaction, id);
        await deleteDeviceGroup(transaction, id);
        return group;
      }),
  }),
}));
