import type { RateLimit } from '@dotmac/device';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { interfaceOf, sessionOf } from './models.ts';
import { isWrite } from './sentence.ts';
import {
  parseDurationSeconds,
  parseLinkRate,
  parseMac,
  parseRate,
  queueRates,
  sameRates,
  shapingOf,
} from './values.ts';

test.each([
  ['1w2d3h4m5s', 788_645],
  ['5m', 300],
  ['0s', 0],
  ['300ms', 0],
  ['00:05:00', 300],
  ['1d00:00:01', 86_401],
  ['', null],
  ['soon', null],
])('the duration "%s" is %s seconds', (text, seconds) => {
  expect(parseDurationSeconds(text)).toBe(seconds);
});

test.each([
  ['10M', 10_000_000n],
  ['512k', 512_000n],
  ['1G', 1_000_000_000n],
  ['77', 77n],
  ['10m', null],
  ['', null],
])('the rate "%s" is %s bit/s', (text, rate) => {
  expect(parseRate(text)).toBe(rate);
});

test.each([
  ['1Gbps', 1_000_000_000n],
  ['2.5Gbps', 2_500_000_000n],
  ['100Mbps', 100_000_000n],
  ['auto', null],
  [undefined, null],
])('the link rate "%s" is %s bit/s', (text, rate) => {
  expect(parseLinkRate(text)).toBe(rate);
});

test('a MAC is canonical, and a caller id that is none is null', () => {
  expect(parseMac('AA:BB:CC:00:11:22')).toBe('aa:bb:cc:00:11:22');
  expect(parseMac('198.51.100.7')).toBeNull();
});

const rate = fc.bigInt({ min: 1n, max: 10n ** 12n });
const limit: fc.Arbitrary<RateLimit> = fc.oneof(
  fc.record({ bitsPerSecond: rate }),
  fc.record({
    bitsPerSecond: rate,
    burst: fc.record({
      bitsPerSecond: rate,
      thresholdBitsPerSecond: rate,
      seconds: fc.integer({ min: 1, max: 600 }),
    }),
  }),
);

test('a speed survives the queue, and only the same speed is the same', () => {
  fc.assert(
    fc.property(limit, limit, (upstream, downstream) => {
      const shaping = { upstream, downstream };
      const rates = queueRates(shaping);
      expect(shapingOf(rates)).toEqual(shaping);
      expect(sameRates(rates, rates)).toBe(true);
      const other = queueRates({
        upstream: { ...upstream, bitsPerSecond: upstream.bitsPerSecond + 1n },
        downstream,
      });
      expect(sameRates(other, rates)).toBe(false);
    }),
    { seed: 13 },
  );
});

test('rates compare by value, not by notation; unlimited is no speed', () => {
  const wanted = queueRates({
    upstream: { bitsPerSecond: 10_000_000n },
    downstream: { bitsPerSecond: 50_000_000n },
  });
  expect(wanted['max-limit']).toBe('10000000/50000000');
  expect(sameRates({ 'max-limit': '10M/50M' }, wanted)).toBe(true);
  expect(sameRates({ 'max-limit': '50M/10M' }, wanted)).toBe(false);
  expect(shapingOf({ 'max-limit': '0/0' })).toBeNull();
});

test('the router receives what the subscriber sends', () => {
  const session = sessionOf(
    { name: 'ada', 'session-id': '0x81A00001' },
    { 'rx-byte': '1', 'tx-byte': '9' },
    null,
  );
  expect(session).toMatchObject({
    upstreamOctets: 1n,
    downstreamOctets: 9n,
    nativeId: '81a00001',
    address: null,
  });
});

test('what a port does not say is unknown, never zero or empty', () => {
  expect(interfaceOf({ name: 'lo' }, null, null)).toMatchObject({
    alias: null,
    mac: null,
    mtu: null,
    adminStatus: null,
    operStatus: null,
    inOctets: null,
    speedBitsPerSecond: null,
  });
});

test('any verb that is not known to read may have written', () => {
  expect(isWrite('/ppp/active/print')).toBe(false);
  expect(isWrite('/tool/ping')).toBe(false);
  expect(isWrite('/ppp/active/remove')).toBe(true);
  expect(isWrite('/system/something-new')).toBe(true);
});
