import fc from 'fast-check';
import { expect, test } from 'vitest';
import { portSpeed, stableKeys } from './interfaces.ts';

const port = fc.record({
  ifIndex: fc.nat(5000),
  ifName: fc.option(fc.constantFrom('ether1', 'ether2', 'wlan1')),
  ifDescr: fc.option(fc.constantFrom('Ethernet', 'radio', 'ether1')),
  ifAlias: fc.option(fc.constantFrom('uplink', 'customer')),
  ifType: fc.option(fc.constantFrom(6, 71)),
  mac: fc.option(fc.constantFrom('02:00:00:00:00:01', '02:00:00:00:00:02')),
});
const ports = fc.uniqueArray(port, { selector: ({ ifIndex }) => ifIndex, maxLength: 12 });

test('no two ports of a device share a stable key', () => {
  fc.assert(
    fc.property(ports, (rows) => {
      expect(new Set(stableKeys(rows)).size).toBe(rows.length);
    }),
  );
});

test('keys other than the last resort do not change when every ifIndex moves', () => {
  fc.assert(
    fc.property(ports, fc.integer({ min: 1, max: 1000 }), (rows, shift) => {
      const moved = stableKeys(rows.map((row) => ({ ...row, ifIndex: row.ifIndex + shift })));
      const lasting = stableKeys(rows).map((key) => (key.startsWith('index:') ? null : key));
      expect(moved.map((key) => (key.startsWith('index:') ? null : key))).toEqual(lasting);
    }),
  );
});

test.each([
  ['gigabit in both', 1_000_000_000n, 1_000n, 1_000_000_000n],
  ['ten gigabit, where ifSpeed is stuck', 4_294_967_295n, 10_000n, 10_000_000_000n],
  ['1.544 Mbit/s, which ifHighSpeed rounds down', 1_544_000n, 1n, 1_544_000n],
  ['no ifHighSpeed', 100_000_000n, null, 100_000_000n],
  ['neither', null, null, null],
])('speed: %s', (_, ifSpeed, ifHighSpeed, expected) => {
  expect(portSpeed(ifSpeed, ifHighSpeed)).toBe(expected);
});
