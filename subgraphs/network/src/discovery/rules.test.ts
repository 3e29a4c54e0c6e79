import type { ValidationError } from '@dotmac/schema';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressesOf, discoveryRanges, mostAddresses, parseRange, rangeText } from './rules.ts';

test.each([
  ['192.0.2.0/30', ['192.0.2.1', '192.0.2.2']],
  ['192.0.2.8/31', ['192.0.2.8', '192.0.2.9']],
  ['192.0.2.7', ['192.0.2.7']],
  ['192.0.2.254-192.0.3.1', ['192.0.2.254', '192.0.2.255', '192.0.3.0', '192.0.3.1']],
])('%s', (text, addresses) => {
  const range = parseRange(text);
  expect([...addressesOf(range === null ? [] : [range])]).toEqual(addresses);
});

test('a search goes on behind what was looked at, over several ranges', () => {
  const { ranges, total } = discoveryRanges(['10.0.0.1-10.0.0.3', '10.9.0.1'], [], false);
  expect(total).toBe(4);
  expect([...addressesOf(ranges, 2)]).toEqual(['10.0.0.3', '10.9.0.1']);
  expect([...addressesOf(ranges, 3)]).toEqual(['10.9.0.1']);
  expect([...addressesOf(ranges, 4)]).toEqual([]);
});

test.each([
  ['169.254.169.254', /metadata/],
  ['169.254.0.0/16', /metadata/],
  ['127.0.0.1', /machine DotMac runs on/],
  ['0.0.0.0/0', /no host/],
  ['100.100.100.200', /metadata/],
  ['224.0.0.1', /groups/],
  ['255.255.255.255', /groups/],
  ['8.8.8.0/24', /address pool of yours/],
  ['9.255.255.0-10.0.0.10', /address pool of yours/],
  ['10.0.0.0/8', /too many/],
  ['10.0.0.0/19', /too many/],
  ['2001:db8::/120', /IPv6, whose networks are too large/],
  ['fe80::1', /IPv6/],
  ['2001:db8::1-2001:db8::9', /IPv6/],
  ['10.0.0.9-10.0.0.1', /no range/],
  ['10.0.0.1-10.0.0.0/24', /no range/],
  ['router.example', /no range/],
  ['-', /no range/],
])('%s is refused, with the reason', (text, reason) => {
  expect(() => discoveryRanges([text], ['203.0.113.0/24'], false)).toThrow(
    expect.objectContaining({
      message: expect.stringMatching(reason),
      field: expect.stringMatching(/^input\.ranges/),
    }) as ValidationError,
  );
});

test('private addresses, blocks of the tenant, and in a demo this machine may be searched', () => {
  for (const text of ['192.168.88.0/24', '100.64.0.0/22', '203.0.113.16-203.0.113.20'])
    expect(discoveryRanges([text], ['203.0.113.0/24'], false).total).toBeGreaterThan(0);
  expect(discoveryRanges(['127.0.0.1'], [], true).total).toBe(1);
  expect(() => discoveryRanges(['169.254.169.254'], ['169.254.0.0/16'], true)).toThrow(/metadata/);
});

test('whatever is taken lies in the range, is counted right, and reads back', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 24 - 1), fc.nat(mostAddresses - 1), (offset, more) => {
      const first = 10 * 2 ** 24 + Math.min(offset, 2 ** 24 - 1 - more);
      const text = rangeText({ first, last: first + more });
      const { ranges, total } = discoveryRanges([text], [], false);
      expect(total).toBe(more + 1);
      expect(rangeText(ranges[0] as never)).toBe(text);
    }),
  );
});
