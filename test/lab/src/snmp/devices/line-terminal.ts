import { type SnmpDeviceDescription, tableObjects } from '../description.ts';
import type { LabValue } from '../value.ts';

const PORTS = 8;
const ONUS_PER_PORT = 16;
const GPON_OFFSET = 4_194_304_000;
const ont = '1.3.6.1.4.1.2011.6.128.1.1.2';

/** ifIndex of a GPON port in SmartAX numbering: 256 apart. */
const portIndex = (port: number) => GPON_OFFSET + 256 * port;

function optics(): Record<string, readonly LabValue[]> {
  const rows: Record<string, readonly LabValue[]> = {};
  for (let port = 0; port < PORTS; port++) {
    for (let onu = 0; onu < ONUS_PER_PORT; onu++) {
      const receive = -1850 - 45 * onu - 10 * port;
      rows[`${portIndex(port)}.${onu}`] = [
        { type: 'integer', wave: { mean: receive, amplitude: 15, periodSeconds: 600 } },
        { type: 'integer', value: 1 },
      ];
    }
  }
  return rows;
}

/**
 * An optical line terminal with eight GPON ports of sixteen ONUs. Received power in hundredths of dBm and run
 * state per ONU, indexed by port and ONU as in HUAWEI-XPON-MIB.
 */
export const lineTerminal: SnmpDeviceDescription = {
  id: 'line-terminal',
  sysDescr: 'Huawei Integrated Access Software',
  sysObjectId: '1.3.6.1.4.1.2011.2.248',
  sysName: 'pop-1-olt',
  uptimeSeconds: 8_000_000,
  interfaces: [
    {
      name: 'ethernet0/19/0',
      alias: 'uplink',
      speedBitsPerSecond: 10_000_000_000,
      mac: '02:00:5e:50:00:01',
      inBitsPerSecond: 2_100_000_000,
      outBitsPerSecond: 160_000_000,
      inOctets: 88_000_000_000_000n,
      outOctets: 7_100_000_000_000n,
    },
    ...Array.from({ length: PORTS }, (_, port) => ({
      name: `GPON 0/1/${port}`,
      type: 250,
      speedBitsPerSecond: 2_488_000_000,
      inBitsPerSecond: 20_000_000,
      outBitsPerSecond: 260_000_000,
      inOctets: 900_000_000_000n,
      outOctets: 11_000_000_000_000n,
    })),
  ],
  objects: tableObjects([`${ont}.51.1.4`, `${ont}.46.1.15`], optics()),
};
