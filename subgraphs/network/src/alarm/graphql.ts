import { appendEvents, newId } from '@dotmac/platform';
import { ConflictError, NotFoundError, type TenantEvents, ValidationError } from '@dotmac/schema';
import { type ResolveCursorConnectionArgs, resolveCursorConnection } from '@pothos/plugin-relay';
import { builder, type NetworkContext } from '../builder.ts';
import { AlarmRef, AlarmRuleRef, DeviceRef, InterfaceRef, SensorRef, ServiceRef } from '../types.ts';
import { alarmEvent } from './events.ts';
import { checkReadings } from './own-rule.ts';
import { alarmMetrics, alarmStateOf, alarmStates, severities } from './rules.ts';
import {
  type Alarm,
  alarmPage,
  alarmRules,
  alarmRulesById,
  cancelMaintenance,
  insertMaintenance,
  lockedAlarm,
  type MaintenanceWindow,
  setMonitored,
  updateAlarm,
  updateAlarmRule,
} from './store.ts';

export const SeverityEnum = builder.enumType('AlarmSeverity', {
  values: severities,
  description: 'As in ITU-T X.733.',
});

export const AlarmMetricEnum = builder.enumType('AlarmMetric', { values: alarmMetrics });

AlarmRuleRef.implement({
  description: 'What counts as wrong.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    metric: t.expose('metric', { type: AlarmMetricEnum }),
    severity: t.expose('severity', { type: SeverityEnum }),
    raiseAbove: t.exposeFloat('raiseAbove', {
      nullable: true,
      description: 'In the unit of its metric; null for a rule about a state or about what must not be low.',
    }),
    clearBelow: t.exposeFloat('clearBelow', { nullable: true }),
    raiseBelow: t.exposeFloat('raiseBelow', {
      nullable: true,
      description: 'Of a rule about what must not be low.',
    }),
    clearAbove: t.exposeFloat('clearAbove', { nullable: true }),
    sensorClass: t.exposeString('sensorClass', {
      nullable: true,
      description: 'Of a rule about sensors of a class, such as `temperature`.',
    }),
    sensorName: t.exposeString('sensorName', {
      nullable: true,
      description: 'Only sensors with this in their name, in letters of either case.',
    }),
    raiseAfter: t.exposeInt('raiseAfter', { description: 'Readings in a row.' }),
    clearAfter: t.exposeInt('clearAfter'),
    degrades: t.exposeBoolean('degrades', { description: 'Whether the device is DEGRADED meanwhile.' }),
    enabled: t.exposeBoolean('enabled'),
    builtIn: t.boolean({
      description: 'It comes with DotMac: it can be changed and switched off, not removed.',
      resolve: ({ createdBy }) => createdBy === null,
    }),
  }),
});

AlarmRef.implement({
  description: 'Something that a rule calls wrong, from when it was raised until it clears.',
  authScopes: { scope: 'network:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    rule: t.field({
      type: AlarmRuleRef,
      nullable: true,
      resolve: ({ ruleId }, _args, { loaders }) => loaders.alarmRule.load(ruleId),
    }),
    device: t.field({
      type: DeviceRef,
      nullable: true,
      resolve: ({ deviceId }, _args, { loaders }) => loaders.device.load(deviceId),
    }),
    interface: t.field({
      type: InterfaceRef,
      nullable: true,
      resolve: ({ interfaceId }, _args, { loaders }) =>
        interfaceId === null ? null : loaders.interface.load(interfaceId),
    }),
    service: t.field({
      type: ServiceRef,
      nullable: true,
      description: 'Whose radio or ONU it is about.',
      resolve: ({ serviceId }) => (serviceId === null ? null : { id: serviceId }),
    }),
    sensor: t.field({
      type: SensorRef,
      nullable: true,
      resolve: ({ sensorId }, _args, { loaders }) =>
        sensorId === null ? null : loaders.sensor.load(sensorId),
    }),
    severity: t.expose('severity', { type: SeverityEnum }),
    state: t.field({
      type: builder.enumType('AlarmState', { values: alarmStates }),
      resolve: (alarm, _args, { services }) => alarmStateOf(alarm, services.clock.now()),
    }),
    flapping: t.exposeBoolean('flapping', { description: 'More than five changes in a quarter of an hour.' }),
    evidence: t.exposeString('evidence'),
    source: t.exposeString('source'),
    raisedAt: t.expose('raisedAt', { type: 'DateTime' }),
    clearedAt: t.expose('clearedAt', { type: 'DateTime', nullable: true }),
    acknowledgedAt: t.expose('acknowledgedAt', { type: 'DateTime', nullable: true }),
    acknowledgedBy: t.exposeString('acknowledgedBy', { nullable: true }),
    assignedTo: t.exposeString('assignedTo', { nullable: true, description: 'Id of a person, or a team.' }),
    suppressedUntil: t.expose('suppressedUntil', { type: 'DateTime', nullable: true }),
    suppressedBecause: t.exposeString('suppressedBecause', { nullable: true }),
  }),
});

const MaintenanceWindowRef = builder.objectRef<MaintenanceWindow>('MaintenanceWindow').implement({
  description:
    'Planned work: what happens meanwhile to the device and behind it opens no incident and pages nobody.',
  fields: (t) => ({
    id: t.exposeID('id'),
    device: t.field({
      type: DeviceRef,
      nullable: true,
      resolve: ({ deviceId }, _args, { loaders }) => loaders.device.load(deviceId),
    }),
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
builder.objectField(DeviceRef, 'alarms', (t) =>
  t.field({
    type: [AlarmRef],
    description: 'Those that are not cleared.',
    resolve: async ({ id }, _args, { loaders }) => [...(await loaders.alarmsOfDevice.load(id))],
  }),
);
builder.objectField(InterfaceRef, 'monitored', (t) =>
  t.exposeBoolean('monitored', { description: 'Whether its going down is an alarm.' }),
);

builder.queryFields((t) => ({
  alarms: t.connection({
    type: AlarmRef,
    description: 'Alarms, newest first.',
    args: { active: t.arg.boolean({ description: 'All when left out.' }) },
    authScopes: { scope: 'network:read' },
    resolve: (_root, args, { services }) =>
      resolveCursorConnection(
        { args, defaultSize: 50, maxSize: 500, toCursor: (alarm: Alarm) => alarm.id },
        ({ before, after, limit, inverted }: ResolveCursorConnectionArgs) =>
          alarmPage(services.database, { limit, inverted, after, before, active: args.active }),
      ),
  }),
  alarmRules: t.field({
    type: [AlarmRuleRef],
    authScopes: { scope: 'network:read' },
    resolve: (_root, _args, { services }) => alarmRules(services.database),
  }),
}));

const UpdateAlarmRuleInput = builder.inputType('UpdateAlarmRuleInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    severity: t.field({ type: SeverityEnum }),
    raiseAbove: t.float(),
    clearBelow: t.float(),
    raiseBelow: t.float(),
    clearAbove: t.float(),
    raiseAfter: t.int(),
    clearAfter: t.int(),
    enabled: t.boolean(),
    clientMutationId: t.string(),
  }),
});
const AcknowledgeAlarmInput = builder.inputType('AcknowledgeAlarmInput', {
  fields: (t) => ({ id: t.id({ required: true }), clientMutationId: t.string() }),
});
const AssignAlarmInput = builder.inputType('AssignAlarmInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    assignee: t.string({ description: 'Id of a person, or a team; null: nobody.' }),
    clientMutationId: t.string(),
  }),
});
const CancelMaintenanceInput = builder.inputType('CancelMaintenanceInput', {
  fields: (t) => ({ id: t.id({ required: true }), clientMutationId: t.string() }),
});
const SuppressAlarmInput = builder.inputType('SuppressAlarmInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    until: t.field({ type: 'DateTime', required: true }),
    because: t.string({ required: true }),
    clientMutationId: t.string(),
  }),
});
const ScheduleMaintenanceInput = builder.inputType('ScheduleMaintenanceInput', {
  fields: (t) => ({
    deviceId: t.id({ required: true }),
    startsAt: t.field({ type: 'DateTime', required: true }),
    endsAt: t.field({ type: 'DateTime', required: true }),
    because: t.string({ required: true }),
    clientMutationId: t.string(),
  }),
});
const MonitorInterfaceInput = builder.inputType('MonitorInterfaceInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    monitored: t.boolean({ required: true }),
    clientMutationId: t.string(),
  }),
});

builder.mutationFields((t) => ({
  updateAlarmRule: t.field({
    type: AlarmRuleRef,
    description: 'Counts from the next reading on.',
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError, ValidationError] },
    args: { input: t.arg({ type: UpdateAlarmRuleInput, required: true }) },
    resolve: async (_root, { input }, { services: { database } }) => {
      const [before] = await alarmRulesById(database, [input.id]);
      if (before === undefined || before.removedAt !== null) throw new NotFoundError('AlarmRule', input.id);
      const { severity, raiseAfter, clearAfter, enabled } = before;
      const after = {
        severity: input.severity ?? severity,
        raiseAbove: before.raiseAbove === null ? null : (input.raiseAbove ?? before.raiseAbove),
        clearBelow: before.clearBelow === null ? null : (input.clearBelow ?? before.clearBelow),
        raiseBelow: before.raiseBelow === null ? null : (input.raiseBelow ?? before.raiseBelow),
        clearAbove: before.clearAbove === null ? null : (input.clearAbove ?? before.clearAbove),
        raiseAfter: input.raiseAfter ?? raiseAfter,
        clearAfter: input.clearAfter ?? clearAfter,
        enabled: input.enabled ?? enabled,
      };
      for (const name of ['raiseAfter', 'clearAfter'] as const) checkReadings(name, after[name]);
      if ((after.clearBelow ?? 0) > (after.raiseAbove ?? 0))
        throw new ValidationError(
          'input.clearBelow',
          `It clears at or below ${after.raiseAbove}, where it is raised`,
        );
      if ((after.clearAbove ?? 0) < (after.raiseBelow ?? 0))
        throw new ValidationError(
          'input.clearAbove',
          `It clears at or above ${after.raiseBelow}, where it is raised`,
        );
      return updateAlarmRule(database, input.id, after);
    },
  }),
  acknowledgeAlarm: t.field({
    type: AlarmRef,
    description: 'Somebody has seen it. A second time changes nothing.',
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError, ConflictError] },
    args: { input: t.arg({ type: AcknowledgeAlarmInput, required: true }) },
    resolve: (_root, { input }, context) =>
      changeAlarm(context, input.id, 'acknowledged', ({ acknowledgedAt }, at) =>
        acknowledgedAt === null ? { acknowledgedAt: at, acknowledgedBy: context.principal.id } : null,
      ),
  }),
  assignAlarm: t.field({
    type: AlarmRef,
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError, ConflictError, ValidationError] },
    args: { input: t.arg({ type: AssignAlarmInput, required: true }) },
    resolve: (_root, { input: { id, assignee } }, context) => {
      const to = assignee?.trim() ?? null;
      if (to !== null && (to.length === 0 || to.length > 200))
        throw new ValidationError('input.assignee', 'Name somebody in 1 to 200 characters, or leave it out');
      return changeAlarm(
        context,
        id,
        to === null ? 'assigned to nobody' : `assigned to ${to}`,
        ({ assignedTo }) => (assignedTo === to ? null : { assignedTo: to }),
      );
    },
  }),
  suppressAlarm: t.field({
    type: AlarmRef,
    description: 'Nobody wants to hear of it until then.',
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError, ConflictError, ValidationError] },
    args: { input: t.arg({ type: SuppressAlarmInput, required: true }) },
    resolve: (_root, { input: { id, until, because } }, context) => {
      if (until.getTime() <= context.services.clock.now())
        throw new ValidationError('input.until', 'It has to lie in the future');
      return changeAlarm(context, id, `suppressed: ${because}`, () => ({
        suppressedUntil: until,
        suppressedBecause: because,
      }));
    },
  }),
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
  monitorInterface: t.field({
    type: InterfaceRef,
    description: 'Says whether the going down of a port is an alarm.',
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError] },
    args: { input: t.arg({ type: MonitorInterfaceInput, required: true }) },
    resolve: async (_root, { input: { id, monitored } }, { services, loaders }) => {
      if (!(await setMonitored(services.database, id, monitored))) throw new NotFoundError('Interface', id);
      const port = await loaders.interface.clear(id).load(id);
      if (port === null) throw new NotFoundError('Interface', id);
      return port;
    },
  }),
}));

/** Changes an alarm that is not cleared and tells of it; null changes nothing. */
async function changeAlarm(
  { services, principal, traceId }: NetworkContext,
  id: string,
  because: string,
  decide: (alarm: Alarm, at: Date) => Parameters<typeof updateAlarm>[2] | null,
): Promise<Alarm> {
  const now = services.clock.now();
  return services.database.transaction().execute(async (transaction) => {
    const before = await lockedAlarm(transaction, id);
    if (before === null) throw new NotFoundError('Alarm', id);
    if (before.clearedAt !== null) throw new ConflictError('CLEARED', 'The alarm is cleared');
    const change = decide(before, new Date(now));
    if (change === null) return before;
    const after = await updateAlarm(transaction, id, change);
    const [rule] = await alarmRulesById(transaction, [after.ruleId]);
    await appendEvents<TenantEvents>(transaction, [
      alarmEvent({ because }, after, rule?.name ?? after.ruleId, { at: now, actor: principal.id, traceId }),
    ]);
    return after;
  });
}
