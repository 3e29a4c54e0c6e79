import { type ModelName, type ModelOf, type OperationContext, systemClock } from '@dotmac/device';
import { startRouterosSimulator } from '@dotmac/lab/routeros';
import { expect, onTestFinished, test } from 'vitest';
import { createRouterosDriver } from './driver.ts';

const context: OperationContext = {
  clock: systemClock,
  signal: new AbortController().signal,
  priority: 'poll',
  operationId: 'test',
};

test('a router tells whom it hears, what its bridge has learnt and whose radios are registered', async () => {
  const simulator = await startRouterosSimulator({
    name: 'ap-1',
    version: '6.49.10',
    boardName: 'RB912',
    users: [{ name: 'dotmac', password: 'lab-secret' }],
    interfaces: [{ name: 'ether1' }, { name: 'wlan1' }],
  });
  const session = createRouterosDriver().open(
    { id: 'ap-1', host: simulator.host, port: simulator.port },
    { username: 'dotmac', password: 'lab-secret' },
  );
  onTestFinished(async () => {
    await session.close();
    await simulator.close();
  });
  const { router } = simulator;
  router.table('/ip/neighbor').insert({
    interface: 'ether1,bridge1',
    address: '192.0.2.1',
    'mac-address': '02:00:5e:30:00:01',
    identity: 'core',
    'interface-name': 'bridge/sfp1',
    'discovered-by': 'lldp,mndp',
  });
  router.table('/interface/bridge/host').insert({
    'mac-address': '02:BB:00:00:00:01',
    'on-interface': 'wlan1',
    vid: '100',
    local: 'false',
  });
  router
    .table('/interface/bridge/host')
    .insert({ 'mac-address': '02:BB:00:00:00:02', 'on-interface': 'bridge1', local: 'true' });
  router
    .table('/ip/arp')
    .insert({ address: '192.0.2.10', 'mac-address': '02:BB:00:00:00:01', interface: 'ether1' });
  router.table('/ip/arp').insert({ address: '192.0.2.11', interface: 'ether1' });
  router.table('/ip/arp').insert({
    address: '192.0.2.12',
    'mac-address': '02:BB:00:00:00:02',
    interface: 'ether1',
    invalid: 'true',
  });
  router
    .table('/ipv6/neighbor')
    .insert({ address: 'fe80::1', 'mac-address': '02:BB:00:00:00:01', interface: 'ether1' });
  router.table('/interface/wireless/registration-table').insert({
    interface: 'wlan1',
    'mac-address': '02:BB:00:00:00:01',
    'radio-name': 'ada',
    'signal-strength': '-63dBm@6Mbps',
    'signal-to-noise': '31',
    'tx-ccq': '88',
    'tx-rate': '130Mbps-20MHz/2S/SGI',
    'rx-rate': '6.5Mbps',
  });
  const read = async <M extends ModelName>(model: M): Promise<ModelOf[M][]> => {
    const values: ModelOf[M][] = [];
    for await (const { value } of session.read(model, context)) values.push(value);
    return values;
  };
  expect(await read('localSystem')).toEqual([{ chassis: null, systemName: 'ap-1' }]);
  expect(await read('neighbor')).toEqual([
    {
      protocol: 'LLDP',
      localPort: { stableKey: 'ether1', name: 'ether1' },
      chassis: { kind: 'mac', value: '02:00:5e:30:00:01' },
      port: { kind: 'interfaceName', value: 'sfp1' },
      portDescription: null,
      systemName: 'core',
      addresses: ['192.0.2.1'],
    },
  ]);
  expect(await read('forwardingEntry')).toEqual([
    { mac: '02:bb:00:00:00:01', port: { stableKey: 'wlan1', name: 'wlan1' }, vlan: 100 },
  ]);
  const ether1 = { stableKey: 'ether1', name: 'ether1' };
  expect(await read('resolvedAddress')).toEqual([
    { address: '192.0.2.10', mac: '02:bb:00:00:00:01', port: ether1 },
    { address: 'fe80::1', mac: '02:bb:00:00:00:01', port: ether1 },
  ]);
  expect(await read('customerLink')).toMatchObject([
    {
      mac: '02:bb:00:00:00:01',
      name: 'ada',
      port: { name: 'wlan1' },
      signalDbm: -63,
      snrDb: 31,
      ccqPercent: 88,
      downBitsPerSecond: 130_000_000n,
      upBitsPerSecond: 6_500_000n,
    },
  ]);
});
