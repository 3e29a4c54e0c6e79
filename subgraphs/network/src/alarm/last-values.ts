import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { customerLinksOfDevices } from '../customer-link/store.ts';
import { usualLevels } from '../customer-link/usual.ts';
import type { Device } from '../device/store.ts';
import { interfacesOfDevices } from '../interface/store.ts';
import { sensorsOfDevices } from '../sensor/store.ts';
import type { AlarmValue } from './apply.ts';
import { customerValues } from './customers.ts';
import type { WouldBeAlarm } from './effects.ts';
import { percentValue, portValue } from './judge.ts';
import type { AlarmMetric } from './rules.ts';
import { sensorValues } from './sensors.ts';

/** What was last read of devices that rules about a metric are held against. */
export async function lastValues(
  db: Executor<TenantDatabase>,
  metric: AlarmMetric,
  devices: readonly Device[],
  now: Date,
): Promise<WouldBeAlarm[]> {
  if (devices.length === 0) return [];
  const ids = devices.map(({ id }) => id);
  const fits = (value: AlarmValue) => value.metric === metric;
  if (metric === 'PROCESSOR_PERCENT')
    return devices.flatMap(({ id, processorPercent }) =>
      found(id, percentValue(metric, 'processor', processorPercent)),
    );
  if (metric === 'MEMORY_PERCENT')
    return devices.flatMap(({ id, memoryUsedBytes: used, memoryTotalBytes: total }) => {
      const share = used === null || Number(total ?? 0) === 0 ? null : (100 * Number(used)) / Number(total);
      return found(id, percentValue(metric, 'memory', share));
    });
  if (metric === 'INTERFACE_DOWN')
    return (await interfacesOfDevices(db, ids))
      .filter(({ monitored }) => monitored)
      .flatMap((port) => found(port.deviceId, portValue(port.id, port)));
  if (metric.startsWith('SENSOR_'))
    return (await sensorsOfDevices(db, ids))
      .filter(({ goneSince }) => goneSince === null)
      .flatMap((sensor) => found(sensor.deviceId, ...sensorValues(sensor).filter(fits)));
  const links = await customerLinksOfDevices(db, ids);
  const usual = await usualLevels(
    db,
    links.flatMap(({ serviceId }) => serviceId ?? []),
    now,
  );
  return links.flatMap((link) =>
    found(link.deviceId, ...customerValues(link, usual.get(link.serviceId ?? '') ?? null).filter(fits)),
  );
}

function found(deviceId: string, ...values: (AlarmValue | null)[]): WouldBeAlarm[] {
  return values.flatMap((value) => (value === null ? [] : [{ deviceId, value }]));
}
