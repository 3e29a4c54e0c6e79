import { type ModelName, type ModelOf, type OperationContext, systemClock } from '@dotmac/device';
import {
  bridgeForwarding,
  lldpLocal,
  lldpRemotes,
  onts,
  type Quirk,
  registrations,
  resolvedAddresses,
  startSnmpAgents,
} from '@dotmac/lab/snmp';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { SnmpEngine } from '../engine/engine.ts';
import { snmpDriver } from './driver.ts';

const engine = new SnmpEngine({ clock: systemClock });
afterAll(() => engine.close());
const context: OperationContext = {
  clock: systemClock,
  signal: new AbortController().signal,
  priority: 'poll',
  operationId: 'test',
};
const names = ['ether1', 'ether2', 'wlan1'];

async function device(objects: object, quirks: readonly Quirk[] = []) {
  const lab = await startSnmpAgents(
    [
      {
        id: 'device',
        sysDescr: 'Lab',
        sysObjectId: '1.3.6.1.4.1.32473.1.24',
        sysName: 'tower-1',
        interfaces: names.map((name, i) => ({ name, speedBitsPerSecond: 1e9, mac: `02:00:5e:40:00:0${i}` })),
        objects: objects as never,
        quirks,
      },
    ],
    { clock: systemClock, maxReplyOctets: 700 },
  );
  onTestFinished(() => lab.close());
  const session = snmpDriver(engine).open(
    { id: 'device', host: '127.0.0.1', port: lab.agents[0]?.port ?? 0 },
    { version: '2c', community: 'public' },
  );
  return async <M extends ModelName>(model: M): Promise<ModelOf[M][]> => {
    const values: ModelOf[M][] = [];
    for await (const { value } of session.read(model, context)) values.push(value);
    return values;
  };
}

test('LLDP: whom the device hears, on which of its ports, and what it says of itself', async () => {
  const read = await device({
    ...lldpLocal('02:00:5e:40:00:00', 'tower-1'),
    ...lldpRemotes([
      {
        ifIndex: 1,
        chassis: '02:00:5e:30:00:01',
        port: 'ge-0/0/3',
        systemName: 'core',
        address: '192.0.2.9',
      },
      { ifIndex: 3, chassis: '02:00:5e:50:00:01', port: '02:00:5e:50:00:02', systemName: 'cpe' },
    ]),
  });
  expect(await read('localSystem')).toEqual([
    { chassis: { kind: 'mac', value: '02:00:5e:40:00:00' }, systemName: 'tower-1' },
  ]);
  expect(await read('neighbor')).toEqual([
    {
      protocol: 'LLDP',
      localPort: { stableKey: 'name:ether1', name: 'ether1' },
      chassis: { kind: 'mac', value: '02:00:5e:30:00:01' },
      port: { kind: 'interfaceName', value: 'ge-0/0/3' },
      portDescription: 'port ge-0/0/3',
      systemName: 'core',
      addresses: ['192.0.2.9'],
    },
    expect.objectContaining({
      localPort: { stableKey: 'name:wlan1', name: 'wlan1' },
      port: { kind: 'mac', value: '02:00:5e:50:00:02' },
      addresses: [],
    }),
  ]);
});

test('forwarding: bridge ports are no ifIndexes; by VLAN where the bridge knows them', async () => {
  const learnt = Array.from({ length: 60 }, (_, i) => ({
    mac: `02:aa:00:00:00:${i.toString(16).padStart(2, '0')}`,
    ifIndex: 1 + (i % 3),
  }));
  const plain = await (await device(bridgeForwarding(3, learnt)))('forwardingEntry');
  expect(plain).toHaveLength(60);
  expect(plain[1]).toEqual({
    mac: '02:aa:00:00:00:01',
    port: { stableKey: 'name:ether2', name: 'ether2' },
    vlan: null,
  });
  const tagged = learnt.map((one) => ({ ...one, vlan: 200 }));
  const byVlan = await (await device(bridgeForwarding(3, tagged), ['toobig']))('forwardingEntry');
  expect(byVlan).toHaveLength(60);
  expect(byVlan[2]).toMatchObject({ port: { name: 'wlan1' }, vlan: 200 });
});

test('address resolution: both families by port; what is invalid, unanswered or the device itself is left out', async () => {
  const mac = (number: number) => `02:aa:00:00:00:0${number}`;
  const read = await device({
    ...resolvedAddresses('physical', [
      { address: '192.0.2.10', mac: mac(1), ifIndex: 2 },
      { address: '2001:db8::10', mac: mac(1), ifIndex: 2 },
      { address: 'fe80::1:10', mac: mac(2), ifIndex: 3 },
      { address: '192.0.2.11', mac: mac(3), ifIndex: 2, type: 2 },
      { address: '192.0.2.12', mac: mac(4), ifIndex: 2, state: 7 },
      { address: '192.0.2.13', mac: mac(5), ifIndex: 2, type: 5 },
      { address: '192.0.2.14', mac: '00:00:00:00:00:00', ifIndex: 2 },
      { address: '192.0.2.15', mac: mac(6), ifIndex: 99 },
    ]),
    // Says the same once more, as many agents do.
    ...resolvedAddresses('media', [{ address: '192.0.2.10', mac: mac(1), ifIndex: 2 }]),
    // Too few octets for an address, and an address that is not as long as it says.
    '1.3.6.1.2.1.4.35.1.4.2.1.4.192.0.2': { type: 'bytes', hex: '02aa00000007' },
    '1.3.6.1.2.1.4.35.1.4.2.2.16.32.1': { type: 'bytes', hex: '02aa00000007' },
  });
  const at = (name: string) => ({ stableKey: `name:${name}`, name });
  expect(await read('resolvedAddress')).toEqual([
    { address: '192.0.2.10', mac: mac(1), port: at('ether2') },
    { address: '2001:db8::10', mac: mac(1), port: at('ether2') },
    { address: 'fe80::1:10', mac: mac(2), port: at('wlan1') },
    { address: '192.0.2.15', mac: mac(6), port: null },
  ]);
});

test('address resolution: an agent with IPv6 in the new table and IPv4 in the old one; one with nothing', async () => {
  const v4 = resolvedAddresses('media', [
    { address: '192.0.2.10', mac: '02:aa:00:00:00:01', ifIndex: 1 },
    { address: '192.0.2.11', mac: '02:aa:00:00:00:02', ifIndex: 1, type: 2 },
  ]);
  const v6 = resolvedAddresses('physical', [
    { address: '2001:db8::1', mac: '02:aa:00:00:00:01', ifIndex: 1 },
  ]);
  const addresses = async (objects: object) =>
    (await (await device(objects))('resolvedAddress')).map(({ address }) => address);
  expect(await addresses({ ...v4, ...v6 })).toEqual(['2001:db8::1', '192.0.2.10']);
  expect(await addresses(v4)).toEqual(['192.0.2.10']);
  expect(await addresses({})).toEqual([]);
});

test('customers: radios by their address, ONTs by their serial, in our units', async () => {
  const read = await device({
    ...registrations([{ mac: '02:bb:00:00:00:01', ifIndex: 3, signalDbm: -63, snrDb: 31, name: 'ada' }]),
    ...onts([{ serial: 'HWTC0A1B2C3D', ifIndex: 2, ont: 7, rxPowerDbm: -21.5, distanceMeters: 1_840 }]),
  });
  expect(await read('customerLink')).toEqual([
    {
      medium: 'WIRELESS',
      mac: '02:bb:00:00:00:01',
      serial: null,
      name: 'ada',
      port: { stableKey: 'name:wlan1', name: 'wlan1' },
      signalDbm: -63,
      snrDb: 31,
      ccqPercent: null,
      downBitsPerSecond: 130_000_000n,
      upBitsPerSecond: 65_000_000n,
      rxPowerDbm: null,
      txPowerDbm: null,
      lineRxPowerDbm: null,
      distanceMeters: null,
    },
    expect.objectContaining({
      medium: 'OPTICAL',
      mac: null,
      serial: 'HWTC0A1B2C3D',
      port: { stableKey: 'name:ether2', name: 'ether2' },
      rxPowerDbm: -21.5,
      txPowerDbm: 2.15,
      lineRxPowerDbm: -23,
      distanceMeters: 1_840,
    }),
  ]);
});

test('customers of the line cards of other makers, by their own documents', async () => {
  const number = (value: number) => ({ type: 'integer', value });
  const text = (value: string) => ({ type: 'string', value });
  const serial = { type: 'bytes', hex: '5a5445470a1b2c3d' };
  const [zte, old, epon] = ['3902.1082.500', '3902.1012.3', '3320.101'].map((it) => `1.3.6.1.4.1.${it}`);
  const [fiberHome, uFiber] = ['5875.800.3', '41112.1.5.6.2.1'].map((it) => `1.3.6.1.4.1.${it}`);
  const links = async (objects: object) => (await device(objects))('customerLink');
  const zteLinks = await links({
    [`${zte}.10.2.3.3.1.2.2.7`]: text('ada'),
    [`${zte}.10.2.3.3.1.6.2.7`]: serial,
    [`${zte}.1.2.4.2.1.2.2.7`]: number(-23_512),
    [`${zte}.10.2.3.10.1.2.2.7`]: number(1_840),
    [`${zte}.10.2.3.3.1.6.2.8`]: { type: 'bytes', hex: '5a5445470a1b2c3e' },
    [`${zte}.1.2.4.2.1.2.2.8`]: number(-80_000),
  });
  expect(zteLinks).toEqual([
    expect.objectContaining({
      serial: 'ZTEG0A1B2C3D',
      name: 'ada',
      port: { stableKey: 'name:ether2', name: 'ether2' },
      lineRxPowerDbm: -23.512,
      distanceMeters: 1_840,
    }),
    expect.objectContaining({ serial: 'ZTEG0A1B2C3E', lineRxPowerDbm: null }),
  ]);
  expect(
    await links({
      [`${old}.28.1.1.5.2.7`]: serial,
      '1.3.6.1.4.1.3902.1015.1010.11.2.1.2.2.7': number(-21_004),
    }),
  ).toEqual([expect.objectContaining({ serial: 'ZTEG0A1B2C3D', lineRxPowerDbm: -21.004 })]);
  expect(
    await links({
      [`${epon}.10.1.1.3.2`]: { type: 'bytes', hex: '0200bb000001' },
      [`${epon}.10.5.1.5.2`]: number(-187),
      [`${epon}.108.1.3.2`]: number(-65_535),
    }),
  ).toEqual([expect.objectContaining({ mac: '02:00:bb:00:00:01', rxPowerDbm: -18.7, lineRxPowerDbm: null })]);
  expect(
    await links({
      [`${fiberHome}.10.1.1.10.33`]: text('FHTT0A1B2C3D'),
      [`${fiberHome}.9.3.3.1.6.33`]: number(-2_050),
    }),
  ).toEqual([expect.objectContaining({ serial: 'FHTT0A1B2C3D', rxPowerDbm: -20.5, txPowerDbm: null })]);
  expect(
    await links({ [`${uFiber}.1.1.65`]: text('UBNT0A1B2C3D'), [`${uFiber}.9.1.65`]: number(-1_142) }),
  ).toEqual([expect.objectContaining({ serial: 'UBNT0A1B2C3D', rxPowerDbm: -11.42 })]);
});

test('subscribers of a base station whose MAC address is a text', async () => {
  const entry = '1.3.6.1.4.1.4458.1000.3.1.37.1';
  const number = (value: number) => ({ type: 'integer', value });
  const text = (value: string) => ({ type: 'string', value });
  const read = await device({
    [`${entry}.3.1`]: number(4),
    [`${entry}.9.1`]: number(-61),
    [`${entry}.13.1`]: text('P00000E500A00001'),
    [`${entry}.19.1`]: text('0200BB00000A'),
    [`${entry}.30.1`]: number(92_500),
    [`${entry}.42.1`]: text('HSU'),
    [`${entry}.3.2`]: number(1),
    [`${entry}.19.2`]: text('none'),
  });
  expect(await read('customerLink')).toEqual([
    expect.objectContaining({
      medium: 'WIRELESS',
      mac: '02:00:bb:00:00:0a',
      serial: 'P00000E500A00001',
      signalDbm: -61,
      downBitsPerSecond: 92_500_000n,
      upBitsPerSecond: null,
    }),
  ]);
});

test('a device without neighbours has none; one without a table of customers says so', async () => {
  const read = await device({});
  expect(await read('neighbor')).toEqual([]);
  expect(await read('forwardingEntry')).toEqual([]);
  await expect(read('customerLink')).rejects.toMatchObject({ code: 'CAPABILITY_UNSUPPORTED' });
});

test('half a list is an error, so that nothing is taken for gone', async () => {
  const learnt = Array.from({ length: 60 }, (_, i) => ({
    mac: `02:aa:00:00:00:${i.toString(16).padStart(2, '0')}`,
    ifIndex: 1,
  }));
  const read = await device(bridgeForwarding(3, learnt), ['loop']);
  await expect(read('forwardingEntry')).rejects.toMatchObject({ code: 'PARTIAL_FAILURE' });
});
