import type { DeviceSensor, Observed } from '@dotmac/device';
import { appendEvents, type NewEvent, newId } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import { judgeSensors } from '../alarm/sensors.ts';
import type { NetworkServices } from '../builder.ts';
import { lockedDevice } from '../device/store.ts';
import { sensorChanged } from './events.ts';
import { severityOf } from './rules.ts';
import { markGone, type Sensor, sensorsOfDevices, writeSensors } from './store.ts';

const actor = 'system:monitor';

export interface SensorsRead {
  readonly sensors: readonly Observed<DeviceSensor>[];
  /** Nothing was broken off: what is missing is gone. */
  readonly complete: boolean;
  /** They are read only now and then. */
  readonly seldom: boolean;
  readonly over: string;
}

/** Writes what was read of a device's sensors: readings, samples, changes of state and alarms, in one transaction. */
export async function recordSensors(
  services: NetworkServices,
  deviceId: string,
  { sensors, complete, seldom, over }: SensorsRead,
): Promise<void> {
  const { clock, database } = services;
  await database.transaction().execute(async (transaction) => {
    if ((await lockedDevice(transaction, deviceId)) === null) return;
    const known = new Map((await sensorsOfDevices(transaction, [deviceId])).map((row) => [row.key, row]));
    const rows = sensors.map((seen) =>
      rowOf(seen, known.get(seen.value.key) ?? null, { deviceId, seldom, newSensorId: newId('sen', clock) }),
    );
    await writeSensors(transaction, rows);
    const read = new Set(rows.map(({ key }) => key));
    const gone = complete
      ? [...known.values()].filter((row) => row.seldom === seldom && !read.has(row.key)).map(({ id }) => id)
      : [];
    await markGone(transaction, gone, new Date(clock.now()));
    const changes = rows.flatMap((row): NewEvent<TenantEvents>[] => {
      const before = known.get(row.key)?.severity ?? null;
      return before === null || before === row.severity
        ? []
        : [sensorChanged(row, before, { at: row.readAt.getTime(), actor })];
    });
    const alarms = await judgeSensors(transaction, clock, deviceId, {
      rows,
      gone: new Set(gone),
      source: `sensors over ${over}`,
    });
    await appendEvents<TenantEvents>(transaction, [...changes, ...alarms]);
  });
}

function rowOf(
  { value: seen, observedAt, source }: Observed<DeviceSensor>,
  before: Sensor | null,
  about: { readonly deviceId: string; readonly seldom: boolean; readonly newSensorId: string },
): Sensor {
  const readAt = new Date(observedAt);
  const severity = seen.severity === null ? null : severityOf(seen.severity);
  const same = before !== null && before.severity === severity;
  return {
    id: before?.id ?? about.newSensorId,
    deviceId: about.deviceId,
    key: seen.key,
    kind: seen.kind === 'radio' ? 'RADIO' : 'SENSOR',
    class: seen.class,
    name: seen.name,
    value: seen.value,
    unit: seen.unit,
    text: seen.text,
    severity,
    severitySince: severity === null ? null : same ? before.severitySince : readAt,
    wellAt: severity === 'OK' ? readAt : (before?.wellAt ?? null),
    lowCritical: seen.limits?.lowCritical ?? null,
    lowWarning: seen.limits?.lowWarning ?? null,
    highWarning: seen.limits?.highWarning ?? null,
    highCritical: seen.limits?.highCritical ?? null,
    seldom: about.seldom,
    source,
    readAt,
    goneSince: null,
  };
}
