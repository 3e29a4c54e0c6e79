import type { LabValue } from '../value.ts';

export interface HostResources {
  /** Load of each processor in percent, the mean of a slow swing. */
  readonly processors: readonly number[];
  readonly memoryName: string;
  /** Octets of one allocation unit. */
  readonly memoryUnits: number;
  readonly totalUnits: number;
  readonly usedUnits: number;
}

const RAM = '1.3.6.1.2.1.25.2.1.2';

/** hrProcessorTable and one RAM row of hrStorageTable (HOST-RESOURCES-MIB, RFC 2790). */
export function hostResources(host: HostResources): Record<string, LabValue> {
  const storage = '1.3.6.1.2.1.25.2.3.1';
  const index = 65_536;
  const objects: Record<string, LabValue> = {
    [`${storage}.1.${index}`]: { type: 'integer', value: index },
    [`${storage}.2.${index}`]: { type: 'oid', value: RAM },
    [`${storage}.3.${index}`]: { type: 'string', value: host.memoryName },
    [`${storage}.4.${index}`]: { type: 'integer', value: host.memoryUnits },
    [`${storage}.5.${index}`]: { type: 'integer', value: host.totalUnits },
    [`${storage}.6.${index}`]: {
      type: 'integer',
      wave: { mean: host.usedUnits, amplitude: Math.round(host.usedUnits / 20), periodSeconds: 1200 },
    },
  };
  host.processors.forEach((mean, i) => {
    objects[`1.3.6.1.2.1.25.3.3.1.1.${i + 1}`] = { type: 'oid', value: '0.0' };
    objects[`1.3.6.1.2.1.25.3.3.1.2.${i + 1}`] = {
      type: 'integer',
      wave: { mean, amplitude: Math.floor(mean / 3), periodSeconds: 300 + 60 * i },
    };
  });
  return objects;
}
