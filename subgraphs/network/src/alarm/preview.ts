import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { customerLinksOfDevices } from '../customer-link/store.ts';
import { usualLevels } from '../customer-link/usual.ts';
import { allDevices, type Device } from '../device/store.ts';
import { interfacesOfDevices } from '../interface/store.ts';
import { sensorsOfDevices } from '../sensor/store.ts';
import { type AlarmValue, concerns } from './apply.ts';
import { customerValues } from './customers.ts';
import { percentValue, portValue } from './judge.ts';
import type { OwnRule } from './own-rule.ts';
import { isBad } from './rules.ts';
import { sensorValues } from './sensors.ts';

/** Something that a rule calls wrong as it was last read. */
export interface WouldBeAlarm {
  readonly deviceId: string;
  readonly value: AlarmValue;
}

/**
 * What a rule would call wrong if the next readings are as the last ones. Devices that do not answer are left out: of
 * them nothing is known.
 */
export async function wouldRaise(
  db: Executor<TenantDatabase>,
  rule: OwnRule,
  now: Date,
): Promise<WouldBeAlarm[]> {
  const answering = (await allDevices(db)).filter(({ state }) => state === 'ONLINE' || state === 'DEGRADED');
  if (answering.length === 0) return [];
  const values = await lastValues(db, rule, answering, now);
  return values.filter(({ value }) => concerns(rule, value) && isBad(rule, value.value));
}

async function lastValues(
  db: Executor<TenantDatabase>,
  { metric }: OwnRule,
  devices: readonly Device[],
  now: Date,
): Promise<WouldBeAlarm[]> {
  const ids = devices.map(({ id }) => id);
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
      .flatMap((sensor) => sensorValues(sensor).map((value) => ({ deviceId: sensor.deviceId, value })));
  const links = await customerLinksOfDevices(db, ids);
  const usual = await usualLevels(
    db,
    links.flatMap(({ serviceId }) => serviceId ?? []),
    now,
  );
  return links.flatMap((link) =>
    customerValues(link, usual.get(link.serviceId ?? '') ?? null).map((value) => ({
      deviceId: link.deviceId,
      value,
    })),
  );
}

function found(deviceId: string, value: AlarmValue | null): WouldBeAlarm[] {
  return value === null ? [] : [{ deviceId, value }];
}
