import type { TenantDatabase } from '@dotmac/migrations';
import type { Clock, NewEvent } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { judgeLimits } from '../sensor/rules.ts';
import type { Sensor } from '../sensor/store.ts';
import { type AlarmValue, applyRules } from './apply.ts';

/** What was read of a device's sensors, and which it answers without now. */
export interface SensorReadings {
  readonly rows: readonly Sensor[];
  readonly gone: ReadonlySet<string>;
  readonly source: string;
}

/** Holds readings of sensors against the rules. */
export async function judgeSensors(
  transaction: Transaction<TenantDatabase>,
  clock: Clock,
  deviceId: string,
  { rows, gone, source }: SensorReadings,
): Promise<NewEvent<TenantEvents>[]> {
  const { events } = await applyRules(transaction, {
    clock,
    deviceId,
    source,
    values: rows.flatMap(sensorValues),
    endOf: ({ sensorId, ruleId }, rules) => {
      if (sensorId === null) return null;
      if (!rules.some((rule) => rule.id === ruleId)) return 'nobody watches it any more';
      return gone.has(sensorId) ? 'the device answers without it' : null;
    },
  });
  return events;
}

/** What rules see of a sensor. */
export function sensorValues(sensor: Sensor): AlarmValue[] {
  const { id, class: sensorClass, name, value, unit, text, severity, wellAt } = sensor;
  const about = { sensorId: id };
  if (sensorClass === 'state') {
    // A part that was never well was found so: it is shown, and nobody is called. Of what is not known nothing is said.
    if (wellAt === null || severity === null || severity === 'UNKNOWN') return [];
    const words = `${name} is ${text ?? value}`;
    return (['WARNING', 'CRITICAL'] as const).map((bad) => ({
      metric: `SENSOR_STATE_${bad}` as const,
      about,
      value: severity === bad ? 1 : 0,
      words,
    }));
  }
  const words = `${name} at ${Number(value.toFixed(2))}${unit === null ? '' : ` ${unit}`}`;
  const values: AlarmValue[] = [
    { metric: 'SENSOR_VALUE', about, value, words, sensor: { class: sensorClass, name } },
  ];
  const verdict = judgeLimits(value, sensor);
  if (verdict === null) return values;
  const limits = `${words}; its limits are ${limitsInWords(sensor)}`;
  return [
    ...values,
    { metric: 'SENSOR_LIMIT_WARNING', about, value: verdict.warning, words: limits },
    { metric: 'SENSOR_LIMIT_CRITICAL', about, value: verdict.critical, words: limits },
  ];
}

function limitsInWords({ lowCritical, lowWarning, highWarning, highCritical }: Sensor): string {
  return [lowCritical, lowWarning, highWarning, highCritical]
    .map((limit) => (limit === null ? '–' : Number(limit.toFixed(2))))
    .join(', ');
}
