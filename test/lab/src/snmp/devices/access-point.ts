import { type SnmpDeviceDescription, tableObjects } from '../description.ts';

const airmax = '1.3.6.1.4.1.41112.1.4';

/** A sector access point of the airOS kind: no 64-bit counters. Objects after UBNT-AirMAX-MIB. */
export const accessPoint: SnmpDeviceDescription = {
  id: 'access-point',
  sysDescr: 'Linux 2.6.33 #1 Tue Mar 5 10:04:17 EET 2019 mips',
  sysObjectId: '1.3.6.1.4.1.10002.1',
  sysName: 'tower-1-sector-1',
  uptimeSeconds: 900_000,
  interfaces: [
    { name: 'lo', type: 24, speedBitsPerSecond: 10_000_000, only32Bit: true },
    {
      name: 'eth0',
      speedBitsPerSecond: 1_000_000_000,
      mac: '02:00:5e:20:00:01',
      inBitsPerSecond: 131_000_000,
      outBitsPerSecond: 18_000_000,
      inOctets: 4_100_000_000n,
      outOctets: 1_200_000_000n,
      only32Bit: true,
    },
    {
      name: 'ath0',
      type: 71,
      speedBitsPerSecond: 300_000_000,
      mac: '02:00:5e:20:00:02',
      inBitsPerSecond: 18_000_000,
      outBitsPerSecond: 131_000_000,
      inOctets: 1_200_000_000n,
      outOctets: 4_100_000_000n,
      only32Bit: true,
    },
  ],
  objects: {
    ...tableObjects(
      [2, 4, 6, 7].map((column) => `${airmax}.1.1.${column}`),
      {
        1: [
          { type: 'integer', value: 3 },
          { type: 'integer', value: 5685 },
          { type: 'integer', value: 24 },
          { type: 'integer', value: 9000 },
        ],
      },
    ),
    ...tableObjects(
      [2, 5, 7, 8, 9, 10, 14, 15].map((column) => `${airmax}.5.1.${column}`),
      {
        1: [
          { type: 'string', value: 'tower-1-s1' },
          { type: 'integer', wave: { mean: -61, amplitude: 3, periodSeconds: 240 } },
          { type: 'integer', value: 94 },
          { type: 'integer', value: -93 },
          { type: 'integer', value: 260_000_000 },
          { type: 'integer', value: 195_000_000 },
          { type: 'integer', value: 40 },
          { type: 'integer', value: 31 },
        ],
      },
    ),
    '1.2.840.10036.3.1.2.1.2.5': { type: 'string', value: 'Ubiquiti Networks, Inc.' },
    '1.2.840.10036.3.1.2.1.3.5': { type: 'string', value: 'Rocket 5AC Lite' },
    '1.2.840.10036.3.1.2.1.4.5': { type: 'string', value: 'XC.qca955x.v8.7.1.42152.200203.1256' },
  },
};
