import type { AlarmValue } from './apply.ts';
import type { AlarmRule } from './store.ts';

/** Where a rule holds: at most one is named; none is everywhere. */
export type AlarmScope = Pick<AlarmRule, 'deviceId' | 'siteId' | 'groupId'>;

export const everywhere: AlarmScope = { deviceId: null, siteId: null, groupId: null };

/** Where a device belongs. */
export interface Standing {
  readonly deviceId: string;
  readonly siteId: string | null;
  readonly groupIds: readonly string[];
}

/**
 * How near a rule is to a device: 3 names the device, 2 a group of it, 1 its site, 0 holds everywhere; null does not hold
 * there. A group counts more than a site, since somebody put the device there for what it is, not for where it stands.
 */
export function nearness(scope: AlarmScope, { deviceId, siteId, groupIds }: Standing): number | null {
  if (scope.deviceId !== null) return scope.deviceId === deviceId ? 3 : null;
  if (scope.groupId !== null) return groupIds.includes(scope.groupId) ? 2 : null;
  if (scope.siteId !== null) return scope.siteId === siteId ? 1 : null;
  return 0;
}

type Selective = AlarmScope & Pick<AlarmRule, 'metric' | 'sensorClass' | 'sensorName' | 'raiseBelow'>;

/** Whether a reading is what a rule is about, wherever it holds. */
function concerns(
  { metric, sensorClass, sensorName }: Pick<Selective, 'metric' | 'sensorClass' | 'sensorName'>,
  value: AlarmValue,
): boolean {
  if (value.metric !== metric) return false;
  if (sensorClass === null) return true;
  return (
    value.sensor?.class === sensorClass &&
    (sensorName === null || value.sensor.name.toLowerCase().includes(sensorName.toLowerCase()))
  );
}

/**
 * The rules that are held against a reading: of those that concern it the nearest, for what must not be high and for what
 * must not be low each. Equally near ones all count.
 */
export function inForce<R extends Selective>(
  rules: readonly R[],
  value: AlarmValue,
  standing: Standing,
): R[] {
  const near = rules.flatMap((rule) => {
    const distance = concerns(rule, value) ? nearness(rule, standing) : null;
    return distance === null ? [] : [{ rule, distance }];
  });
  return near
    .filter(({ rule, distance }) =>
      near.every((other) => !sameSide(other.rule, rule) || other.distance <= distance),
    )
    .map(({ rule }) => rule);
}

/** Whether two rules about a metric could take each other's place. */
export function sameSide(a: Pick<Selective, 'raiseBelow'>, b: Pick<Selective, 'raiseBelow'>): boolean {
  return (a.raiseBelow === null) === (b.raiseBelow === null);
}
