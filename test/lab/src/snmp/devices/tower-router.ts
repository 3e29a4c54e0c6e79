import { type SnmpDeviceDescription, tableObjects } from '../description.ts';
import { hostResources } from './host-resources.ts';

const mikrotik = '1.3.6.1.4.1.14988.1.1';

/** A RouterOS tower router: backhaul, sectors and a bridge. Objects after MIKROTIK-MIB and HOST-RESOURCES-MIB. */
export const towerRouter: SnmpDeviceDescription = {
  id: 'tower-router',
  sysDescr: 'RouterOS RB5009UPr+S+',
  sysObjectId: '1.3.6.1.4.1.14988.1',
  sysName: 'tower-1-router',
  sysLocation: 'Tower 1',
  uptimeSeconds: 4_000_000,
  interfaces: [
    {
      name: 'sfp-sfpplus1',
      alias: 'backhaul to core',
      speedBitsPerSecond: 10_000_000_000,
      mac: '02:00:5e:10:00:01',
      inBitsPerSecond: 412_000_000,
      outBitsPerSecond: 58_000_000,
      inOctets: 918_273_645_546n,
      outOctets: 129_384_756_102n,
    },
    ...[1, 2, 3].map((sector) => ({
      name: `ether${sector}`,
      alias: `sector ${sector}`,
      speedBitsPerSecond: 1_000_000_000,
      mac: `02:00:5e:10:00:1${sector}`,
      inBitsPerSecond: 18_000_000,
      outBitsPerSecond: 131_000_000,
      inOctets: 41_000_000_000n,
      outOctets: 310_000_000_000n,
    })),
    { name: 'ether4', speedBitsPerSecond: 0, mac: '02:00:5e:10:00:14', status: 'down' },
    { name: 'bridge', type: 209, speedBitsPerSecond: 0, mac: '02:00:5e:10:00:20' },
  ],
  objects: {
    ...hostResources({
      processors: [14, 9, 22, 11],
      memoryName: 'main memory',
      memoryUnits: 1024,
      totalUnits: 1_048_576,
      usedUnits: 262_000,
    }),
    [`${mikrotik}.3.8.0`]: { type: 'gauge32', wave: { mean: 241, amplitude: 3, periodSeconds: 900 } },
    [`${mikrotik}.3.10.0`]: { type: 'integer', wave: { mean: 415, amplitude: 20, periodSeconds: 3600 } },
    [`${mikrotik}.4.4.0`]: { type: 'string', value: '7.15.3' },
    [`${mikrotik}.7.3.0`]: { type: 'string', value: 'HLAB0000001' },
    [`${mikrotik}.7.4.0`]: { type: 'string', value: '7.15.3' },
    ...tableObjects(
      [2, 3, 4].map((column) => `${mikrotik}.3.100.1.${column}`),
      {
        14: [
          { type: 'string', value: 'cpu-temperature' },
          { type: 'integer', wave: { mean: 52, amplitude: 4, periodSeconds: 1800 } },
          { type: 'integer', value: 1 },
        ],
        13: [
          { type: 'string', value: 'voltage' },
          { type: 'integer', value: 241 },
          { type: 'integer', value: 3 },
        ],
      },
    ),
  },
};
