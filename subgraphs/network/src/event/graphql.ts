import type { TenantDatabase } from '@dotmac/migrations';
import type { EventWithCursor } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Kysely } from 'kysely';
import { builder, type NetworkContext } from '../builder.ts';
import type { AccessChange } from '../change/store.ts';
import type { Device } from '../device/store.ts';
import { IncidentStateEnum } from '../incident/graphql.ts';
import { forgetLoaded } from '../loaders.ts';
import { SensorSeverityEnum } from '../sensor/graphql.ts';
import {
  AccessChangeRef,
  AccessChangeStateEnum,
  AlarmRef,
  DeviceRef,
  DeviceStateEnum,
  IncidentRef,
  InterfaceRef,
  SensorRef,
  ServiceRef,
  SessionRef,
  serviceOf,
} from '../types.ts';
import { standing } from './standing.ts';

type AnyEvent = EventWithCursor<TenantEvents>;
type Event<T extends keyof TenantEvents & string> = Extract<AnyEvent, { type: T }>;

/** What can be subscribed to: the event's type, the name in the graph, and the name of its object type. */
const kinds = {
  SESSION_STARTED: ['session.started', 'SessionStarted'],
  SESSION_UPDATED: ['session.updated', 'SessionUpdated'],
  SESSION_STOPPED: ['session.stopped', 'SessionStopped'],
  LOGIN_REJECTED: ['login.rejected', 'LoginRejected'],
  DEVICE_STATE_CHANGED: ['device.state.changed', 'DeviceStateChanged'],
  INTERFACE_STATE_CHANGED: ['interface.state.changed', 'InterfaceStateChanged'],
  SENSOR_STATE_CHANGED: ['sensor.state.changed', 'SensorStateChanged'],
  ACCESS_CHANGE_PROGRESSED: ['access.change.progressed', 'AccessChangeProgressed'],
  ALARM_RAISED: ['alarm.raised', 'AlarmRaised'],
  ALARM_UPDATED: ['alarm.updated', 'AlarmUpdated'],
  ALARM_CLEARED: ['alarm.cleared', 'AlarmCleared'],
  INCIDENT_OPENED: ['incident.opened', 'IncidentOpened'],
  INCIDENT_CHANGED: ['incident.updated', 'IncidentChanged'],
  INCIDENT_RESOLVED: ['incident.resolved', 'IncidentResolved'],
} as const satisfies Record<string, readonly [keyof TenantEvents, string]>;
type Kind = keyof typeof kinds;

const typeNames = new Map<string, string>(Object.values(kinds).map(([type, name]) => [type, name]));

const NetworkEventRef = builder.interfaceRef<AnyEvent>('NetworkEvent').implement({
  description: 'Something that happened in the network.',
  resolveType: (event) => typeNames.get(event.type),
  fields: (t) => ({
    cursor: t.expose('cursor', {
      type: 'Cursor',
      description: 'Give the last one received as `after` to go on from there.',
    }),
    occurredAt: t.expose('occurredAt', { type: 'DateTime' }),
    snapshot: t.expose('snapshot', {
      type: 'SnapshotPlace',
      nullable: true,
      description: 'Set on what stood when the stream began with `initial`; null for what happens.',
    }),
    subject: t.exposeString('subject', {
      description: 'The id of what it is about; events of one subject are in order.',
    }),
  }),
});
const interfaces = [NetworkEventRef];

type SessionEvent = Event<'session.started'> | Event<'session.updated'> | Event<'session.stopped'>;
const sessionOf = async ({ payload }: SessionEvent, { loaders }: NetworkContext) =>
  loaders.session.load(payload.sessionId);
// Fields of one name have one type in every kind of event, so that a client can ask for all kinds at once.

for (const name of ['SessionStarted', 'SessionUpdated'] as const) {
  builder.objectRef<Event<'session.started'> | Event<'session.updated'>>(name).implement({
    interfaces,
    fields: (t) => ({
      session: t.field({
        type: SessionRef,
        nullable: true,
        resolve: (event, _args, context) => sessionOf(event, context),
      }),
      service: t.field({
        type: ServiceRef,
        nullable: true,
        resolve: ({ payload }) => serviceOf(payload.serviceId),
      }),
    }),
  });
}

builder.objectRef<Event<'session.stopped'>>('SessionStopped').implement({
  interfaces,
  fields: (t) => ({
    session: t.field({
      type: SessionRef,
      nullable: true,
      resolve: (event, _args, context) => sessionOf(event, context),
    }),
    service: t.field({
      type: ServiceRef,
      nullable: true,
      resolve: ({ payload }) => serviceOf(payload.serviceId),
    }),
    cause: t.string({ resolve: ({ payload }) => payload.cause }),
  }),
});

builder.objectRef<Event<'login.rejected'>>('LoginRejected').implement({
  interfaces,
  fields: (t) => ({
    username: t.string({ resolve: ({ payload }) => payload.username }),
    service: t.field({
      type: ServiceRef,
      nullable: true,
      resolve: ({ payload }) => serviceOf(payload.serviceId),
    }),
    reason: t.string({ description: 'A stable code.', resolve: ({ payload }) => payload.reason }),
    nasAddress: t.field({ type: 'IPAddress', resolve: ({ payload }) => payload.nasAddress }),
    mac: t.field({ type: 'MAC', nullable: true, resolve: ({ payload }) => payload.mac }),
    count: t.int({
      description: 'Refusals since the event before, this one included.',
      resolve: ({ payload }) => payload.count,
    }),
  }),
});

builder.objectRef<Event<'device.state.changed'>>('DeviceStateChanged').implement({
  interfaces,
  fields: (t) => ({
    device: t.field({
      type: DeviceRef,
      nullable: true,
      resolve: async ({ payload }, _args, { loaders }): Promise<Device | null> =>
        loaders.device.load(payload.deviceId),
    }),
    fromState: t.field({ type: DeviceStateEnum, resolve: ({ payload }) => payload.from }),
    toState: t.field({ type: DeviceStateEnum, resolve: ({ payload }) => payload.to }),
    evidence: t.string({ resolve: ({ payload }) => payload.evidence }),
  }),
});

builder.objectRef<Event<'interface.state.changed'>>('InterfaceStateChanged').implement({
  interfaces,
  fields: (t) => ({
    interface: t.field({
      type: InterfaceRef,
      nullable: true,
      resolve: ({ payload }, _args, { loaders }) => loaders.interface.load(payload.interfaceId),
    }),
    device: t.field({
      type: DeviceRef,
      nullable: true,
      resolve: ({ payload }, _args, { loaders }) => loaders.device.load(payload.deviceId),
    }),
    fromStatus: t.string({ resolve: ({ payload }) => payload.from }),
    toStatus: t.string({ resolve: ({ payload }) => payload.to }),
  }),
});

builder.objectRef<Event<'sensor.state.changed'>>('SensorStateChanged').implement({
  interfaces,
  fields: (t) => ({
    sensor: t.field({
      type: SensorRef,
      nullable: true,
      resolve: ({ payload }, _args, { loaders }) => loaders.sensor.load(payload.sensorId),
    }),
    device: t.field({
      type: DeviceRef,
      nullable: true,
      resolve: ({ payload }, _args, { loaders }) => loaders.device.load(payload.deviceId),
    }),
    fromSeverity: t.field({ type: SensorSeverityEnum, resolve: ({ payload }) => payload.from }),
    toSeverity: t.field({ type: SensorSeverityEnum, resolve: ({ payload }) => payload.to }),
    text: t.string({
      nullable: true,
      description: 'The name of its state now.',
      resolve: ({ payload }) => payload.text,
    }),
  }),
});

builder.objectRef<Event<'access.change.progressed'>>('AccessChangeProgressed').implement({
  interfaces,
  fields: (t) => ({
    change: t.field({
      type: AccessChangeRef,
      nullable: true,
      resolve: async ({ payload }, _args, { loaders }): Promise<AccessChange | null> =>
        loaders.change.load(payload.changeId),
    }),
    service: t.field({
      type: ServiceRef,
      nullable: true,
      resolve: ({ payload }) => serviceOf(payload.serviceId),
    }),
    state: t.field({
      type: AccessChangeStateEnum,
      description: 'At this event; the change itself may have gone on.',
      resolve: ({ payload }) => payload.state,
    }),
    evidence: t.string({ resolve: ({ payload }) => payload.evidence }),
  }),
});

type AlarmEvent = Event<'alarm.raised'> | Event<'alarm.updated'> | Event<'alarm.cleared'>;
for (const name of ['AlarmRaised', 'AlarmUpdated', 'AlarmCleared'] as const) {
  builder.objectRef<AlarmEvent>(name).implement({
    interfaces,
    fields: (t) => ({
      alarm: t.field({
        type: AlarmRef,
        nullable: true,
        resolve: ({ payload }, _args, { loaders }) => loaders.alarm.load(payload.alarmId),
      }),
      device: t.field({
        type: DeviceRef,
        nullable: true,
        resolve: ({ payload }, _args, { loaders }) => loaders.device.load(payload.deviceId),
      }),
      evidence: t.string({ resolve: ({ payload }) => payload.evidence }),
      because: t.string({
        nullable: true,
        resolve: ({ payload }) => ('because' in payload ? payload.because : null),
      }),
    }),
  });
}

type IncidentEvent = Event<'incident.opened'> | Event<'incident.updated'> | Event<'incident.resolved'>;
for (const name of ['IncidentOpened', 'IncidentChanged', 'IncidentResolved'] as const) {
  builder.objectRef<IncidentEvent>(name).implement({
    interfaces,
    fields: (t) => ({
      incident: t.field({
        type: IncidentRef,
        nullable: true,
        resolve: ({ payload }, _args, { loaders }) => loaders.incident.load(payload.incidentId),
      }),
      incidentState: t.field({
        type: IncidentStateEnum,
        description: 'At this event; the incident itself may have gone on.',
        resolve: ({ payload }) => payload.state,
      }),
      affectedServiceCount: t.int({ resolve: ({ payload }) => payload.affectedServices }),
      because: t.string({
        nullable: true,
        resolve: ({ payload }) => ('because' in payload ? payload.because : null),
      }),
    }),
  });
}

const KindEnum = builder.enumType('NetworkEventType', { values: Object.keys(kinds) as [Kind, ...Kind[]] });

builder.subscriptionField('networkEvents', (t) =>
  t.field({
    type: NetworkEventRef,
    description: 'What happens in the network, in order and without gaps; from now on, or after a cursor.',
    authScopes: { scope: 'network:read' },
    args: {
      after: t.arg({ type: 'Cursor' }),
      initial: t.arg.boolean({
        description:
          'Begin with what stands, each as the event that would have brought it about: live sessions, devices, ports, parts that are not well, changes on their way, active alarms and open incidents.',
      }),
      types: t.arg({ type: [KindEnum] }),
    },
    subscribe: (_root, { after, initial, types }, { services }) => {
      const kindsChosen = types == null || types.length === 0 ? (Object.keys(kinds) as Kind[]) : types;
      const chosen = kindsChosen.map((kind) => kinds[kind][0]);
      return services.events.subscribe({
        after,
        types: chosen,
        initial: {
          wanted: initial === true,
          read: (transaction: Kysely<TenantDatabase>) => standing(transaction, chosen, services.clock.now()),
        },
      }) as never;
    },
    resolve: (event, _args, { loaders }) => {
      forgetLoaded(loaders);
      return event as AnyEvent;
    },
  }),
);
