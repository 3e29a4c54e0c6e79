/** What is measured of a customer's equipment, in the units of `CustomerLink`. */
export type Quantity =
  | 'signalDbm'
  | 'noiseDbm'
  | 'snrDb'
  | 'ccqPercent'
  | 'downBitsPerSecond'
  | 'upBitsPerSecond'
  | 'rxPowerDbm'
  | 'txPowerDbm'
  | 'lineRxPowerDbm'
  | 'distanceMeters';

/** (raw + offset) / divisor. */
export interface Scaled {
  readonly column: string;
  readonly divisor?: number;
  readonly offset?: number;
  /** Values that mean "no reading". */
  readonly absent?: readonly number[];
}

/** A maker's table of registered radios or ONUs, as data; columns that share its index may stand in other tables. */
export interface CustomerTable {
  readonly id: string;
  readonly medium: 'WIRELESS' | 'OPTICAL';
  /** Something below it says that the device has the table. */
  readonly present: string;
  /** The MAC address is six parts of the index from this one on, or in a column. */
  readonly macIndex?: number;
  readonly mac?: string;
  readonly serial?: string;
  readonly name?: string;
  /** The ifIndex of the radio or port: a part of the index, or a column. */
  readonly port?: { readonly index: number; readonly column?: undefined } | { readonly column: string };
  readonly quantities: Readonly<Partial<Record<Quantity, Scaled>>>;
  /** Rows read at the most: line cards suffer from long readings. */
  readonly mostRows: number;
}

const mikrotik = '1.3.6.1.4.1.14988.1.1.1';
const airmax = '1.3.6.1.4.1.41112.1.4.7.1';
const epmp = '1.3.6.1.4.1.17713.21.1.2.30.1';
const xpon = '1.3.6.1.4.1.2011.6.128.1.1.2';
const gponService = '1.3.6.1.4.1.3902.1012.3';
const gponServices = '1.3.6.1.4.1.3902.1082.500';
const epon = '1.3.6.1.4.1.3320.101';
const fiberHome = '1.3.6.1.4.1.5875.800.3';
const uFiber = '1.3.6.1.4.1.41112.1.5.6.2.1';
const vsol = '1.3.6.1.4.1.37950.1.1.6.1.1';
const radwin = '1.3.6.1.4.1.4458.1000.3.1.37.1';
const noReading = 2_147_483_647;
/** What ZTE's line cards say of an ONU out of service, and of no light (ZTE-AN-PON-BASE-MIB). */
const noLight = [65_535_000, -80_000];

export const customerTables: readonly CustomerTable[] = [
  {
    // MIKROTIK-MIB, mtxrWlRtabTable; a signal to noise of 0 is none.
    id: 'mikrotik-registration',
    medium: 'WIRELESS',
    present: `${mikrotik}.2.1`,
    macIndex: 0,
    name: `${mikrotik}.2.1.20`,
    port: { index: 6 },
    quantities: {
      signalDbm: { column: `${mikrotik}.2.1.3`, absent: [0] },
      snrDb: { column: `${mikrotik}.2.1.12`, absent: [0] },
      downBitsPerSecond: { column: `${mikrotik}.2.1.8` },
      upBitsPerSecond: { column: `${mikrotik}.2.1.9` },
    },
    mostRows: 2_000,
  },
  {
    // RADWIN-MIB-WINLINK1000, winlink1000HbsAirRegisteredCpeTable: the subscribers of a base station; peaks in kbit/s.
    id: 'radwin-subscribers',
    medium: 'WIRELESS',
    present: `${radwin}.3`,
    mac: `${radwin}.19`,
    serial: `${radwin}.13`,
    name: `${radwin}.42`,
    quantities: {
      signalDbm: { column: `${radwin}.9`, absent: [0] },
      downBitsPerSecond: { column: `${radwin}.30`, divisor: 0.001 },
      upBitsPerSecond: { column: `${radwin}.31`, divisor: 0.001 },
    },
    mostRows: 256,
  },
  {
    // MIKROTIK-MIB, mtxrWlCMRtabTable: the radios of a CAPsMAN.
    id: 'mikrotik-capsman',
    medium: 'WIRELESS',
    present: `${mikrotik}.5.1`,
    macIndex: 0,
    port: { index: 6 },
    quantities: {
      signalDbm: { column: `${mikrotik}.5.1.11`, absent: [0] },
      downBitsPerSecond: { column: `${mikrotik}.5.1.8` },
      upBitsPerSecond: { column: `${mikrotik}.5.1.9` },
    },
    mostRows: 2_000,
  },
  {
    // UBNT-AirMAX-MIB, ubntStaTable, by radio and address; ubntStaDistance is in metres, rates in bit/s.
    id: 'airmax-stations',
    medium: 'WIRELESS',
    present: airmax,
    mac: `${airmax}.1`,
    name: `${airmax}.2`,
    quantities: {
      signalDbm: { column: `${airmax}.3`, absent: [0] },
      noiseDbm: { column: `${airmax}.4`, absent: [0] },
      distanceMeters: { column: `${airmax}.5`, absent: [0] },
      ccqPercent: { column: `${airmax}.6` },
      downBitsPerSecond: { column: `${airmax}.11` },
      upBitsPerSecond: { column: `${airmax}.12` },
    },
    mostRows: 500,
  },
  {
    // CAMBIUM-PMP80211-MIB, connectedSTATable: levels of the upstream.
    id: 'epmp-stations',
    medium: 'WIRELESS',
    present: epmp,
    mac: `${epmp}.1`,
    quantities: {
      signalDbm: { column: `${epmp}.4`, absent: [0] },
      snrDb: { column: `${epmp}.6` },
    },
    mostRows: 500,
  },
  {
    // HUAWEI-XPON-MIB, hwGponDeviceOntConfigTable and hwGponOntOpticalDdmInfoTable, by port and ONT: hundredths of a dBm,
    // what the line card receives with 10,000 added.
    id: 'huawei-gpon',
    medium: 'OPTICAL',
    present: `${xpon}.43.1.3`,
    serial: `${xpon}.43.1.3`,
    name: `${xpon}.43.1.9`,
    port: { index: 0 },
    quantities: {
      txPowerDbm: { column: `${xpon}.51.1.3`, divisor: 100, absent: [noReading] },
      rxPowerDbm: { column: `${xpon}.51.1.4`, divisor: 100, absent: [noReading] },
      lineRxPowerDbm: { column: `${xpon}.51.1.6`, divisor: 100, offset: -10_000, absent: [noReading] },
      distanceMeters: { column: `${xpon}.46.1.20`, absent: [noReading, -1] },
    },
    mostRows: 4_096,
  },
  {
    // The ONUs of ZXA10 C6xx and of C300 from V2.1, by port and ONU. Levels by ZTE-AN-PON-BASE-MIB,
    // zxAnPonRxOpticalPowerTable; serial, name and distance as operators report them.
    id: 'zte-gpon',
    medium: 'OPTICAL',
    present: `${gponServices}.10.2.3.3.1.6`,
    serial: `${gponServices}.10.2.3.3.1.6`,
    name: `${gponServices}.10.2.3.3.1.2`,
    port: { index: 0 },
    quantities: {
      lineRxPowerDbm: { column: `${gponServices}.1.2.4.2.1.2`, divisor: 1000, absent: noLight },
      distanceMeters: { column: `${gponServices}.10.2.3.10.1.2`, absent: [noReading, -1] },
    },
    mostRows: 4_096,
  },
  {
    // The ONUs of older ZXA10 C300 and C320, by port and ONU: as operators report them; levels in
    // thousandths of a dBm.
    id: 'zte-gpon-c300',
    medium: 'OPTICAL',
    present: `${gponService}.28.1.1.5`,
    serial: `${gponService}.28.1.1.5`,
    name: `${gponService}.28.1.1.2`,
    port: { index: 0 },
    quantities: {
      lineRxPowerDbm: { column: '1.3.6.1.4.1.3902.1015.1010.11.2.1.2', divisor: 1000, absent: noLight },
    },
    mostRows: 4_096,
  },
  {
    // NMS-EPON-ONU and NMS-EPON-OLT-PON-EXT, by the ONU's own ifIndex: tenths of a dBm, metres.
    id: 'bdcom-epon',
    medium: 'OPTICAL',
    present: `${epon}.10.1.1.3`,
    mac: `${epon}.10.1.1.3`,
    port: { index: 0 },
    quantities: {
      rxPowerDbm: { column: `${epon}.10.5.1.5`, divisor: 10, absent: [-65_535] },
      txPowerDbm: { column: `${epon}.10.5.1.6`, divisor: 10, absent: [-65_535] },
      lineRxPowerDbm: { column: `${epon}.108.1.3`, divisor: 10, absent: [-65_535] },
      distanceMeters: { column: `${epon}.10.1.1.27`, absent: [-1] },
    },
    mostRows: 4_096,
  },
  {
    // The ONUs of AN5116 and AN5516 as operators report them, by ONU: hundredths of a dBm; 0 is no reading.
    id: 'fiberhome-onu',
    medium: 'OPTICAL',
    present: `${fiberHome}.10.1.1.10`,
    serial: `${fiberHome}.10.1.1.10`,
    name: `${fiberHome}.10.1.1.7`,
    quantities: {
      rxPowerDbm: { column: `${fiberHome}.9.3.3.1.6`, divisor: 100, absent: [0] },
      txPowerDbm: { column: `${fiberHome}.9.3.3.1.7`, divisor: 100, absent: [0] },
    },
    mostRows: 4_096,
  },
  {
    // UBNT-UFIBER-MIB, ubntOnusTable: hundredths of a dBm.
    id: 'ufiber-onu',
    medium: 'OPTICAL',
    present: `${uFiber}.1`,
    serial: `${uFiber}.1`,
    name: `${uFiber}.2`,
    quantities: {
      txPowerDbm: { column: `${uFiber}.8`, divisor: 100 },
      rxPowerDbm: { column: `${uFiber}.9`, divisor: 100 },
    },
    mostRows: 4_096,
  },
  {
    // The ONUs of V1600G as operators report them, by PON port and ONU: texts such as "-28.530(dBm)".
    id: 'vsol-gpon',
    medium: 'OPTICAL',
    present: `${vsol}.2.1.5`,
    serial: `${vsol}.2.1.5`,
    name: `${vsol}.1.1.7`,
    quantities: {
      txPowerDbm: { column: `${vsol}.3.1.6` },
      rxPowerDbm: { column: `${vsol}.3.1.7` },
    },
    mostRows: 4_096,
  },
];
