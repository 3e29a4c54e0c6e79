import type { TenantDatabase } from '@dotmac/migrations';
import { type Clock, type NewEvent, newId } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { standings } from '../device-group/store.ts';
import { coveringWork } from '../maintenance/rules.ts';
import { currentMaintenance, type MaintenanceWindow } from '../maintenance/store.ts';
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
import { type AlarmScope, inForce, nearness, type Standing, sameSide } from './scope.ts';
import {
  type Alarm,
  type AlarmAbout,
  type AlarmRule,
  activeAlarms,
  alarmRules,
  columnsOf,
  insertAlarm,
  partOf,
  saveWatches,
  updateAlarm,
  watchesOfDevice,
} from './store.ts';

const actor = 'system:alarms';

/** One thing that was read, as rules see it. */
export interface AlarmValue {
  readonly metric: AlarmMetric;
  /** What of the device it is about. */
  readonly about: AlarmAbout | null;
  readonly value: number;
  readonly words: string;
  /** Of a reading that rules may choose by what it measures and its name. */
  readonly sensor?: { readonly class: string; readonly name: string };
}

export interface Judgement {
  readonly clock: Clock;
  readonly deviceId: string;
  readonly values: readonly AlarmValue[];
  readonly source: string;
  /** Why an open alarm of the device is nobody's any more; null keeps it. */
  readonly endOf: (alarm: Alarm, rules: readonly AlarmRule[]) => string | null;
}

/**
 * Holds values against the rules: raises, clears and marks as flapping.
 * @returns the events, and in words what makes the device count as degraded; null when nothing does.
 */
export async function applyRules(
  transaction: Transaction<TenantDatabase>,
  judgement: Judgement,
): Promise<{ readonly events: NewEvent<TenantEvents>[]; readonly degraded: string | null }> {
  const { clock, deviceId, values, endOf } = judgement;
  const now = clock.now();
  const events: NewEvent<TenantEvents>[] = [];
  const enabled = (await alarmRules(transaction)).filter((rule) => rule.enabled);
  const standing = await standingFor(transaction, deviceId, enabled);
  const rules = enabled.filter((rule) => nearness(rule, standing) !== null);
  const byMetric = Map.groupBy(rules, ({ metric }) => metric);
  const watches = new Map(
    (await watchesOfDevice(transaction, deviceId)).map((row) => [keyOf(row.ruleId, row.part), row]),
  );
  const judged = values.flatMap((value) =>
    inForce(byMetric.get(value.metric) ?? [], value, standing).map((rule) => {
      const part = partOf(columnsOf(value.about));
      const before: Watch = watches.get(keyOf(rule.id, part)) ?? calm;
      return { rule, value, part, before, after: watchReading(rule, before, value.value, now) };
    }),
  );
  await saveWatches(
    transaction,
    deviceId,
    judged
      .filter(({ before, after }) => !sameWatch(before, after))
      .map(({ rule, part, after }) => ({ ...after, ruleId: rule.id, part })),
  );
  const open = new Map(
    (await activeAlarms(transaction, [deviceId])).map((alarm) => [keyOf(alarm.ruleId, partOf(alarm)), alarm]),
  );
  let planned: Promise<MaintenanceWindow | null> | undefined;
  const plannedWork = () => {
    planned ??= workOnTheWay(transaction, deviceId, now);
    return planned;
  };
  const degraded: string[] = [];
  for (const { rule, value, part, after } of judged) {
    const alarm = open.get(keyOf(rule.id, part)) ?? null;
    const told = await bring(transaction, { ...judgement, now, rule, value, after, alarm, plannedWork });
    if (told !== null) events.push(told);
    if (rule.degrades && after.raised) degraded.push(`${rule.name}: ${value.words}`);
  }
  for (const alarm of open.values()) {
    const evidence = endOf(alarm, rules) ?? replaced(alarm, rules, judged);
    if (evidence === null) continue;
    await saveWatches(transaction, deviceId, [{ ...calm, ruleId: alarm.ruleId, part: partOf(alarm) }]);
    const at = new Date(now);
    const cleared = await updateAlarm(transaction, alarm.id, { clearedAt: at, changedAt: at, evidence });
    events.push(alarmEvent({ type: 'alarm.cleared' }, cleared, alarm.ruleId, { at: now, actor }));
  }
  return { events, degraded: degraded.length === 0 ? null : degraded.join('; ') };
}

/** A tenant without rules for a place asks nothing of where the device belongs. */
async function standingFor(
  transaction: Transaction<TenantDatabase>,
  deviceId: string,
  rules: readonly AlarmScope[],
): Promise<Standing> {
  const nowhere = { deviceId, siteId: null, groupIds: [] };
  if (rules.every(({ siteId, groupId }) => siteId === null && groupId === null)) return nowhere;
  return (await standings(transaction, [deviceId])).get(deviceId) ?? nowhere;
}

/** That a nearer rule is held against what an alarm is about; null when none is. */
function replaced(
  alarm: Alarm,
  rules: readonly AlarmRule[],
  judged: readonly { readonly rule: AlarmRule; readonly part: string }[],
): string | null {
  const rule = rules.find(({ id }) => id === alarm.ruleId);
  if (rule === undefined) return null;
  const here = judged.filter(
    ({ part, rule: { metric } }) => part === partOf(alarm) && metric === rule.metric,
  );
  if (here.some((one) => one.rule.id === rule.id)) return null;
  const nearer = here.find((one) => sameSide(one.rule, rule));
  return nearer === undefined ? null : `"${nearer.rule.name}" takes the place of its rule here`;
}

function keyOf(ruleId: string, part: string): string {
  return `${ruleId} ${part}`;
}

async function workOnTheWay(transaction: Transaction<TenantDatabase>, deviceId: string, now: number) {
  const ways = await topology(transaction);
  return coveringWork(
    ways,
    deviceId,
    await currentMaintenance(transaction, ways.pathFrom(deviceId), new Date(now)),
  );
}

interface Judged extends Judgement {
  readonly now: number;
  readonly rule: AlarmRule;
  readonly value: AlarmValue;
  readonly after: Watch;
  readonly alarm: Alarm | null;
  readonly plannedWork: () => Promise<MaintenanceWindow | null>;
}

/** Brings an alarm to what its watch says. */
async function bring(
  transaction: Transaction<TenantDatabase>,
  { clock, now, deviceId, source, rule, value, after, alarm, plannedWork }: Judged,
): Promise<NewEvent<TenantEvents> | null> {
  const told = { at: now, actor };
  const at = new Date(now);
  const flapping = isFlapping(after, now);
  if (alarm === null) {
    if (!isActive(after, now)) return null;
    const work = await plannedWork();
    const raised = await insertAlarm(transaction, {
      id: newId('alm', clock),
      ruleId: rule.id,
      deviceId,
      ...columnsOf(value.about),
      severity: rule.severity,
      evidence: value.words,
      source,
      raisedAt: at,
      changedAt: at,
      flapping,
      suppressedUntil: work?.endsAt ?? null,
      suppressedBecause: work?.because ?? null,
    });
    return alarmEvent({ type: 'alarm.raised' }, raised, rule.name, told);
  }
  if (!isActive(after, now)) {
    const cleared = await updateAlarm(transaction, alarm.id, {
      clearedAt: at,
      changedAt: at,
      flapping,
      evidence: value.words,
    });
    return alarmEvent({ type: 'alarm.cleared' }, cleared, rule.name, told);
  }
  if (alarm.flapping === flapping) return null;
  const changed = await updateAlarm(transaction, alarm.id, { flapping, changedAt: at });
  return alarmEvent({ because: flapping ? 'it is flapping' : 'it flaps no more' }, changed, rule.name, told);
}
