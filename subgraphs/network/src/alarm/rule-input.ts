import { builder } from '../builder.ts';
import { ChangeModeEnum } from '../types.ts';
import { AlarmMetricEnum, SeverityEnum } from './type.ts';

const ScopeInput = builder.inputType('AlarmRuleScopeInput', {
  description: 'Where a rule holds: one of these; none is everywhere.',
  fields: (t) => ({ deviceId: t.id(), siteId: t.id(), groupId: t.id() }),
});

export const AddAlarmRuleInput = builder.inputType('AddAlarmRuleInput', {
  fields: (t) => ({
    mode: t.field({ type: ChangeModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan; needed to APPLY.' }),
    name: t.string({ required: true }),
    metric: t.field({ type: AlarmMetricEnum, required: true }),
    severity: t.field({ type: SeverityEnum, required: true }),
    raiseAbove: t.float({ description: 'In the unit of the metric; with `clearBelow`.' }),
    clearBelow: t.float(),
    raiseBelow: t.float({ description: 'For what must not be low; with `clearAbove`.' }),
    clearAbove: t.float(),
    sensorClass: t.string({ description: 'For SENSOR_VALUE: such as `temperature`.' }),
    sensorName: t.string({ description: 'Only sensors with this in their name; all when left out.' }),
    raiseAfter: t.int({ description: 'Readings in a row; 1 when left out.' }),
    clearAfter: t.int({ description: '2 when left out.' }),
    degrades: t.boolean({ description: 'Whether the device is DEGRADED meanwhile; false when left out.' }),
    scope: t.field({
      type: ScopeInput,
      description:
        'Where it holds; everywhere when left out. There it takes the place of rules about the same that hold farther off: a device counts more than a group, a group more than a site.',
    }),
    clientMutationId: t.string(),
  }),
});
export const ChangeAlarmRuleInput = builder.inputType('ChangeAlarmRuleInput', {
  description: 'What is left out stays as it is.',
  fields: (t) => ({
    mode: t.field({ type: ChangeModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan; needed to APPLY.' }),
    id: t.id({ required: true }),
    severity: t.field({ type: SeverityEnum }),
    raiseAbove: t.float(),
    clearBelow: t.float(),
    raiseBelow: t.float(),
    clearAbove: t.float(),
    raiseAfter: t.int(),
    clearAfter: t.int(),
    enabled: t.boolean(),
    scope: t.field({ type: ScopeInput, description: 'Where it holds from then on; null is everywhere.' }),
    clientMutationId: t.string(),
  }),
});
export const RemoveAlarmRuleInput = builder.inputType('RemoveAlarmRuleInput', {
  fields: (t) => ({
    mode: t.field({ type: ChangeModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan; needed to APPLY.' }),
    id: t.id({ required: true }),
    clientMutationId: t.string(),
  }),
});
