import { describe, expect, test } from 'vitest';
import { isReserved, poolBlock } from './rules.ts';

describe('a pool', () => {
  test('host bits are cleared', () => {
    expect(poolBlock('100.64.3.9/22')).toEqual({ cidr: '100.64.0.0/22', size: 1024 });
    expect(poolBlock('203.0.113.7/32')).toEqual({ cidr: '203.0.113.7/32', size: 1 });
  });
  test.each(['10.0.0.0/8', '2001:db8::/64', '10.0.0.0', '10.0.0.0/33'])(
    '%s is refused, with an example',
    (cidr) => {
      expect(() => poolBlock(cidr)).toThrow('100.64.0.0/22');
    },
  );
  test('network, gateway and broadcast are kept free where there is room', () => {
    expect([0, 1, 2, 63].map((offset) => isReserved(offset, 64))).toEqual([true, true, false, true]);
    expect(isReserved(0, 2)).toBe(false);
  });
});
