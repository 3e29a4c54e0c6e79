import type { CapabilityId, ModelName } from '@dotmac/device';
import type { ManagementAddress, Protocol } from '../device/store.ts';

/** What of a device's sensors is read together: what changes often, and what suffers from being asked. */
export type SensorReadingKind = 'sensors' | 'lineSensors';

export interface PlannedSensors {
  readonly kind: SensorReadingKind;
  readonly protocol: Protocol;
  readonly everyMilliseconds: number;
}

/** `line card optics` only every twelfth time: of an interval of five minutes that is hourly. */
const cares: readonly {
  readonly kind: SensorReadingKind;
  readonly capability: CapabilityId;
  readonly intervals: number;
}[] = [
  { kind: 'sensors', capability: 'sensors.read', intervals: 1 },
  { kind: 'lineSensors', capability: 'lineSensors.read', intervals: 12 },
];

export const modelOfKind = { sensors: 'sensor', lineSensors: 'lineSensor' } as const satisfies Record<
  SensorReadingKind,
  ModelName
>;

/** What is read of a device's sensors, derived from what it showed it has; each over the first protocol that has it. */
export function sensorPlan(
  addresses: readonly Pick<ManagementAddress, 'protocol' | 'capabilities'>[],
  intervalMilliseconds: number,
): PlannedSensors[] {
  return cares.flatMap(({ kind, capability, intervals }) => {
    const address = (['snmp', 'routeros'] as const)
      .map((protocol) => addresses.find((one) => one.protocol === protocol))
      .find((one) => one?.capabilities.some(({ id }) => id === capability));
    return address === undefined
      ? []
      : [{ kind, protocol: address.protocol, everyMilliseconds: intervals * intervalMilliseconds }];
  });
}

/** `readAt`: when each was last begun with, milliseconds. Readings begin a little early or late. */
export function dueSensors(
  plan: readonly PlannedSensors[],
  readAt: ReadonlyMap<SensorReadingKind, number>,
  now: number,
): PlannedSensors[] {
  return plan.filter(({ kind, everyMilliseconds }) => {
    const last = readAt.get(kind);
    return kind === 'sensors' || last === undefined || now - last >= 0.9 * everyMilliseconds;
  });
}
