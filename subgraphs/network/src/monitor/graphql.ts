import { builder } from '../builder.ts';
import type { Device } from '../device/store.ts';
import type { PlannedSensors, SensorReadingKind } from '../sensor/plan.ts';
import { DeviceRef, ManagementProtocolEnum } from '../types.ts';
import type { PlannedReading, ReadingKind } from './plan.ts';
import type { PollingView } from './poller.ts';

const timeOf = (at: number | null) => (at === null ? null : new Date(at));

const PollingLaneEnum = builder.enumType('PollingLane', {
  description:
    'FAST: it answers and is read every interval. SLOW: it did not answer; it is asked one cheap question, in growing pauses.',
  values: ['FAST', 'SLOW'] as const,
});

const kinds = {
  identity: 'IDENTITY',
  health: 'HEALTH',
  interfaces: 'INTERFACES',
  sensors: 'SENSORS',
  lineSensors: 'LINE_SENSORS',
} as const satisfies Record<ReadingKind | SensorReadingKind, string>;
const ReadingKindEnum = builder.enumType('PlannedReadingKind', {
  description: 'LINE_SENSORS: optics of a line card, which suffers from being asked.',
  values: Object.values(kinds),
});

const PlannedReadingRef = builder.objectRef<PlannedReading | PlannedSensors>('PlannedReading').implement({
  fields: (t) => ({
    kind: t.field({
      type: ReadingKindEnum,
      resolve: ({ kind }) => kinds[kind],
    }),
    protocol: t.field({
      type: ManagementProtocolEnum,
      resolve: ({ protocol }) => protocol.toUpperCase() as 'SNMP' | 'ROUTEROS',
    }),
    everySeconds: t.float({ resolve: ({ everyMilliseconds }) => everyMilliseconds / 1_000 }),
  }),
});

const DevicePollingRef = builder.objectRef<PollingView>('DevicePolling').implement({
  description: 'How a device is polled, as seen by the process that does it.',
  fields: (t) => ({
    lane: t.field({ type: PollingLaneEnum, resolve: ({ lane }) => (lane === 'fast' ? 'FAST' : 'SLOW') }),
    nextAt: t.field({ type: 'DateTime', resolve: ({ dueAt }) => new Date(dueAt) }),
    runningSince: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'While a poll is under way.',
      resolve: ({ startedAt }) => timeOf(startedAt),
    }),
    tookSeconds: t.float({
      nullable: true,
      description: 'The last poll, from its first question to what was written of it.',
      resolve: ({ lastTook }) => (lastTook === null ? null : Math.round(lastTook) / 1_000),
    }),
    missedPolls: t.int({ resolve: ({ misses }) => misses }),
    overruns: t.exposeInt('overruns', {
      description:
        'Polls left out since the process began, because the one before took longer than the interval.',
    }),
    overranAt: t.field({ type: 'DateTime', nullable: true, resolve: ({ overranAt }) => timeOf(overranAt) }),
    plan: t.field({
      type: [PlannedReadingRef],
      description: 'What is read and how often, derived from what the device showed it has.',
      resolve: ({ plan }) => [...plan],
    }),
  }),
});

builder.objectField(DeviceRef, 'polling', (t) =>
  t.field({
    type: DevicePollingRef,
    nullable: true,
    description: 'Null for a device without a management address, and where this process does not poll.',
    resolve: ({ id }, _args, { poller }) => poller.view(id),
  }),
);

const PollingOverviewRef = builder
  .objectRef<{ readonly fast: number; readonly slow: number; readonly inFlight: number }>('PollingOverview')
  .implement({
    fields: (t) => ({
      fast: t.exposeInt('fast', { description: 'Devices that answer.' }),
      slow: t.exposeInt('slow', { description: 'Devices that did not answer when last asked.' }),
      inFlight: t.exposeInt('inFlight'),
      overrunning: t.field({
        type: [DeviceRef],
        description: 'Devices whose polls take longer than their interval.',
        resolve: async (_overview, _args, { poller, loaders }) =>
          (await Promise.all(poller.overrunning().map((id) => loaders.device.load(id)))).filter(
            (device): device is Device => device !== null,
          ),
      }),
    }),
  });

builder.queryField('polling', (t) =>
  t.field({
    type: PollingOverviewRef,
    description: 'How the poller is doing.',
    authScopes: { scope: 'network:read' },
    resolve: (_root, _args, { poller: { lanes } }) => ({
      fast: lanes.count('fast'),
      slow: lanes.count('slow'),
      inFlight: lanes.inFlight,
    }),
  }),
);
