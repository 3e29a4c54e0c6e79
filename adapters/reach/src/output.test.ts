import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fastest, parseFping, parsePing } from './output.ts';

/** Recorded of fping 5.1 (Debian 12), with addresses of documentation put in. */
const fping = `ICMP Host Unreachable from 192.0.2.254 for ICMP Echo sent to 192.0.2.7
ICMP Time Exceeded from 198.51.100.1 for ICMP Echo sent to 203.0.113.9

127.0.0.1   : 0.155 0.041
192.0.2.7   : - -
203.0.113.9 : - -
198.51.100.4 : 12.3 -
2001:db8::1 : 0.062 0.036
`;

test('fping: a line a host, lost echoes, complaints of routers', () => {
  const found = parseFping(fping);
  expect([...found.keys()]).toEqual(['127.0.0.1', '192.0.2.7', '203.0.113.9', '198.51.100.4', '2001:db8::1']);
  expect(found.get('127.0.0.1')).toEqual({ roundTrips: [0.155, 0.041], complaint: null });
  expect(found.get('192.0.2.7')).toEqual({
    roundTrips: [null, null],
    complaint: 'ICMP Host Unreachable from 192.0.2.254',
  });
  expect(fastest(found.get('198.51.100.4') as never)).toBe(12.3);
  expect(fastest(found.get('203.0.113.9') as never)).toBeNull();
  expect(fastest(found.get('2001:db8::1') as never)).toBe(0.036);
});

test('what fping says when it may not ping is no result', () => {
  for (const words of [
    "fping: can't create socket (must run as root?)",
    'fping: can`t create raw socket (must run as root?) : Operation not permitted',
    'sh: 1: fping: Operation not permitted',
    '',
  ])
    expect(parseFping(words).size).toBe(0);
});

test.each([
  [
    'iputils',
    `PING 192.0.2.1 (192.0.2.1) 56(84) bytes of data.

--- 192.0.2.1 ping statistics ---
2 packets transmitted, 2 received, 0% packet loss, time 332ms
rtt min/avg/max/mdev = 0.389/0.428/0.442/0.014 ms`,
    [0.389, 0.389],
  ],
  [
    'iputils, nothing came back',
    `PING 192.0.2.1 (192.0.2.1) 56(84) bytes of data.
From 192.0.2.254 icmp_seq=1 Destination Host Unreachable

--- 192.0.2.1 ping statistics ---
2 packets transmitted, 0 received, +1 errors, 100% packet loss, time 1014ms
`,
    [null, null],
  ],
  [
    'busybox',
    `PING 192.0.2.1 (192.0.2.1): 56 data bytes

--- 192.0.2.1 ping statistics ---
2 packets transmitted, 1 packets received, 50% packet loss
round-trip min/avg/max = 0.053/0.060/0.067 ms`,
    [0.053, null],
  ],
  [
    'BSD',
    `--- 192.0.2.1 ping statistics ---
2 packets transmitted, 2 packets received, 0.0% packet loss
round-trip min/avg/max/stddev = 1.020/1.044/1.068/0.024 ms`,
    [1.02, 1.02],
  ],
])('ping: %s', (_name, text, roundTrips) => {
  expect(parsePing(text)?.roundTrips).toEqual(roundTrips);
});

test('ping: a router that says it cannot get there is quoted', () => {
  expect(
    parsePing(`From 192.0.2.254 icmp_seq=1 Destination Host Unreachable
--- 192.0.2.1 ping statistics ---
1 packets transmitted, 0 received, +1 errors, 100% packet loss, time 0ms`)?.complaint,
  ).toBe('Destination Host Unreachable from 192.0.2.254');
  expect(parsePing('ping: socktype: SOCK_RAW\nping: socket: Operation not permitted')).toBeNull();
});

test('no text whatever throws, and no time is anything but a number', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ maxLength: 300 }), fc.mixedCase(fc.constant(fping))), (text) => {
      for (const echoes of parseFping(text).values())
        for (const time of echoes.roundTrips) expect(time === null || Number.isFinite(time)).toBe(true);
      parsePing(text);
    }),
  );
});
