import type { DeviceHealth, DeviceInterface } from '@dotmac/device';
import type { TenantDatabase } from '@dotmac/migrations';
import { type Clock, type NewEvent, newId } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import type { Device } from '../device/store.ts';
import type { NetworkInterface } from '../interface/store.ts';
import { topology } from '../topology/store.ts';
import { alarmEvent } from './events.ts';
import {
  type AlarmMetric,
  calm,
  isActive,
  isFlapping,
  sameWatch,
  type Watch,
  watchReading,
} from './rules.ts';
import {
  type Alarm,
  type AlarmRule,
  activeAlarms,
  alarmRules,
  currentMaintenance,
  insertAlarm,
  saveWatches,
  updateAlarm,
  watchesOfDevice,
} from './store.ts';

const actor = 'system:alarms';

/** What a poll read, as alarms see it. */
export interface AlarmReadings {
  readonly health: DeviceHealth | null;
  /** Read now, and as it was known before: that says which are monitored. */
  readonly interfaces: readonly DeviceInterface[];
  readonly known: readonly NetworkInterface[];
  readonly source: string;
}

interface Value {
  readonly metric: AlarmMetric;
  /** An interface's id; empty for the device itself. */
  readonly part: string;
  readonly value: number;
  readonly words: string;
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
  const values = valuesOf(readings);
  if (readings.health === null && readings.interfaces.length === 0) return { events: [], degraded: null };
  const now = clock.now();
  const events: NewEvent<TenantEvents>[] = [];
  const rules = (await alarmRules(transaction)).filter((rule) => rule.enabled);
  const watches = new Map(
    (await watchesOfDevice(transaction, device.id)).map((row) => [keyOf(row.ruleId, row.part), row]),
  );
  const judged = rules.flatMap((rule) =>
    values
      .filter((value) => value.metric === rule.metric)
      .map((value) => {
        const before: Watch = watches.get(keyOf(rule.id, value.part)) ?? calm;
        return { rule, value, before, after: watchReading(rule, before, value.value, now) };
      }),
  );
  await saveWatches(
    transaction,
    device.id,
    judged
      .filter(({ before, after }) => !sameWatch(before, after))
      .map(({ rule, value, after }) => ({ ...after, ruleId: rule.id, part: value.part })),
  );
  const open = await activeAlarms(transaction, [device.id]);
  const degraded: string[] = [];
  for (const { rule, value, after } of judged) {
    const alarm =
      open.find((one) => one.ruleId === rule.id && (one.interfaceId ?? '') === value.part) ?? null;
    const told = await bring(transaction, {
      clock,
      now,
      deviceId: device.id,
      readings,
      rule,
      value,
      after,
      alarm,
    });
    if (told !== null) events.push(told);
    if (rule.degrades && after.raised) degraded.push(`${rule.name}: ${value.words}`);
  }
  for (const alarm of open) {
    if (stillWatched(alarm, rules, readings)) continue;
    const part = alarm.interfaceId ?? '';
    await saveWatches(transaction, device.id, [{ ...calm, ruleId: alarm.ruleId, part }]);
    const at = new Date(now);
    const evidence = 'nobody watches it any more';
    const cleared = await updateAlarm(transaction, alarm.id, { clearedAt: at, changedAt: at, evidence });
    events.push(alarmEvent({ type: 'alarm.cleared' }, cleared, alarm.ruleId, { at: now, actor }));
  }
  return { events, degraded: degraded.length === 0 ? null : degraded.join('; ') };
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

interface Judged {
  readonly clock: Clock;
  readonly now: number;
  readonly deviceId: string;
  readonly readings: AlarmReadings;
  readonly rule: AlarmRule;
  readonly value: Value;
  readonly after: Watch;
  readonly alarm: Alarm | null;
}

/** Brings an alarm to what its watch says. */
async function bring(
  transaction: Transaction<TenantDatabase>,
  { clock, now, deviceId, readings, rule, value, after, alarm }: Judged,
): Promise<NewEvent<TenantEvents> | null> {
  const about = { at: now, actor };
  const at = new Date(now);
  const flapping = isFlapping(after, now);
  if (alarm === null) {
    if (!isActive(after, now)) return null;
    const path = (await topology(transaction)).pathFrom(deviceId);
    const work = await currentMaintenance(transaction, path, at);
    const raised = await insertAlarm(transaction, {
      id: newId('alm', clock),
      ruleId: rule.id,
      deviceId,
      interfaceId: value.part === '' ? null : value.part,
      severity: rule.severity,
      evidence: value.words,
      source: readings.source,
      raisedAt: at,
      changedAt: at,
      flapping,
      suppressedUntil: work?.endsAt ?? null,
      suppressedBecause: work?.because ?? null,
    });
    return alarmEvent({ type: 'alarm.raised' }, raised, rule.name, about);
  }
  if (!isActive(after, now)) {
    const cleared = await updateAlarm(transaction, alarm.id, {
      clearedAt: at,
      changedAt: at,
      flapping,
      evidence: value.words,
    });
    return alarmEvent({ type: 'alarm.cleared' }, cleared, rule.name, about);
  }
  if (alarm.flapping === flapping) return null;
  const changed = await updateAlarm(transaction, alarm.id, { flapping, changedAt: at });
  return alarmEvent({ because: flapping ? 'it is flapping' : 'it flaps no more' }, changed, rule.name, about);
}

function valuesOf({ health, interfaces, known }: AlarmReadings): Value[] {
  const values: Value[] = [];
  const percent = (metric: AlarmMetric, what: string, value: number | null) => {
    if (value !== null) values.push({ metric, part: '', value, words: `${what} at ${Math.round(value)} %` });
  };
  if (health !== null) {
    percent('PROCESSOR_PERCENT', 'processor', processorPercent(health));
    percent('MEMORY_PERCENT', 'memory', memoryPercent(health));
  }
  const monitored = new Map(known.filter((one) => one.monitored).map((one) => [one.stableKey, one.id]));
  for (const { stableKey, name, operStatus, adminStatus } of interfaces) {
    const part = monitored.get(stableKey);
    // Nothing is said of a port whose state is not known, and one that was switched off is not broken.
    if (part === undefined || operStatus === null || operStatus === 'unknown') continue;
    const down = operStatus !== 'up' && operStatus !== 'dormant' && adminStatus !== 'down';
    values.push({ metric: 'INTERFACE_DOWN', part, value: down ? 1 : 0, words: `${name} is ${operStatus}` });
  }
  return values;
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

function keyOf(ruleId: string, part: string): string {
  return `${ruleId} ${part}`;
}
