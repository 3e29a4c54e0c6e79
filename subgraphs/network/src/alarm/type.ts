import { type ResolveCursorConnectionArgs, resolveCursorConnection } from '@pothos/plugin-relay';
import { builder } from '../builder.ts';
import { deviceOfRow, interfaceOfRow } from '../port-fields.ts';
import {
  AlarmRef,
  AlarmRuleRef,
  DeviceGroupRef,
  DeviceRef,
  SensorRef,
  ServiceRef,
  SiteRef,
} from '../types.ts';
import { affectedPage, reachesOf } from './affected.ts';
import { alarmMetrics, alarmStateOf, alarmStates, severities } from './rules.ts';

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
    device: t.field({
      ...deviceOfRow,
      description: 'It holds there; a rule without device, site and group holds everywhere.',
    }),
    site: t.field({
      type: SiteRef,
      nullable: true,
      resolve: ({ siteId }, _args, { loaders }) => (siteId === null ? null : loaders.site.load(siteId)),
    }),
    group: t.field({
      type: DeviceGroupRef,
      nullable: true,
      resolve: ({ groupId }, _args, { loaders }) =>
        groupId === null ? null : loaders.deviceGroup.load(groupId),
    }),
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
    device: t.field(deviceOfRow),
    interface: t.field(interfaceOfRow),
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
    affectedServiceCount: t.int({
      description: 'Whom it concerns while it is open: none once it is cleared.',
      resolve: async ({ id }, _args, { loaders }) => (await loaders.affectedByAlarm.load(id))?.services ?? 0,
    }),
    affectedServices: t.connection({
      type: ServiceRef,
      description:
        'Of a customer’s equipment himself; of a port those who are seen there and behind devices that hang on it alone; otherwise everybody whose way leads through the device.',
      resolve: (alarm, args, { services }) =>
        resolveCursorConnection(
          { args, defaultSize: 50, maxSize: 1_000, toCursor: ({ id }: { readonly id: string }) => id },
          async ({ before, after, limit, inverted }: ResolveCursorConnectionArgs) => {
            const reaches = await reachesOf(services.database, [alarm]);
            const page = { limit, inverted, after, before };
            return (await affectedPage(services.database, reaches, page)).map(({ serviceId }) => ({
              id: serviceId,
            }));
          },
        ),
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

builder.objectField(DeviceRef, 'alarms', (t) =>
  t.field({
    type: [AlarmRef],
    description: 'Those that are not cleared.',
    resolve: async ({ id }, _args, { loaders }) => [...(await loaders.alarmsOfDevice.load(id))],
  }),
);
