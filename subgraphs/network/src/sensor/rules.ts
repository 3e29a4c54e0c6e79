import type { SensorLimits, SensorSeverity } from '@dotmac/device';

export const sensorKinds = ['SENSOR', 'RADIO'] as const;
export type SensorKind = (typeof sensorKinds)[number];
export const sensorSeverities = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const;
export type Severity = (typeof sensorSeverities)[number];

export function severityOf(severity: SensorSeverity): Severity {
  return severity.toUpperCase() as Uppercase<SensorSeverity>;
}

/** How finely readings are kept, the finest first; `keptSeconds` as in migration `0019-monitor-sensors`. */
export const sensorResolutions = [
  { name: 'reading', seconds: 300, keptSeconds: 62 * 86_400 },
  { name: 'hour', seconds: 3_600, keptSeconds: 400 * 86_400 },
  { name: 'day', seconds: 86_400, keptSeconds: 1_830 * 86_400 },
] as const;

/** Shares of the span between two limits, and of a limit that stands alone, by which a reading must be back inside. */
const marginOfSpan = 0.05;
const marginOfLimit = 0.02;

/** As rules about states take it: 1 is bad, 0 is good, and one half decides nothing. */
export interface LimitVerdict {
  readonly warning: number;
  readonly critical: number;
}

/**
 * How a reading stands to the device's own limits; null without any. A reading just inside a limit leaves alarms as they are.
 * What is critical is no warning besides.
 */
export function judgeLimits(value: number, limits: SensorLimits): LimitVerdict | null {
  const { lowCritical, lowWarning, highWarning, highCritical } = limits;
  const critical = standing(value, lowCritical, highCritical);
  const warning = standing(value, lowWarning, highWarning);
  if (critical === null && warning === null) return null;
  return {
    critical: critical ?? 0,
    warning: critical === 1 ? 0 : critical === 0.5 ? 0.5 : (warning ?? 0),
  };
}

function standing(value: number, low: number | null, high: number | null): number | null {
  if (low === null && high === null) return null;
  if ((low !== null && value < low) || (high !== null && value > high)) return 1;
  const margin = (limit: number) =>
    low !== null && high !== null ? marginOfSpan * (high - low) : marginOfLimit * Math.abs(limit);
  const near = (low !== null && value < low + margin(low)) || (high !== null && value > high - margin(high));
  return near ? 0.5 : 0;
}
