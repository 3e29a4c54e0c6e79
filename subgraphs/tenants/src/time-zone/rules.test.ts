import { localDateAt } from '@dotmac/platform';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planZoneChange } from './rules.ts';

const at = (instant: string) => Date.parse(instant);
const zones = Intl.supportedValuesOf('timeZone');
const instant = fc.integer({ min: at('2024-01-01T00:00:00Z'), max: at('2034-01-01T00:00:00Z') });
const zone = fc.constantFrom(...zones);

describe('a change of zone', () => {
  test('to the east may end a day at once, and says when the next one begins', () => {
    const change = planZoneChange('America/Toronto', 'Europe/Berlin', at('2026-11-30T01:00:00Z'));
    expect(change).toMatchObject({ today: '2026-11-29', todayThen: '2026-11-30' });
    expect(new Date(change.nextDayAt).toISOString()).toBe('2026-11-30T23:00:00.000Z');
  });

  test('to the west waits while a day would come twice, and says until when', () => {
    const change = (now: string) => planZoneChange('America/Toronto', 'America/Denver', at(now));
    expect(() => change('2026-11-30T06:00:00Z')).toThrow(
      'In America/Denver it is still 2026-11-29, a day that has ended here; from 2026-11-30T07:00:00.000Z on',
    );
    expect(change('2026-11-30T07:00:00Z')).toMatchObject({ today: '2026-11-30', todayThen: '2026-11-30' });
  });

  test('the day after a change begins where the zone has no midnight', () => {
    const change = planZoneChange('America/Lima', 'America/Santiago', at('2027-09-04T12:00:00Z'));
    expect(new Date(change.nextDayAt).toISOString()).toBe('2027-09-05T04:00:00.000Z');
  });

  test('of whatever zones and at whatever time, local days never run backwards', () => {
    fc.assert(
      fc.property(zone, zone, instant, (from, to, now) => {
        const dayOf = (when: number, by: string) => localDateAt(when, by);
        let change: ReturnType<typeof planZoneChange>;
        try {
          change = planZoneChange(from, to, now);
        } catch {
          expect(from === to || dayOf(now, to) < dayOf(now, from)).toBe(true);
          return;
        }
        expect(change.todayThen >= dayOf(now - 1, from)).toBe(true);
        expect(dayOf(change.nextDayAt, to) > change.todayThen).toBe(true);
        expect(dayOf(change.nextDayAt - 1, to)).toBe(change.todayThen);
      }),
    );
  });

  test.each([
    ['Mars/Olympus', '"Mars/Olympus" is not an IANA time zone'],
    ['America/Toronto', 'America/Toronto is its zone already'],
  ])('%s is refused', (to, message) => {
    expect(() => planZoneChange('America/Toronto', to, at('2026-11-30T12:00:00Z'))).toThrow(message);
  });
});
