export const alarmMetrics = [
  'PROCESSOR_PERCENT',
  'MEMORY_PERCENT',
  'INTERFACE_DOWN',
  'CUSTOMER_SIGNAL_DBM',
  'CUSTOMER_SNR_DB',
  'CUSTOMER_RX_POWER_DBM',
  'LINE_RX_POWER_DBM',
  'CUSTOMER_SIGNAL_FALL_DB',
  'CUSTOMER_RX_POWER_FALL_DB',
  'LINE_RX_POWER_FALL_DB',
  'SENSOR_STATE_WARNING',
  'SENSOR_STATE_CRITICAL',
  'SENSOR_LIMIT_WARNING',
  'SENSOR_LIMIT_CRITICAL',
  'SENSOR_VALUE',
] as const;
export type AlarmMetric = (typeof alarmMetrics)[number];
/** ITU-T X.733. */
export const severities = ['CRITICAL', 'MAJOR', 'MINOR', 'WARNING'] as const;
export type Severity = (typeof severities)[number];
export const alarmStates = ['ACTIVE', 'ACKNOWLEDGED', 'SUPPRESSED', 'CLEARED'] as const;
export type AlarmState = (typeof alarmStates)[number];

/** More changes than this within the window are flapping. */
const flappingChanges = 5;
export const flappingMilliseconds = 15 * 60_000;

export interface Thresholds {
  /** In the unit of its metric; null for a rule about a state, or about what must not be low. */
  readonly raiseAbove: number | null;
  readonly clearBelow: number | null;
  /** Of a rule about what must not be low. */
  readonly raiseBelow: number | null;
  readonly clearAbove: number | null;
  /** Readings in a row. */
  readonly raiseAfter: number;
  readonly clearAfter: number;
}

/** How far something is on its way to being raised or cleared. */
export interface Watch {
  readonly raised: boolean;
  /** Readings in a row that speak for a change. */
  readonly streak: number;
  /** The latest changes, milliseconds since the epoch, oldest first. */
  readonly changes: readonly number[];
}

export const calm: Watch = { raised: false, streak: 0, changes: [] };

/**
 * What a reading does. Between the two thresholds nothing changes, and neither does it until enough readings in a row
 * agree: a value that sways around a limit is one alarm.
 * @param value in the unit of the metric; for a rule about a state 1 is bad and 0 is good.
 */
export function watchReading(rule: Thresholds, before: Watch, value: number, now: number): Watch {
  const changes = before.changes.filter((at) => now - at < flappingMilliseconds);
  const speaks = before.raised ? isGood(rule, value) : isBad(rule, value);
  const streak = speaks ? before.streak + 1 : 0;
  if (streak < (before.raised ? rule.clearAfter : rule.raiseAfter))
    return { raised: before.raised, streak, changes };
  return { raised: !before.raised, streak: 0, changes: [...changes, now] };
}

/** Whether one reading speaks for an alarm. */
export function isBad(
  { raiseAbove, raiseBelow }: Pick<Thresholds, 'raiseAbove' | 'raiseBelow'>,
  value: number,
): boolean {
  return raiseBelow === null ? value > (raiseAbove ?? 0.5) : value < raiseBelow;
}

/** Whether one reading speaks for its end. */
export function isGood(
  { clearBelow, clearAbove }: Pick<Thresholds, 'clearBelow' | 'clearAbove'>,
  value: number,
): boolean {
  return clearAbove === null ? value < (clearBelow ?? 0.5) : value > clearAbove;
}

export function isFlapping({ changes }: Watch, now: number): boolean {
  return changes.filter((at) => now - at < flappingMilliseconds).length > flappingChanges;
}

/** Somebody's alarm: raised, or calm for the moment only. */
export function isActive(watch: Watch, now: number): boolean {
  return watch.raised || isFlapping(watch, now);
}

export function sameWatch(a: Watch, b: Watch): boolean {
  return a.raised === b.raised && a.streak === b.streak && a.changes.length === b.changes.length;
}

export function alarmStateOf(
  alarm: {
    readonly clearedAt: Date | null;
    readonly suppressedUntil: Date | null;
    readonly acknowledgedAt: Date | null;
  },
  now: number,
): AlarmState {
  if (alarm.clearedAt !== null) return 'CLEARED';
  if (alarm.suppressedUntil !== null && alarm.suppressedUntil.getTime() > now) return 'SUPPRESSED';
  return alarm.acknowledgedAt === null ? 'ACTIVE' : 'ACKNOWLEDGED';
}
