import { type SnmpDeviceDescription, tableObjects } from '../description.ts';

const ups = '1.3.6.1.2.1.33.1';

/** A site's UPS on mains. Objects after UPS-MIB (RFC 1628): volts whole, hertz and amperes in tenths. */
export const siteUps: SnmpDeviceDescription = {
  id: 'site-ups',
  sysDescr: 'Lab UPS 3000 management card',
  sysObjectId: '1.3.6.1.2.1.33',
  sysName: 'tower-1-ups',
  uptimeSeconds: 12_000_000,
  interfaces: [
    {
      name: 'eth0',
      speedBitsPerSecond: 100_000_000,
      mac: '02:00:5e:40:00:01',
      inBitsPerSecond: 2_000,
      outBitsPerSecond: 4_000,
    },
  ],
  objects: {
    [`${ups}.1.1.0`]: { type: 'string', value: 'DotMac Lab' },
    [`${ups}.1.2.0`]: { type: 'string', value: 'Lab UPS 3000' },
    [`${ups}.1.3.0`]: { type: 'string', value: '2.4' },
    [`${ups}.2.1.0`]: { type: 'integer', value: 2 },
    [`${ups}.2.2.0`]: { type: 'integer', value: 0 },
    [`${ups}.2.3.0`]: { type: 'integer', value: 87 },
    [`${ups}.2.4.0`]: { type: 'integer', value: 100 },
    [`${ups}.2.5.0`]: { type: 'integer', wave: { mean: 545, amplitude: 4, periodSeconds: 1800 } },
    [`${ups}.2.7.0`]: { type: 'integer', value: 27 },
    [`${ups}.3.2.0`]: { type: 'integer', value: 1 },
    ...tableObjects([`${ups}.3.3.1.2`, `${ups}.3.3.1.3`], {
      1: [
        { type: 'integer', value: 500 },
        { type: 'integer', wave: { mean: 231, amplitude: 5, periodSeconds: 600 } },
      ],
    }),
    [`${ups}.4.1.0`]: { type: 'integer', value: 3 },
    [`${ups}.4.2.0`]: { type: 'integer', value: 500 },
    ...tableObjects(
      [2, 3, 4, 5].map((column) => `${ups}.4.4.1.${column}`),
      {
        1: [
          { type: 'integer', value: 230 },
          { type: 'integer', value: 31 },
          { type: 'integer', value: 690 },
          { type: 'integer', value: 34 },
        ],
      },
    ),
  },
};
