import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatIpv6, parseIpv4, parseIpv6 } from './address.ts';

test.each([
  ['::', '::'],
  ['::1', '::1'],
  ['2001:0DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8::1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['::ffff:192.0.2.1', '::ffff:c000:201'],
  ['fe80::', 'fe80::'],
])('RFC 5952: %s is %s', (given, canonical) => {
  expect(formatIpv6(parseIpv6(given) as Uint8Array)).toBe(canonical);
});

test('octets to text and back are the same octets, in a form others read', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (octets) => {
      const text = formatIpv6(octets);
      expect(isIPv6(text)).toBe(true);
      expect(parseIpv6(text)).toEqual(octets);
    }),
  );
});

test.each([
  '',
  ':',
  ':::',
  '1',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1::2::3',
  '12345::',
  'g::',
  '::1.2.3.400',
  '1:2:3:4:5:6:7:8::',
])('"%s" is no IPv6 address', (text) => expect(parseIpv6(text)).toBeNull());

test.each(['', '1.2.3', '1.2.3.4.5', '300.1.2.3', '1.2.3.x', '1..2.3', '-1.2.3.4', '1.2.3.4444'])(
  '"%s" is no IPv4 address',
  (text) => expect(parseIpv4(text)).toBeNull(),
);
