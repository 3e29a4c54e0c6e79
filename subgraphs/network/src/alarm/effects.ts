import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { allDevices } from '../device/store.ts';
import type { AlarmValue } from './apply.ts';
import { lastValues } from './last-values.ts';
import { type AlarmMetric, isBad, isGood } from './rules.ts';
import { inForce, nearness, type Standing } from './scope.ts';
import { type Alarm, type AlarmRule, activeAlarms, columnsOf, partOf } from './store.ts';

/** Something that a rule calls wrong as it was last read. */
export interface WouldBeAlarm {
  readonly deviceId: string;
  readonly value: AlarmValue;
}

/** What another set of rules makes of the same readings. */
export interface RuleEffects {
  readonly raised: readonly WouldBeAlarm[];
  /** Open alarms that nothing would hold open any more. */
  readonly ended: readonly Alarm[];
}

/** Rules, those switched off too, and the standing of every device by its id. */
export interface RuleWorld {
  readonly rules: readonly AlarmRule[];
  readonly standings: ReadonlyMap<string, Standing>;
}

/**
 * What alarms follow and which end if the next readings are as the last ones, however many in a row it takes. Of devices
 * that do not answer nothing is known: they raise nothing.
 */
export async function effectsOf(
  db: Executor<TenantDatabase>,
  metrics: ReadonlySet<AlarmMetric>,
  { before, after }: { readonly before: RuleWorld; readonly after: RuleWorld },
  now: Date,
): Promise<RuleEffects> {
  const devices = await allDevices(db);
  if (devices.length === 0 || metrics.size === 0) return { raised: [], ended: [] };
  const answering = devices.filter(({ state }) => state === 'ONLINE' || state === 'DEGRADED');
  const values: WouldBeAlarm[] = [];
  for (const metric of metrics) values.push(...(await lastValues(db, metric, answering, now)));
  const open = await activeAlarms(
    db,
    devices.map(({ id }) => id),
  );
  const [was, is] = [before, after].map((world) => activeUnder(world, metrics, values, open));
  return {
    raised: [...(is ?? [])].flatMap(([key, one]) => (one === null || was?.has(key) ? [] : [one])),
    ended: open.filter((alarm) => was?.has(keyOf(alarm)) && !is?.has(keyOf(alarm))),
  };
}

/** What would be an alarm: by rule, device and part; null where an open one stays without a reading. */
function activeUnder(
  { rules, standings }: RuleWorld,
  metrics: ReadonlySet<AlarmMetric>,
  values: readonly WouldBeAlarm[],
  open: readonly Alarm[],
): Map<string, WouldBeAlarm | null> {
  const enabled = rules.filter((rule) => rule.enabled && metrics.has(rule.metric));
  const byMetric = Map.groupBy(enabled, ({ metric }) => metric);
  const openKeys = new Set(open.map(keyOf));
  const active = new Map<string, WouldBeAlarm | null>();
  const read = new Set<string>();
  for (const one of values) {
    const { deviceId, value } = one;
    const part = columnsOf(value.about);
    read.add(`${value.metric} ${deviceId} ${partOf(part)}`);
    const standing = standings.get(deviceId);
    if (standing === undefined) continue;
    for (const rule of inForce(byMetric.get(value.metric) ?? [], value, standing)) {
      const key = keyOf({ ruleId: rule.id, deviceId, ...part });
      const stays = openKeys.has(key) ? !isGood(rule, value.value) : isBad(rule, value.value);
      if (stays) active.set(key, one);
    }
  }
  for (const alarm of open) {
    const [rule, standing] = [enabled.find(({ id }) => id === alarm.ruleId), standings.get(alarm.deviceId)];
    if (rule === undefined || standing === undefined || nearness(rule, standing) === null) continue;
    if (!read.has(`${rule.metric} ${alarm.deviceId} ${partOf(alarm)}`)) active.set(keyOf(alarm), null);
  }
  return active;
}

function keyOf(alarm: Pick<Alarm, 'ruleId' | 'deviceId' | 'interfaceId' | 'serviceId' | 'sensorId'>): string {
  return `${alarm.ruleId} ${alarm.deviceId} ${partOf(alarm)}`;
}
