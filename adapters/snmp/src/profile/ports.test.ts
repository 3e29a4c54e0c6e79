import { expect, test } from 'vitest';
import type { SnmpValue } from '../codec/value.ts';
import type { InterfaceRow } from '../mib/interfaces.ts';
import { withPorts } from './ports.ts';

const text = (value: string): SnmpValue => ({ type: 'octets', value: Buffer.from(value) });
const integer = (value: number): SnmpValue => ({ type: 'integer', value });
const port = (ifIndex: number, ifAlias: string | null): InterfaceRow => ({
  ...{ ifIndex, ifName: `p${ifIndex}`, ifDescr: null, ifAlias, ifType: 6, mtu: 1500, mac: null },
  ...{ adminStatus: 'up', operStatus: 'up', speedBitsPerSecond: 1n, inOctets: 1n, outOctets: 1n },
  ...{ counterBits: 64, sysUpTime: 1 },
});

test('what IF-MIB leaves out of a port is filled in, and nothing of it is replaced', () => {
  const cells = new Map([['9.1', new Map([1, 2, 3].map((i) => [String(i), text(`alias ${i}`)]))]]);
  const rows = withPorts([port(101, null), port(102, 'kept')], [{ alias: '9.1', offset: 100 }], cells);
  expect(rows).toEqual([port(101, 'alias 1'), port(102, 'kept')]);
});

test('counters and state of a port that hardware forwards for count before those of its kernel', () => {
  const cells = new Map<string, Map<string, SnmpValue>>([
    ['9.1', new Map([['0', { type: 'counter64', value: 7n }]])],
    ['9.2', new Map([['0', integer(0)]])],
  ]);
  const source = { port: '^p102$', inOctets: '9.1', operStatus: '9.2', statuses: { '0': 'down' } as const };
  const rows = withPorts([port(101, null), port(102, 'tower')], [source], cells);
  expect(rows).toEqual([
    port(101, null),
    { ...port(102, 'tower'), operStatus: 'down', inOctets: 7n, outOctets: null, counterBits: 64 },
  ]);
  expect(withPorts([port(101, null)], [source], cells)).toEqual([port(101, null)]);
  expect(withPorts([port(102, null)], [source], new Map())).toEqual([port(102, null)]);
});

test('ports that IF-MIB does not have are added by number or by place in the table', () => {
  const cells = new Map<string, Map<string, SnmpValue>>([
    [
      '9.2',
      new Map([
        ['1.7', text('A7')],
        ['2.1', text('B1')],
      ]),
    ],
    [
      '9.3',
      new Map([
        ['1.7', integer(1)],
        ['2.1', integer(9)],
      ]),
    ],
    ['9.4', new Map([['1.7', integer(10)]])],
    ['9.5', new Map<string, SnmpValue>([['1.7', { type: 'counter64', value: 5n }]])],
  ]);
  const source = {
    name: '9.2',
    operStatus: '9.3',
    statuses: { '1': 'up' } as const,
    speed: '9.4',
    speedUnit: 1_000_000,
  };
  const [first, second, ...none] = withPorts(
    [],
    [{ ...source, inOctets: '9.5', numbered: 'order', offset: 1 }],
    cells,
  );
  expect(none).toEqual([]);
  expect(first).toMatchObject({
    ifIndex: 1,
    ifName: 'A7',
    operStatus: 'up',
    speedBitsPerSecond: 10_000_000n,
  });
  expect(first).toMatchObject({ inOctets: 5n, outOctets: null, counterBits: 64 });
  expect(second).toMatchObject({ ifIndex: 2, operStatus: null, speedBitsPerSecond: null, counterBits: null });
  expect(withPorts([], [source], cells).map(({ ifIndex }) => ifIndex)).toEqual([1, 7]);
});
