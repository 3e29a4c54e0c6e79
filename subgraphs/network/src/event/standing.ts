import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor, NewEvent } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import { alarmEvent } from '../alarm/events.ts';
import { allActiveAlarms } from '../alarm/store.ts';
import { progressEvent } from '../change/events.ts';
import { pendingChanges } from '../change/store.ts';
import { stateChanged } from '../device/events.ts';
import { allDevices } from '../device/store.ts';
import { incidentOpened } from '../incident/events.ts';
import { openIncidents } from '../incident/store.ts';
import { allInterfaces } from '../interface/store.ts';
import { sensorChanged } from '../sensor/events.ts';
import { ailingSensors } from '../sensor/store.ts';
import { sessionEvent } from '../session/events.ts';
import { liveSessions } from '../session/store.ts';

const actor = 'system:snapshot';

type Type = keyof TenantEvents & string;
type Reader = (db: Executor<TenantDatabase>, now: number) => Promise<NewEvent<TenantEvents>[]>;

/** How the present is told, by the type of event that it is told as. */
const readers: Partial<Record<Type, Reader>> = {
  'device.state.changed': async (db) =>
    (await allDevices(db)).map((device) => stateChanged(device, device, device.stateSince.getTime(), actor)),
  'interface.state.changed': async (db, now) =>
    (await allInterfaces(db)).map(({ id, deviceId, name, operStatus, operStatusSince }) => ({
      type: 'interface.state.changed',
      subject: deviceId,
      payload: {
        deviceId,
        interfaceId: id,
        name,
        from: operStatus ?? 'unknown',
        to: operStatus ?? 'unknown',
      },
      occurredAt: operStatusSince?.getTime() ?? now,
      actor,
    })),
  'sensor.state.changed': async (db, now) =>
    (await ailingSensors(db)).map((sensor) =>
      sensorChanged(sensor, sensor.severity ?? 'UNKNOWN', {
        at: sensor.severitySince?.getTime() ?? now,
        actor,
      }),
    ),
  'session.started': async (db) =>
    (await liveSessions(db, null)).map((session) => sessionEvent('STARTED', session, actor)),
  'access.change.progressed': async (db) =>
    (await pendingChanges(db)).map((change) => progressEvent(change, change.progressedAt.getTime())),
  'alarm.raised': async (db) =>
    (await allActiveAlarms(db)).map((alarm) =>
      alarmEvent({ type: 'alarm.raised' }, alarm, alarm.ruleId, { at: alarm.raisedAt.getTime(), actor }),
    ),
  'incident.opened': async (db) =>
    (await openIncidents(db)).map((incident) =>
      incidentOpened(incident, incident.startedAt.getTime(), actor),
    ),
};

/** What stands now, told as events of these types. Types that only tell of changes, such as refused logins, tell nothing. */
export async function standing(
  db: Executor<TenantDatabase>,
  types: readonly Type[],
  now: number,
): Promise<NewEvent<TenantEvents>[]> {
  const told: NewEvent<TenantEvents>[] = [];
  for (const [type, read] of Object.entries(readers))
    if (types.includes(type as Type)) told.push(...(await read(db, now)));
  return told;
}
