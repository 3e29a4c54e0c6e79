import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkTerms,
  hoursAt,
  judge,
  type LoginTerms,
  noTerms,
  sessionTimeout,
  spanAt,
  type Used,
} from './rules.ts';

const zone = 'America/Toronto';
const at = (text: string) => Date.parse(text);
/** 10:00 in Toronto. */
const now = at('2026-11-28T15:00:00Z');
const unused: Used = {
  at: now,
  span: spanAt(now, zone),
  daySeconds: 0,
  monthSeconds: 0,
  dayOctets: 0n,
  monthOctets: 0n,
  totalOctets: 0n,
  online: 0,
};
const standing = (terms: Partial<LoginTerms>, used: Partial<Used> = {}, when = now) =>
  judge({ ...noTerms, ...terms }, { ...unused, ...used }, when, zone);

describe('how terms stand', () => {
  test.each<[string, Partial<LoginTerms>, Partial<Used>, string | null, string | null]>([
    ['nothing', {}, {}, null, null],
    ['validity ahead', { validUntil: '2026-11-28T16:00:00Z' }, {}, null, '2026-11-28T16:00:00Z'],
    ['validity over to the millisecond', { validUntil: '2026-11-28T15:00:00Z' }, {}, 'EXPIRED', null],
    ['a voucher over', { validUntil: '2026-11-28T15:00:00Z', voucher: true }, {}, 'VOUCHER_USED', null],
    ['an hour of two used', { daySeconds: 7200 }, { daySeconds: 3600 }, null, '2026-11-28T16:00:00Z'],
    ['all of it used', { daySeconds: 7200 }, { daySeconds: 7200 }, 'TIME_QUOTA_USED', '2026-11-29T05:00:00Z'],
    ['a quota beyond midnight begins anew there', { daySeconds: 86_400 }, {}, null, '2026-11-30T05:00:00Z'],
    ['a month used', { monthSeconds: 60 }, { monthSeconds: 60 }, 'TIME_QUOTA_USED', '2026-12-01T05:00:00Z'],
    [
      'octets used',
      { dayOctets: '1000000' },
      { dayOctets: 1_000_000n },
      'VOLUME_QUOTA_USED',
      '2026-11-29T05:00:00Z',
    ],
    [
      'octets of a voucher used',
      { totalOctets: '5', voucher: true },
      { totalOctets: 5n },
      'VOUCHER_USED',
      null,
    ],
    ['octets left', { monthOctets: '1000000' }, { monthOctets: 999_999n }, null, null],
    [
      'night hours by day',
      { hours: { from: '22:00', to: '06:00' } },
      {},
      'OUTSIDE_HOURS',
      '2026-11-29T03:00:00Z',
    ],
    ['day hours by day', { hours: { from: '08:00', to: '18:00' } }, {}, null, '2026-11-28T23:00:00Z'],
    [
      'the nearest of several ends',
      { hours: { from: '08:00', to: '18:00' }, validUntil: '2026-12-24T00:00:00Z', daySeconds: 1800 },
      {},
      null,
      '2026-11-28T15:30:00Z',
    ],
  ])('%s', (_name, terms, used, reason, until) => {
    const answer = standing(terms, used);
    expect([answer.reason, answer.until]).toEqual([reason, until === null ? null : at(until)]);
  });

  test('time goes on while somebody is online, and stops counting at midnight', () => {
    const online = { daySeconds: 3600, online: 1 };
    expect(standing({ daySeconds: 7200 }, online, now + 1_800_000).until).toBe(now + 3_600_000);
    expect(standing({ daySeconds: 7200 }, online, now + 3_600_000).reason).toBe('TIME_QUOTA_USED');
    expect(standing({ daySeconds: 7200 }, online, at('2026-11-29T05:30:00Z')).until).toBe(
      at('2026-11-29T07:00:00Z'),
    );
  });

  test('hours keep the local clock when it is changed', () => {
    // Toronto goes back an hour on 1 November 2026 at 02:00.
    const hours = { from: '23:00', to: '03:00' };
    expect(hoursAt(hours, at('2026-11-01T07:30:00Z'), zone)).toEqual({
      open: true,
      until: at('2026-11-01T08:00:00Z'),
    });
  });

  test('what is open is open until its end, and not at it', () => {
    const time = fc
      .integer({ min: 0, max: 1439 })
      .map((minutes) =>
        [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':'),
      );
    const instant = fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2027-01-01T00:00:00Z') });
    fc.assert(
      fc.property(time, time, instant, (from, to, when) => {
        fc.pre(from !== to);
        const { open, until } = hoursAt({ from, to }, when, zone);
        expect(until).toBeGreaterThan(when);
        expect(hoursAt({ from, to }, until - 1, zone).open).toBe(open);
        expect(hoursAt({ from, to }, until, zone).open).toBe(!open);
      }),
    );
  });
});

describe('the Session-Timeout', () => {
  const timeout = (terms: Partial<LoginTerms>, used: Partial<Used> = {}) =>
    sessionTimeout({ ...noTerms, ...terms }, standing(terms, used), now);
  test.each<[Partial<LoginTerms>, number | null]>([
    [{}, null],
    [{ sessionSeconds: 600 }, 600],
    [{ sessionSeconds: 600, daySeconds: 300 }, 300],
    [{ sessionSeconds: 600, daySeconds: 900 }, 600],
    [{ validUntil: '2026-11-28T15:00:01.500Z' }, 1.5],
  ])('%o', (terms, seconds) => {
    expect(timeout(terms)).toBe(seconds);
  });

  test('in the walled garden lasts until the quota is renewed', () => {
    expect(timeout({ daySeconds: 60 }, { daySeconds: 60 })).toBe(14 * 3600);
  });
});

test.each([
  [{ daySeconds: 59 }, 'input.daySeconds'],
  [{ daySeconds: 86_401 }, 'input.daySeconds'],
  [{ monthOctets: '5' }, 'input.monthOctets'],
  [{ dayOctets: '-1' }, 'input.dayOctets'],
  [{ hours: { from: '24:00', to: '01:00' } }, 'input.hoursFrom'],
  [{ hours: { from: '08:00', to: '08:00' } }, 'input.hoursTo'],
])('terms %o are refused', (wrong, field) => {
  expect(() => checkTerms({ ...noTerms, ...wrong })).toThrow(expect.objectContaining({ field }));
});
