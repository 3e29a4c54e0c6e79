import { ValidationError } from '@dotmac/schema';
import { checkName } from '../device/rules.ts';
import type { AlarmMetric, Severity, Thresholds } from './rules.ts';

/** Each is held against every reading of every device. */
export const mostOwnRules = 200;

/** What a rule about a metric says of limits: what must not be high, what must not be low, either, or a state has none. */
const sides = {
  PROCESSOR_PERCENT: 'ABOVE',
  MEMORY_PERCENT: 'ABOVE',
  INTERFACE_DOWN: 'STATE',
  CUSTOMER_SIGNAL_DBM: 'BELOW',
  CUSTOMER_SNR_DB: 'BELOW',
  CUSTOMER_RX_POWER_DBM: 'BELOW',
  LINE_RX_POWER_DBM: 'BELOW',
  CUSTOMER_SIGNAL_FALL_DB: 'ABOVE',
  CUSTOMER_RX_POWER_FALL_DB: 'ABOVE',
  LINE_RX_POWER_FALL_DB: 'ABOVE',
  SENSOR_STATE_WARNING: 'STATE',
  SENSOR_STATE_CRITICAL: 'STATE',
  SENSOR_LIMIT_WARNING: 'STATE',
  SENSOR_LIMIT_CRITICAL: 'STATE',
  SENSOR_VALUE: 'EITHER',
} as const satisfies Record<AlarmMetric, 'ABOVE' | 'BELOW' | 'EITHER' | 'STATE'>;

/** A device is degraded by what a poll reads of it as a whole. */
const degrading: readonly AlarmMetric[] = ['PROCESSOR_PERCENT', 'MEMORY_PERCENT', 'INTERFACE_DOWN'];

/** What a rule says, wherever it holds. */
export interface RuleTerms extends Thresholds {
  readonly name: string;
  readonly metric: AlarmMetric;
  readonly severity: Severity;
  readonly sensorClass: string | null;
  readonly sensorName: string | null;
  readonly degrades: boolean;
}

type Optional<T> = { readonly [K in keyof T]?: T[K] | null | undefined };
export type WantedRule = Pick<RuleTerms, 'name' | 'metric' | 'severity'> &
  Optional<Omit<RuleTerms, 'name' | 'metric' | 'severity'>>;

/** What may be changed of a rule; what is null stays as it was. */
export type TermsChange = Optional<
  Omit<RuleTerms, 'name' | 'metric' | 'sensorClass' | 'sensorName' | 'degrades'>
>;

/**
 * A rule's terms with what was left out filled in: one reading raises it, two in a row clear it.
 * @param change of a rule that there is
 * @throws ValidationError naming the field, and what would be right.
 */
export function checkTerms(rule: WantedRule, change: TermsChange = {}): RuleTerms {
  const given = Object.entries(change).filter(([, value]) => value != null);
  const wanted: WantedRule = { ...rule, ...Object.fromEntries(given) };
  const { metric, severity } = wanted;
  const limits = checkLimits(wanted);
  const { sensorClass, sensorName } = checkSensor(wanted);
  const degrades = wanted.degrades ?? false;
  if (degrades && !degrading.includes(metric))
    throw wrong('degrades', `Only ${degrading.join(', ')} degrade a device`);
  return {
    name: checkName(wanted.name),
    metric,
    severity,
    ...limits,
    sensorClass,
    sensorName,
    raiseAfter: checkReadings('raiseAfter', wanted.raiseAfter ?? 1),
    clearAfter: checkReadings('clearAfter', wanted.clearAfter ?? 2),
    degrades,
  };
}

function checkReadings(field: 'raiseAfter' | 'clearAfter', readings: number): number {
  if (readings < 1 || readings > 100) throw wrong(field, 'Between 1 and 100 readings in a row');
  return readings;
}

function wrong(field: string, message: string): ValidationError {
  return new ValidationError(`input.${field}`, message);
}

type Limits = Pick<RuleTerms, 'raiseAbove' | 'clearBelow' | 'raiseBelow' | 'clearAbove'>;
const noLimits: Limits = { raiseAbove: null, clearBelow: null, raiseBelow: null, clearAbove: null };

function checkLimits({ metric, ...wanted }: WantedRule): Limits {
  const side = sides[metric];
  const high = checkPair(wanted, 'raiseAbove', 'clearBelow');
  const low = checkPair(wanted, 'raiseBelow', 'clearAbove');
  if (side === 'STATE' && high !== null)
    throw wrong('raiseAbove', `${metric} is about a state: it has no limit`);
  if (side === 'STATE' && low !== null)
    throw wrong('raiseBelow', `${metric} is about a state: it has no limit`);
  if (side === 'ABOVE' && low !== null)
    throw wrong('raiseBelow', `${metric} must not be high: give raiseAbove and clearBelow`);
  if (side === 'BELOW' && high !== null)
    throw wrong('raiseAbove', `${metric} must not be low: give raiseBelow and clearAbove`);
  if (high !== null && low !== null)
    throw wrong('raiseBelow', 'A rule has one side; what must be neither high nor low takes two rules');
  if (side === 'STATE') return noLimits;
  if (high !== null) {
    const [raiseAbove, clearBelow] = high;
    if (clearBelow > raiseAbove)
      throw wrong('clearBelow', `It clears at or below ${raiseAbove}, where it is raised`);
    if (metric.endsWith('_PERCENT') && (clearBelow <= 0 || raiseAbove >= 100))
      throw wrong('raiseAbove', 'A share lies between 0 and 100 %');
    return { ...noLimits, raiseAbove, clearBelow };
  }
  if (low !== null) {
    const [raiseBelow, clearAbove] = low;
    if (clearAbove < raiseBelow)
      throw wrong('clearAbove', `It clears at or above ${raiseBelow}, where it is raised`);
    return { ...noLimits, raiseBelow, clearAbove };
  }
  throw wrong(side === 'BELOW' ? 'raiseBelow' : 'raiseAbove', `A rule about ${metric} needs a limit`);
}

/** A limit and where it is over again; null where neither is given. Without the second there is no hysteresis. */
function checkPair(
  wanted: Optional<Limits>,
  raise: keyof Limits,
  clear: keyof Limits,
): readonly [number, number] | null {
  const [at, over] = [wanted[raise] ?? null, wanted[clear] ?? null];
  if (at === null && over === null) return null;
  if (at === null) throw wrong(raise, `${clear} comes with ${raise}`);
  if (over === null) throw wrong(clear, `${raise} comes with ${clear}: where it is over again`);
  return [at, over];
}

function checkSensor({
  metric,
  sensorClass,
  sensorName,
}: WantedRule): Pick<RuleTerms, 'sensorClass' | 'sensorName'> {
  const [wantedClass, name] = [sensorClass ?? null, sensorName?.trim() ?? null];
  if (metric !== 'SENSOR_VALUE') {
    if (wantedClass !== null) throw wrong('sensorClass', 'Only a rule about SENSOR_VALUE has a class');
    if (name !== null) throw wrong('sensorName', 'Only a rule about SENSOR_VALUE chooses sensors by name');
    return { sensorClass: null, sensorName: null };
  }
  if (wantedClass === null || !/^[a-z][a-z-]{0,49}$/.test(wantedClass))
    throw wrong('sensorClass', 'Give the class of the sensors, such as temperature, voltage or charge');
  if (name !== null && (name === '' || name.length > 200))
    throw wrong('sensorName', 'A part of a name has 1 to 200 characters; leave it out for all');
  return { sensorClass: wantedClass, sensorName: name };
}
