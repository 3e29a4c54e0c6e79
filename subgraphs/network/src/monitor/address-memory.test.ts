import { expect, test } from 'vitest';
import type { ManagementAddress } from '../device/store.ts';
import { AddressMemory } from './address-memory.ts';
import type { PlannedReading } from './plan.ts';
import type { Reading } from './poll.ts';

const address = (host = '192.0.2.7') =>
  ({
    deviceId: 'dev_1',
    protocol: 'snmp',
    host,
    port: 161,
    capabilities: [{ id: 'health.read' }],
  }) as unknown as ManagementAddress;
const plan: readonly PlannedReading[] = [
  { kind: 'identity', protocol: 'snmp', everyMilliseconds: 3_600_000, always: false },
  { kind: 'health', protocol: 'snmp', everyMilliseconds: 60_000, always: true },
];
const answer = { identity: {}, health: {}, interfaces: null, failure: null } as unknown as Reading;
const silence = { identity: null, health: null, interfaces: null, failure: { silent: true } };

test('an address is asked who it is once, again after an hour, after a silence, and when it is another', () => {
  const memory = new AddressMemory();
  const poll = (now: number, reading: Reading = answer, host?: string) => {
    const { probe, kinds } = memory.due(plan, address(host), now);
    memory.noteRead(address(host), reading, now);
    memory.noteProbe(address(host), probe, reading);
    return { probe, kinds: [...kinds] };
  };
  expect(poll(0)).toEqual({ probe: true, kinds: ['identity', 'health'] });
  expect(poll(60_000)).toEqual({ probe: false, kinds: ['health'] });
  expect(poll(3_600_000)).toEqual({ probe: true, kinds: ['identity', 'health'] });
  expect(poll(3_660_000, silence as unknown as Reading).probe).toBe(false);
  expect(poll(3_720_000).probe).toBe(true);
  expect(poll(3_780_000).probe).toBe(false);
  expect(poll(3_840_000, answer, '192.0.2.8').probe).toBe(true);
  memory.probeAgain();
  expect(poll(3_900_000, answer, '192.0.2.8').probe).toBe(true);
  memory.keep(() => true);
  expect(poll(3_960_000, answer, '192.0.2.8').probe).toBe(false);
  memory.keep((id) => id !== 'dev_1');
  expect(poll(4_020_000, answer, '192.0.2.8')).toEqual({ probe: true, kinds: ['identity', 'health'] });
});
