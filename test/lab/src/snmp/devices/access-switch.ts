import { type SnmpDeviceDescription, tableObjects } from '../description.ts';

const entity = '1.3.6.1.2.1.47.1.1.1.1';
const sensor = '1.3.6.1.2.1.99.1.1.1';
const CELSIUS = 8;
const UNITS = 9;

/** A 24-port switch that describes itself by ENTITY-MIB and ENTITY-SENSOR-MIB (RFC 6933, RFC 3433). */
export const accessSwitch: SnmpDeviceDescription = {
  id: 'access-switch',
  sysDescr: 'Lab Switch LS-24, Version 4.2.1',
  sysObjectId: '1.3.6.1.4.1.32473.1.24',
  sysName: 'pop-1-switch',
  interfaces: Array.from({ length: 24 }, (_, i) => ({
    name: `ge-0/0/${i}`,
    description: `GigabitEthernet0/${i}`,
    alias: i === 0 ? 'uplink' : '',
    speedBitsPerSecond: 1_000_000_000,
    mac: `02:00:5e:30:00:${(i + 1).toString(16).padStart(2, '0')}`,
    status: i < 8 ? ('up' as const) : ('down' as const),
    inBitsPerSecond: 1_000_000 * (i + 1),
    outBitsPerSecond: 4_000_000 * (i + 1),
    inOctets: 1_000_000_000n * BigInt(i + 1),
    outOctets: 4_000_000_000n * BigInt(i + 1),
  })),
  objects: {
    ...tableObjects(
      [2, 5, 7, 10, 11, 12, 13].map((column) => `${entity}.${column}`),
      {
        1: [
          { type: 'string', value: 'Lab Switch LS-24 chassis' },
          { type: 'integer', value: 3 },
          { type: 'string', value: 'Chassis' },
          { type: 'string', value: '4.2.1' },
          { type: 'string', value: 'LS24-0001' },
          { type: 'string', value: 'DotMac Lab' },
          { type: 'string', value: 'LS-24' },
        ],
        10: [
          { type: 'string', value: 'Board temperature' },
          { type: 'integer', value: 8 },
          { type: 'string', value: 'board' },
          { type: 'string', value: '' },
          { type: 'string', value: '' },
          { type: 'string', value: '' },
          { type: 'string', value: '' },
        ],
      },
    ),
    ...tableObjects(
      [1, 2, 3, 4, 5].map((column) => `${sensor}.${column}`),
      {
        10: [
          { type: 'integer', value: CELSIUS },
          { type: 'integer', value: UNITS },
          { type: 'integer', value: 1 },
          { type: 'integer', wave: { mean: 415, amplitude: 25, periodSeconds: 3600 } },
          { type: 'integer', value: 1 },
        ],
      },
    ),
  },
};
