import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Topology } from '../topology/rules.ts';
import { reachOf } from './affected.ts';

// core - switch - ap, switch - olt; hill has two ways, over the switch and over the core.
const ways = new Topology([
  { childId: 'switch', parentId: 'core' },
  { childId: 'ap', parentId: 'switch' },
  { childId: 'olt', parentId: 'switch' },
  { childId: 'hill', parentId: 'switch' },
  { childId: 'hill', parentId: 'core' },
]);
const alarm = (about: object) => ({
  id: 'alm_1',
  deviceId: 'switch',
  interfaceId: null,
  serviceId: null,
  clearedAt: null,
  ...about,
});
const devices = (about: object, behindPort: string[] = []) =>
  [...reachOf(alarm(about), ways, behindPort).deviceIds].sort();

test('an alarm about a device concerns all that is cut off without it', () => {
  expect(devices({})).toEqual(['ap', 'olt', 'switch']);
  expect(devices({ sensorId: 'sen_1' })).toEqual(['ap', 'olt', 'switch']);
});

test('an alarm about a port concerns what hangs on the port alone, and not the device', () => {
  expect(devices({ interfaceId: 'ifc_1' }, ['ap'])).toEqual(['ap']);
  // The uplink: what is above does not hang on it. The hill has another way.
  expect(devices({ interfaceId: 'ifc_1' }, ['core'])).toEqual([]);
  expect(devices({ interfaceId: 'ifc_1' }, ['hill'])).toEqual([]);
});

test('an alarm about a customer’s equipment concerns him alone', () => {
  expect(reachOf(alarm({ serviceId: 'svc_1' }), ways, [])).toEqual({
    alarmId: 'alm_1',
    serviceId: 'svc_1',
    interfaceId: null,
    deviceIds: [],
  });
});

test('whatever is cabled, a port concerns no more than its device', () => {
  const node = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const links = fc.array(fc.record({ childId: node, parentId: node }), { maxLength: 8 });
  fc.assert(
    fc.property(links, node, fc.array(node), (cabled, deviceId, behind) => {
      const topology = new Topology(cabled.filter(({ childId, parentId }) => childId < parentId));
      const of = (interfaceId: string | null) =>
        new Set(reachOf(alarm({ deviceId, interfaceId }), topology, behind).deviceIds);
      expect([...of('ifc_1')].filter((id) => !of(null).has(id))).toEqual([]);
    }),
  );
});
