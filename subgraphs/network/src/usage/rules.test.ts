import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { spreadOverHours, uncounted } from './rules.ts';

const at = (text: string) => Temporal.Instant.from(text).epochMilliseconds;

describe('usage by hour', () => {
  test('what flowed over midnight is shared between the days, by the zone of the tenant', () => {
    expect(
      spreadOverHours(600n, at('2026-11-29T04:58:00Z'), at('2026-11-29T05:04:00Z'), 'America/Toronto'),
    ).toEqual([
      { day: '2026-11-28', hour: 23, octets: 200n },
      { day: '2026-11-29', hour: 0, octets: 400n },
    ]);
    expect(spreadOverHours(600n, at('2026-11-29T04:58:00Z'), at('2026-11-29T04:59:00Z'), 'UTC')).toEqual([
      { day: '2026-11-29', hour: 4, octets: 600n },
    ]);
  });

  test('after a silence of days the octets count where they were told', () => {
    expect(spreadOverHours(9n, at('2026-11-01T00:00:00Z'), at('2026-11-29T04:59:00Z'), 'UTC')).toEqual([
      { day: '2026-11-29', hour: 4, octets: 9n },
    ]);
  });

  test('the hour is that of the zone, whatever was asked before', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2026-12-31T00:00:00Z') }),
        fc.constantFrom('UTC', 'America/Toronto', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Pacific/Chatham'),
        (instant, zone) => {
          const local = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone);
          expect(spreadOverHours(1n, instant, instant, zone)).toEqual([
            { day: local.toPlainDate().toString(), hour: local.hour, octets: 1n },
          ]);
        },
      ),
    );
  });

  test('a clock that goes back by half an hour repeats the half, and comes to an end', () => {
    const parts = spreadOverHours(
      4n,
      at('2026-04-04T14:30:00Z'),
      at('2026-04-04T16:30:00Z'),
      'Australia/Lord_Howe',
    );
    // 01:30 to 02:00 in summer time, the same again in winter time, 02:00 to 03:00.
    expect(parts).toEqual([
      { day: '2026-04-05', hour: 1, octets: 1n },
      { day: '2026-04-05', hour: 1, octets: 1n },
      { day: '2026-04-05', hour: 2, octets: 2n },
    ]);
  });

  test('no octet is lost or made, also when clocks change and counters are huge', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2026-12-31T00:00:00Z') }),
        fc.integer({ min: -1000, max: 3 * 86_400_000 }),
        fc.constantFrom('UTC', 'America/Toronto', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Pacific/Apia'),
        (octets, from, duration, zone) => {
          const parts = spreadOverHours(octets, from, from + duration, zone);
          expect(parts.reduce((sum, part) => sum + part.octets, 0n)).toBe(octets);
          for (const { hour, octets: share } of parts) {
            expect(share).toBeGreaterThan(0n);
            expect(hour).toBeGreaterThanOrEqual(0);
            expect(hour).toBeLessThan(24);
          }
        },
      ),
    );
  });
});

test('a counter that went back is no negative usage', () => {
  expect([uncounted(5n, 3n), uncounted(3n, 5n)]).toEqual([2n, 0n]);
});
