import type { TenantDatabase } from '@dotmac/migrations';
import type { EventWithCursor } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Kysely } from 'kysely';
import { builder } from '../builder.ts';
import { forgetLoaded } from '../loaders.ts';
import {
  AccessChangeRef,
  AlarmRef,
  DeviceRef,
  IncidentRef,
  InterfaceRef,
  SensorRef,
  SessionRef,
} from '../types.ts';
import { standing } from './standing.ts';

type NetworkEvent = EventWithCursor<TenantEvents>;

/** What has a state, and the events that tell of a new one. */
const things = {
  ACCESS_CHANGE: ['access.change.progressed'],
  ALARM: ['alarm.raised', 'alarm.updated', 'alarm.cleared'],
  DEVICE: ['device.state.changed'],
  INCIDENT: ['incident.opened', 'incident.updated', 'incident.resolved'],
  INTERFACE: ['interface.state.changed'],
  SENSOR: ['sensor.state.changed'],
  SESSION: ['session.started', 'session.updated', 'session.stopped'],
} as const satisfies Record<string, readonly NetworkEvent['type'][]>;
type Kind = keyof typeof things;

/** Which thing an event is about. */
function thingOf({ type, payload }: NetworkEvent): readonly [kind: Kind, id: string] | null {
  if ('changeId' in payload) return ['ACCESS_CHANGE', payload.changeId];
  if ('alarmId' in payload) return ['ALARM', payload.alarmId];
  if ('incidentId' in payload) return ['INCIDENT', payload.incidentId];
  if ('interfaceId' in payload && type === 'interface.state.changed')
    return ['INTERFACE', payload.interfaceId];
  if ('sensorId' in payload && type === 'sensor.state.changed') return ['SENSOR', payload.sensorId];
  if ('sessionId' in payload) return ['SESSION', payload.sessionId];
  return 'deviceId' in payload && payload.deviceId !== null ? ['DEVICE', payload.deviceId] : null;
}

const idOf = (event: NetworkEvent, kind: Kind): string | null => {
  const thing = thingOf(event);
  return thing !== null && thing[0] === kind ? thing[1] : null;
};

const KindEnum = builder.enumType('NetworkThingKind', { values: Object.keys(things) as [Kind, ...Kind[]] });

const NetworkStateRef = builder.objectRef<NetworkEvent>('NetworkState').implement({
  description: 'The newest of one thing of the network. The field of its kind has it; the others are null.',
  fields: (t) => ({
    cursor: t.expose('cursor', { type: 'Cursor' }),
    occurredAt: t.expose('occurredAt', { type: 'DateTime' }),
    snapshot: t.expose('snapshot', {
      type: 'SnapshotPlace',
      nullable: true,
      description: 'Set on what stood when the stream began with `initial`; null for what changes.',
    }),
    id: t.id({
      description: 'Of the thing: newer takes the place of older.',
      resolve: (event) => thingOf(event)?.[1] ?? '',
    }),
    kind: t.field({ type: KindEnum, resolve: (event) => thingOf(event)?.[0] ?? 'DEVICE' }),
    accessChange: t.field({
      type: AccessChangeRef,
      nullable: true,
      resolve: (event, _args, { loaders }) => load(loaders.change, idOf(event, 'ACCESS_CHANGE')),
    }),
    alarm: t.field({
      type: AlarmRef,
      nullable: true,
      resolve: (event, _args, { loaders }) => load(loaders.alarm, idOf(event, 'ALARM')),
    }),
    device: t.field({
      type: DeviceRef,
      nullable: true,
      resolve: (event, _args, { loaders }) => load(loaders.device, idOf(event, 'DEVICE')),
    }),
    incident: t.field({
      type: IncidentRef,
      nullable: true,
      resolve: (event, _args, { loaders }) => load(loaders.incident, idOf(event, 'INCIDENT')),
    }),
    interface: t.field({
      type: InterfaceRef,
      nullable: true,
      resolve: (event, _args, { loaders }) => load(loaders.interface, idOf(event, 'INTERFACE')),
    }),
    sensor: t.field({
      type: SensorRef,
      nullable: true,
      resolve: (event, _args, { loaders }) => load(loaders.sensor, idOf(event, 'SENSOR')),
    }),
    session: t.field({
      type: SessionRef,
      nullable: true,
      resolve: (event, _args, { loaders }) => load(loaders.session, idOf(event, 'SESSION')),
    }),
  }),
});

async function load<T>(
  loader: { load(id: string): Promise<T | null> },
  id: string | null,
): Promise<T | null> {
  return id === null ? null : loader.load(id);
}

builder.subscriptionField('networkStates', (t) =>
  t.field({
    type: NetworkStateRef,
    description:
      'How things stand in the network, for a screen: whoever reads slowly gets the newest of each thing and may miss what was in between. `networkEvents` tells everything.',
    authScopes: { scope: 'network:read' },
    args: {
      after: t.arg({ type: 'Cursor', description: 'Go on after this; from now on without it.' }),
      initial: t.arg.boolean({
        description:
          'Begin with devices, ports, parts that are not well, live sessions, changes on their way, active alarms and open incidents.',
      }),
      kinds: t.arg({ type: [KindEnum], description: 'All when left out.' }),
    },
    subscribe: (_root, { after, initial, kinds }, { services }) => {
      const chosen = kinds == null || kinds.length === 0 ? (Object.keys(things) as Kind[]) : kinds;
      const types = chosen.flatMap((kind) => [...things[kind]]);
      return services.events.subscribe({
        after,
        types,
        initial: {
          wanted: initial === true,
          read: (transaction: Kysely<TenantDatabase>) => standing(transaction, types, services.clock.now()),
        },
      }) as never;
    },
    resolve: (event, _args, { loaders }) => {
      forgetLoaded(loaders);
      return event as NetworkEvent;
    },
  }),
);
