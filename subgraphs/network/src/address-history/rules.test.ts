import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { certaintyAt, checkCgnatBlock, insideOf, outsideOf } from './rules.ts';

const block = { inside: '100.64.0.0/22', outside: '203.0.113.0/28', firstPort: 1024, portsPerHost: 1000 };

describe('deterministic NAT', () => {
  test('an example', () => {
    expect(outsideOf(block, '100.64.0.65')).toEqual({
      address: '203.0.113.1',
      firstPort: 2024,
      lastPort: 3023,
    });
    expect(insideOf(block, '203.0.113.1', 2500)).toBe('100.64.0.65');
    expect(insideOf(block, '203.0.113.1', 80)).toBeNull();
    expect(insideOf(block, '203.0.113.99', 2500)).toBeNull();
    expect(insideOf(block, '203.0.113.0', 65_100)).toBeNull();
  });
  test('every port of every inside address leads back to it, and to nobody else', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1023 }),
        fc.integer({ min: 1, max: 4000 }),
        fc.integer({ min: 1, max: 65_000 }),
        fc.integer({ min: 0, max: 3999 }),
        (host, portsPerHost, firstPort, offset) => {
          const any = { ...block, outside: '203.0.0.0/16', portsPerHost, firstPort };
          fc.pre(portsPerHost <= 65_536 - firstPort);
          const inner = `100.64.${host >> 8}.${host & 255}`;
          const outer = outsideOf(any, inner);
          if (outer === null) throw new Error('has none');
          expect(outer.lastPort).toBeLessThanOrEqual(65_535);
          expect(insideOf(any, outer.address, outer.firstPort + (offset % portsPerHost))).toBe(inner);
        },
      ),
    );
  });
  test('blocks without room are refused', () => {
    expect(checkCgnatBlock(block)).toBe(block);
    expect(() => checkCgnatBlock({ ...block, outside: '203.0.113.0/29' })).toThrow('room for 512 hosts');
    expect(() => checkCgnatBlock({ ...block, inside: '2001:db8::/64' })).toThrow('100.64.0.0/22');
  });
});

test.each([
  [0, null],
  [1_000, 'CERTAIN'],
  [5_000, 'CERTAIN'],
  [6_000, null],
])('a session that stopped, at %d: %s', (at, certainty) => {
  const session = { startedAt: 1_000, updatedAt: 5_000, stoppedAt: 5_000, terminateCause: 'User-Request' };
  expect(certaintyAt({ ...session, interimSeconds: 300 }, at)).toBe(certainty);
});

test('after its last word a session is possible, not certain', () => {
  const live = { startedAt: 0, updatedAt: 5_000, stoppedAt: null, terminateCause: null, interimSeconds: 300 };
  expect(certaintyAt(live, 6_000)).toBe('POSSIBLE');
  const stale = { ...live, stoppedAt: 5_000, terminateCause: 'Stale' };
  expect([6_000, 905_000, 905_001].map((at) => certaintyAt(stale, at))).toEqual([
    'POSSIBLE',
    'POSSIBLE',
    null,
  ]);
});
