import type { DeviceHealth, DeviceInterface } from '@dotmac/device';
import type { TenantDatabase } from '@dotmac/migrations';
import type { Clock, NewEvent } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import type { Device } from '../device/store.ts';
import type { NetworkInterface } from '../interface/store.ts';
import { type AlarmValue, applyRules } from './apply.ts';
import type { AlarmMetric } from './rules.ts';
import type { Alarm, AlarmRule } from './store.ts';

/** What a poll read, as alarms see it. */
export interface AlarmReadings {
  readonly health: DeviceHealth | null;
  /** Read now, and as it was known before: that says which are monitored. */
  readonly interfaces: readonly DeviceInterface[];
  readonly known: readonly NetworkInterface[];
  readonly source: string;
}

/**
 * Holds a poll against the rules: raises, clears and marks as flapping, in the poll's transaction.
 * @returns the events, and in words what makes the device count as degraded; null when nothing does.
 */
export async function judgeAlarms(
  transaction: Transaction<TenantDatabase>,
  clock: Clock,
  device: Pick<Device, 'id'>,
  readings: AlarmReadings,
): Promise<{ readonly events: NewEvent<TenantEvents>[]; readonly degraded: string | null }> {
  if (readings.health === null && readings.interfaces.length === 0) return { events: [], degraded: null };
  return applyRules(transaction, {
    clock,
    deviceId: device.id,
    values: valuesOf(readings),
    source: readings.source,
    endOf: (alarm, rules) => (stillWatched(alarm, rules, readings) ? null : 'nobody watches it any more'),
  });
}

/** Whether its rule is still in force and its port still monitored. */
function stillWatched(
  { ruleId, interfaceId }: Alarm,
  rules: readonly AlarmRule[],
  { known }: AlarmReadings,
): boolean {
  if (!rules.some((rule) => rule.id === ruleId)) return false;
  if (interfaceId === null || known.length === 0) return true;
  return known.some((one) => one.id === interfaceId && one.monitored);
}

function valuesOf({ health, interfaces, known }: AlarmReadings): AlarmValue[] {
  const values: AlarmValue[] = [];
  const add = (value: AlarmValue | null) => {
    if (value !== null) values.push(value);
  };
  if (health !== null) {
    add(percentValue('PROCESSOR_PERCENT', 'processor', processorPercent(health)));
    add(percentValue('MEMORY_PERCENT', 'memory', memoryPercent(health)));
  }
  const monitored = new Map(known.filter((one) => one.monitored).map((one) => [one.stableKey, one.id]));
  for (const port of interfaces) {
    const interfaceId = monitored.get(port.stableKey);
    if (interfaceId !== undefined) add(portValue(interfaceId, port));
  }
  return values;
}

/** A share of a device as rules see it; null where it is not known. */
export function percentValue(metric: AlarmMetric, what: string, value: number | null): AlarmValue | null {
  return value === null ? null : { metric, about: null, value, words: `${what} at ${Math.round(value)} %` };
}

/** A monitored port as rules see it; null where its state is not known. One that was switched off is not broken. */
export function portValue(
  interfaceId: string,
  {
    name,
    operStatus,
    adminStatus,
  }: { readonly name: string; readonly operStatus: string | null; readonly adminStatus: string | null },
): AlarmValue | null {
  if (operStatus === null || operStatus === 'unknown') return null;
  const down = operStatus !== 'up' && operStatus !== 'dormant' && adminStatus !== 'down';
  const words = `${name} is ${operStatus}`;
  return { metric: 'INTERFACE_DOWN', about: { interfaceId }, value: down ? 1 : 0, words };
}

/** The mean over all processors, 0 to 100; null when the device tells of none. */
export function processorPercent({ processors }: DeviceHealth): number | null {
  if (processors.length === 0) return null;
  return processors.reduce((sum, { usagePercent }) => sum + usagePercent, 0) / processors.length;
}

/** Of the main memory, 0 to 100. */
function memoryPercent({ memory: [main] }: DeviceHealth): number | null {
  if (main === undefined) return null;
  if (main.usedBytes === null || main.totalBytes === null || main.totalBytes === 0n)
    return main.usedPercent ?? null;
  return Number((main.usedBytes * 1_000n) / main.totalBytes) / 10;
}
