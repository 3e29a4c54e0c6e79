import { builder } from '../builder.ts';
import { type WindowPlan, type WindowWanted, windowPlan, windowWanted } from '../interface/traffic.ts';
import { deviceOfRow } from '../port-fields.ts';
import { AlarmRef, DeviceRef, SensorRef } from '../types.ts';
import { sensorKinds, sensorResolutions, sensorSeverities } from './rules.ts';
import { type SensorPoint, sensorHistory } from './store.ts';

const mostPoints = 2_000;

const SensorKindEnum = builder.enumType('SensorKind', {
  description: 'RADIO: of a wireless or microwave link. SENSOR: everything else, states and optics included.',
  values: sensorKinds,
});
export const SensorSeverityEnum = builder.enumType('SensorSeverity', {
  description: 'How bad a state is, as the profile of the device says.',
  values: sensorSeverities,
});

const SensorPointRef = builder.objectRef<SensorPoint>('SensorPoint').implement({
  description: 'Readings over a span. A span without a point was not measured.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'Where the span begins.' }),
    mean: t.exposeFloat('mean'),
    min: t.exposeFloat('min'),
    max: t.exposeFloat('max'),
  }),
});

const SensorHistoryRef = builder
  .objectRef<{ sensorId: string; window: WindowWanted; plan: WindowPlan }>('SensorHistory')
  .implement({
    fields: (t) => ({
      resolutionSeconds: t.int({ resolve: ({ plan }) => plan.bucketSeconds }),
      points: t.field({
        type: [SensorPointRef],
        resolve: ({ sensorId, window, plan }, _args, { services }) =>
          sensorHistory(services.database, sensorId, window, plan),
      }),
    }),
  });

SensorRef.implement({
  description: 'Something a device measures, or a state it is in, as last read.',
  authScopes: { scope: 'network:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    device: t.field(deviceOfRow),
    kind: t.expose('kind', { type: SensorKindEnum }),
    class: t.exposeString('class', {
      description: 'Such as `temperature`, `voltage`, `dbm`, `state`, `rssi`.',
    }),
    name: t.exposeString('name'),
    value: t.exposeFloat('value', { description: 'In `unit`; of a state, the device’s own number of it.' }),
    unit: t.exposeString('unit', { nullable: true }),
    text: t.exposeString('text', { nullable: true, description: 'Of a state: its name.' }),
    severity: t.expose('severity', { type: SensorSeverityEnum, nullable: true, description: 'Of a state.' }),
    severitySince: t.expose('severitySince', { type: 'DateTime', nullable: true }),
    lowCritical: t.exposeFloat('lowCritical', { nullable: true, description: 'The device’s own limits.' }),
    lowWarning: t.exposeFloat('lowWarning', { nullable: true }),
    highWarning: t.exposeFloat('highWarning', { nullable: true }),
    highCritical: t.exposeFloat('highCritical', { nullable: true }),
    source: t.exposeString('source'),
    readAt: t.expose('readAt', { type: 'DateTime' }),
    fresh: t.boolean({
      description: 'Read within two and a half of its intervals; what is not fresh is not known.',
      resolve: (sensor, _args, { services, sensors }) => sensors.isFresh(sensor, services.clock.now()),
    }),
    goneSince: t.expose('goneSince', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when the device answers without it.',
    }),
    alarms: t.field({
      type: [AlarmRef],
      description: 'Those about it that are not cleared.',
      resolve: async ({ id, deviceId }, _args, { loaders }) =>
        (await loaders.alarmsOfDevice.load(deviceId)).filter(({ sensorId }) => sensorId === id),
    }),
    history: t.field({
      type: SensorHistoryRef,
      description: `Readings in a window, in at most \`points\` points (2 to ${mostPoints}); as read for 62 days, by the hour for 400, by the day for five years.`,
      args: {
        from: t.arg({ type: 'DateTime', required: true }),
        to: t.arg({ type: 'DateTime', required: true }),
        points: t.arg.int({ defaultValue: 300 }),
      },
      resolve: ({ id }, args, { services }) => {
        const window = windowWanted(args, mostPoints);
        return { sensorId: id, window, plan: windowPlan(sensorResolutions, window, services.clock.now()) };
      },
    }),
  }),
});

builder.objectField(DeviceRef, 'sensors', (t) =>
  t.field({
    type: [SensorRef],
    description: 'What it measures and the states of its parts; by kind, class and name.',
    args: {
      kind: t.arg({ type: SensorKindEnum, description: 'Both when left out.' }),
      class: t.arg.string({ description: 'Such as `temperature`; all when left out.' }),
      gone: t.arg.boolean({ description: 'With those that the device answers without.' }),
    },
    resolve: async ({ id }, { kind, class: wanted, gone }, { loaders }) =>
      (await loaders.sensorsOfDevice.load(id)).filter(
        (sensor) =>
          (kind == null || sensor.kind === kind) &&
          (wanted == null || sensor.class === wanted) &&
          (gone === true || sensor.goneSince === null),
      ),
  }),
);
