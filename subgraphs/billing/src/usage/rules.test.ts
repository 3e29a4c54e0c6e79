import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Day, dayOf } from '../calendar/rules.ts';
import type { BilledLine } from '../charge/rules.ts';
import { checkExplanation } from '../explanation/rules-checker.ts';
import type { StoredServiceEvent } from '../service-line/rules.ts';
import { lineAccruals } from '../service-line/rules.ts';
import { countedOctets, standingOf, type UsageDay, usageWindows } from './rules.ts';
import { boundOf, boundText, checkBound, type PlanBound, type VolumeBound } from './rules-bound.ts';
import { overageLines } from './rules-overage.ts';

const account = { anchorDay: 1, currency: 'USD' };
const bound: VolumeBound = {
  mechanism: 'VOLUME',
  octets: 3_100n,
  counted: 'BOTH',
  atCap: 'OVERAGE',
  overage: { octets: 100n, priceMinor: 50n, currency: 'USD' },
  rollover: false,
  freeWindows: [],
};
const version = (id: string, own: PlanBound = bound) => ({
  id,
  planName: 'Fibre',
  priceMinor: 3_000n,
  currency: 'USD',
  interval: { unit: 'month', count: 1 } as const,
  timing: 'inAdvance' as const,
  productClass: 'internetAccess',
  bound: own,
});
const start = (on: Day, own?: PlanBound): StoredServiceEvent[] => [
  { type: 'start', on, version: version('v1', own) },
];
const used = (day: Day, downstream: bigint, complete = true): UsageDay => ({
  day,
  downstream,
  upstream: 0n,
  complete,
  hours: null,
});
const january = dayOf(2026, 1, 1);
const [february, march, april] = [dayOf(2026, 2, 1), dayOf(2026, 3, 1), dayOf(2026, 4, 1)];

function run(
  events: readonly StoredServiceEvent[],
  days: readonly UsageDay[],
  runDate: Day,
  billed: readonly BilledLine[] = [],
) {
  const snapshot = { lineId: 'svc/usage', settledBefore: null, days, topUps: [], billed };
  return overageLines('svc', events, snapshot, account, runDate).lines;
}
const asBilled = (lines: ReturnType<typeof run>): BilledLine[] =>
  lines.map((line) => ({ ...line, kind: 'recurring' as const, amount: line.net }));

describe('overage', () => {
  it('is charged per started unit when the period has ended, and explains itself', () => {
    const days = [used(january + 3, 3_000n), used(january + 9, 201n)];
    expect(run(start(january), days, february - 1)).toEqual([]);
    const [line] = run(start(january), days, february);
    expect(line).toMatchObject({
      kind: 'usage',
      net: 100n,
      correction: 0,
      periodFrom: january,
      periodTo: february,
    });
    expect(line?.description).toBe('Fibre: usage over the cap');
    if (line !== undefined)
      expect(checkExplanation(line.explanation, line.net)).toEqual({ outcome: 'AGREES' });
  });
  it('of a part period is of a part of the cap', () => {
    // Ten of 31 days: 1000 of 3100 octets.
    expect(run(start(january + 21), [used(january + 25, 1_001n)], february)).toMatchObject([{ net: 50n }]);
    expect(run(start(january + 21), [used(january + 25, 1_000n)], february)).toEqual([]);
  });
  it('that is told late goes on the next invoice with its true period, and twice told is once charged', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.bigInt(0n, 2_000n)), {
          minLength: 1,
          maxLength: 12,
        }),
        fc.nat(),
        (told, cut) => {
          const days = [...new Map(told).entries()].map(([day, octets]) => used(january + day, octets));
          const known = days.slice(0, cut % (days.length + 1));
          const first = run(start(january), known, february);
          const second = run(start(january), days, march, asBilled(first));
          const atOnce = run(start(january), days, february);
          const sum = (lines: ReturnType<typeof run>) => lines.reduce((total, { net }) => total + net, 0n);
          expect(sum(first) + sum(second)).toBe(sum(atOnce));
          for (const line of second) {
            expect(line.description).toContain('told late');
            expect([line.periodFrom, line.correction]).toEqual([january, first.length]);
            expect(checkExplanation(line.explanation, line.net)).toEqual({ outcome: 'AGREES' });
          }
          expect(run(start(january), days, april, asBilled([...first, ...second]))).toEqual([]);
        },
      ),
    );
  });
  it('days that are not told to their end charge nobody', () => {
    expect(run(start(january), [used(january, 9_000n, false)], february)).toEqual([]);
  });
  it('a change of plan cuts the period: each version counts its own days', () => {
    const events: StoredServiceEvent[] = [
      ...start(january),
      { type: 'change', on: january + 10, version: version('v2') },
    ];
    const lines = run(events, [used(january + 3, 1_100n), used(january + 20, 2_100n)], february);
    // Of v1 1000 octets, of v2 2100.
    expect(lines).toMatchObject([{ priceKey: 'v1', net: 50n, from: january, to: january + 10 }]);
    expect(lines).toHaveLength(1);
  });
});

describe('a data cap', () => {
  it('carries over once what was left of its own, and top-ups end with their period', () => {
    const rolling = { ...bound, rollover: true };
    const accrued = lineAccruals(start(january), account);
    if (!accrued.ok) throw new Error(accrued.message);
    const [one, two, three] = usageWindows(accrued.accruals, april);
    if (one === undefined || two === undefined || three === undefined) throw new Error('three months');
    const days = [used(january, 3_000n), used(february, 3_150n)];
    const topUps = [{ day: february + 2, octets: 10n }];
    const standing = standingOf(two, one, rolling, days, topUps);
    expect(standing).toMatchObject({ own: 3_100n, carried: 100n, toppedUp: 10n, left: 60n, reached: false });
    // Of February nothing of its own was left; what came over from January has gone.
    expect(standingOf(three, two, rolling, days, topUps)).toMatchObject({
      carried: 0n,
      toppedUp: 0n,
      left: 3_100n,
    });
  });
  it('does not count free hours, over midnight too', () => {
    const night = { ...bound, counted: 'DOWNSTREAM' as const, freeWindows: [{ fromHour: 23, toHour: 6 }] };
    const hours = [
      [0, 5n, 1n],
      [6, 7n, 1n],
      [23, 11n, 1n],
    ] as const;
    const day = { ...used(january, 23n), upstream: 3n, hours };
    expect(countedOctets(day, night)).toBe(7n);
    // Without hours nothing can be told apart.
    expect(countedOctets({ ...day, hours: null }, night)).toBe(23n);
  });
  it('survives being stored, whatever the mechanism', () => {
    const speed = { bitsPerSecond: 10_000_000n };
    const all: PlanBound[] = [
      bound,
      { ...bound, atCap: 'THROTTLE', throttled: { downstream: speed, upstream: speed } },
      { mechanism: 'CONTENTION', ratio: 20 },
      { mechanism: 'COMMITTED_RATE', downstream: 5n, upstream: 6n },
      { mechanism: 'ADDRESS_BLOCK', ipv4PrefixLength: 29 },
    ];
    for (const one of all) expect(boundOf(JSON.parse(boundText(one)))).toEqual(one);
  });
  it('that makes no sense is refused by the field', () => {
    const speed = { bitsPerSecond: 1_000n };
    const shaping = { downstream: speed, upstream: speed };
    const wrong: [PlanBound, string][] = [
      [{ ...bound, octets: 0n }, 'volume.octets'],
      [{ ...bound, atCap: 'BLOCK' }, 'volume.overage'],
      [{ ...bound, freeWindows: [{ fromHour: 3, toHour: 3 }] }, 'volume.freeWindows[0]'],
      [{ mechanism: 'CONTENTION', ratio: 0 }, 'contention.ratio'],
      [{ mechanism: 'COMMITTED_RATE', downstream: 1_001n, upstream: 1n }, 'committedRate.downstream'],
      [{ mechanism: 'ADDRESS_BLOCK' }, 'addressBlock'],
    ];
    for (const [one, field] of wrong)
      expect(() => checkBound(one, shaping, 'terms')).toThrow(
        expect.objectContaining({ field: `terms.${field}` }),
      );
  });
});
