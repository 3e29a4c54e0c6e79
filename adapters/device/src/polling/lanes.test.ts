import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Lane, type PollEnd, PollingLanes } from './lanes.ts';
import { type LanePolicy, lanePolicy, nextInPhase, phaseOf, slowWait } from './policy.ts';

interface SimulatedPoll {
  readonly id: string;
  readonly lane: Lane;
  readonly at: number;
}

/**
 * Polls in a time of its own: `answer` says how long a poll of a device takes and how it ends. Every poll that began, and
 * the most that were under way at once.
 */
function simulate(
  ids: readonly string[],
  policy: LanePolicy,
  until: number,
  answer: (id: string, lane: Lane, at: number) => { readonly took: number; readonly end: PollEnd },
) {
  const lanes = new PollingLanes(policy, () => 0.5);
  lanes.keep(
    ids.map((id) => ({ id, silent: false, fresh: false })),
    0,
  );
  const ends: { id: string; at: number; end: PollEnd }[] = [];
  const polls: SimulatedPoll[] = [];
  let most = 0;
  let now = 0;
  while (now <= until) {
    for (const { id, lane } of lanes.begin(now)) {
      polls.push({ id, lane, at: now });
      const { took, end } = answer(id, lane, now);
      ends.push({ id, at: now + took, end });
    }
    most = Math.max(most, lanes.inFlight);
    ends.sort((a, b) => a.at - b.at);
    const next = Math.min(
      ends[0]?.at ?? Number.POSITIVE_INFINITY,
      lanes.nextAt() ?? Number.POSITIVE_INFINITY,
    );
    if (!Number.isFinite(next)) throw new Error('Nothing will ever happen again');
    now = Math.max(now, next);
    while (ends[0] !== undefined && ends[0].at <= now) {
      const { id, end } = ends.shift() as (typeof ends)[number];
      lanes.ended(id, end, now);
    }
  }
  return { lanes, polls, most, now };
}

const names = (count: number, prefix = 'dev') => Array.from({ length: count }, (_, i) => `${prefix}_${i}`);
const live = () => ({ took: 20, end: 'answered' }) as const;

test('10,000 devices are spread evenly over the interval, and stay so', () => {
  const interval = 300_000;
  const { polls, most } = simulate(names(10_000), lanePolicy(interval), 3 * interval, live);
  const slices = new Map<number, number>();
  for (const { at } of polls.filter((poll) => poll.at >= interval && poll.at < 2 * interval)) {
    const slice = Math.floor(at / (interval / 100));
    slices.set(slice, (slices.get(slice) ?? 0) + 1);
  }
  expect(slices.size).toBe(100);
  expect([...slices.values()].reduce((sum, one) => sum + one)).toBe(10_000);
  expect(Math.max(...slices.values())).toBeLessThan(150);
  expect(Math.min(...slices.values())).toBeGreaterThan(60);
  expect(most).toBeLessThanOrEqual(64);
});

test('a fifth of the devices falling silent costs no other a poll, nor a delay longer than a poll takes', () => {
  const interval = 60_000;
  const policy = { ...lanePolicy(interval), fastInFlight: 16 };
  const alive = names(1_600, 'live');
  const dead = names(400, 'dead');
  const begins = (polls: readonly SimulatedPoll[]) =>
    new Map(alive.map((id) => [id, polls.filter((poll) => poll.id === id).map(({ at }) => at)]));
  const fallen = 2 * interval;
  const answer = (id: string, lane: Lane, at: number) =>
    id.startsWith('live') || at < fallen
      ? live()
      : ({ took: lane === 'fast' ? 7_000 : 1_000, end: 'silent' } as const);
  const all = [...alive, ...dead].sort((a, b) => phaseOf(a) - phaseOf(b));
  const healthy = simulate(all, policy, 6 * interval, live);
  const mixed = simulate(all, policy, 6 * interval, answer);
  const before = begins(healthy.polls);
  for (const [id, times] of begins(mixed.polls)) {
    const usual = before.get(id) ?? [];
    expect(times).toHaveLength(usual.length);
    for (const [round, at] of times.entries()) expect(at - (usual[round] ?? 0)).toBeLessThan(live().took);
  }
  expect(mixed.lanes.count('slow')).toBe(400);
  // Each silent one was asked in the fast lane once more, and cheaply from then on.
  const asked = mixed.polls.filter(({ id, at }) => id.startsWith('dead') && at >= fallen);
  expect(asked.filter(({ lane }) => lane === 'fast')).toHaveLength(400);
});

test('even when more fall silent than there are places, a live one waits for no more than the hand-over', () => {
  const interval = 60_000;
  const policy = { ...lanePolicy(interval), fastInFlight: 4 };
  const { polls } = simulate([...names(40, 'dead'), ...names(10, 'live')], policy, interval, (id, lane) =>
    id.startsWith('live') ? live() : { took: lane === 'fast' ? 7_000 : 1_000, end: 'silent' },
  );
  // 40 silent ones through 4 places of a second each.
  const firsts = names(10, 'live').map((id) => polls.find((poll) => poll.id === id)?.at ?? Number.NaN);
  expect(Math.max(...firsts)).toBeLessThanOrEqual((40 / 4) * policy.handOver + 500);
});

test('a silent device is asked twice more soon, then in growing pauses; when it answers it is back at once', () => {
  const interval = 60_000;
  let silent = true;
  const { polls, lanes } = simulate(['a'], lanePolicy(interval), 3_600_000, (_id, lane, at) => {
    if (at > 1_500_000) silent = false;
    return silent ? { took: lane === 'fast' ? 7_000 : 1_000, end: 'silent' } : live();
  });
  const first = polls[0]?.at ?? 0;
  expect(polls.slice(0, 5).map(({ at, lane }) => [lane, Math.round(at - first)])).toEqual([
    ['fast', 0],
    ['slow', 7_250],
    ['slow', 8_500],
    // Half a minute after the third, a minute after the fourth.
    ['slow', 39_500],
    ['slow', 100_500],
  ]);
  expect(lanes.standing('a')).toMatchObject({ lane: 'fast', misses: 0 });
  const back = polls.filter(({ at }) => at > 1_500_000);
  expect(back[0]?.lane).toBe('slow');
  expect(back.slice(1).every(({ lane }) => lane === 'fast')).toBe(true);
  expect(back.length).toBeGreaterThan(20);
});

test('asked for, a silent device is due at once and its pauses begin anew', () => {
  const policy = lanePolicy(60_000);
  const lanes = new PollingLanes(policy, () => 0.5);
  lanes.keep([{ id: 'a', silent: true, fresh: false }], 0);
  let now = 0;
  for (let round = 0; round < 6; round++) {
    now = lanes.nextAt() ?? Number.NaN;
    lanes.begin(now);
    lanes.ended('a', 'silent', now);
  }
  expect((lanes.nextAt() ?? 0) - now).toBe(policy.slowMost);
  lanes.ask(['a', 'stranger'], now + 1);
  expect(lanes.begin(now + 1)).toEqual([{ id: 'a', lane: 'slow' }]);
  lanes.ask(['a'], now + 2);
  lanes.ended('a', 'silent', now + 3);
  expect(lanes.begin(now + 3)).toEqual([{ id: 'a', lane: 'slow' }]);
  lanes.ended('a', 'silent', now + 3);
  expect((lanes.nextAt() ?? 0) - now - 3).toBeLessThanOrEqual(4 * policy.slowFirst);
});

test('a poll that outlasts its interval is counted and named; the ones it covers are left out', () => {
  const { lanes, polls, now } = simulate(['slow', 'good'], lanePolicy(1_000), 20_000, (id) =>
    id === 'slow' ? { took: 2_500, end: 'answered' } : live(),
  );
  expect(lanes.overrunning(now)).toEqual(['slow']);
  expect(lanes.standing('slow')).toMatchObject({ overruns: expect.any(Number), lastTook: 2_500 });
  expect(lanes.standing('slow')?.overruns).toBeGreaterThanOrEqual(10);
  expect(lanes.standing('good')).toMatchObject({ overruns: 0, overranAt: null });
  expect(polls.filter(({ id }) => id === 'slow').length).toBeLessThanOrEqual(7);
});

test('what is gone is polled no more, and what is new at once', () => {
  const lanes = new PollingLanes(lanePolicy(60_000));
  lanes.keep([{ id: 'a', silent: false, fresh: true }], 0);
  expect(lanes.begin(0)).toEqual([{ id: 'a', lane: 'fast' }]);
  lanes.keep([{ id: 'b', silent: false, fresh: false }], 10);
  expect(lanes.inFlight).toBe(0);
  lanes.ended('a', 'answered', 20);
  expect(lanes.standing('a')).toBeNull();
  expect(lanes.begin(20)).toEqual([{ id: 'b', lane: 'fast' }]);
  lanes.ended('b', 'answered', 30);
  lanes.keep([], 40);
  expect(lanes.nextAt()).toBeNull();
});

describe('whatever happens', () => {
  test('the bounds hold, nobody is polled twice at once, and nobody is forgotten', () => {
    const device = fc.record({ took: fc.integer({ min: 1, max: 9_000 }), dead: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(device, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 8 }),
        (devices, places) => {
          const interval = 5_000;
          const policy = {
            ...lanePolicy(interval),
            fastInFlight: places,
            slowInFlight: places,
            mostInFlight: 4 * places,
          };
          const busyUntil = new Map<string, number>();
          const { lanes, most, polls, now } = simulate(
            devices.map((_, i) => `${i}`),
            policy,
            60_000,
            (id, _lane, at) => {
              expect(busyUntil.get(id) ?? 0).toBeLessThanOrEqual(at);
              const { took, dead } = devices[Number(id)] as (typeof devices)[number];
              busyUntil.set(id, at + took);
              return { took, end: dead ? 'silent' : 'answered' };
            },
          );
          expect(most).toBeLessThanOrEqual(4 * places);
          expect(polls.length).toBeGreaterThan(0);
          for (const [index, { dead }] of devices.entries()) {
            const standing = lanes.standing(`${index}`);
            if (standing === null || standing.lastStartedAt === null) continue;
            if (standing.startedAt === null) expect(standing.lane).toBe(dead ? 'slow' : 'fast');
            else expect(now - standing.startedAt).toBeLessThanOrEqual(9_000);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  test('the next poll lies in the phase, and between a quarter and five quarters of an interval away', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 0.999_999, noNaN: true }),
        fc.integer({ min: 100, max: 3_600_000 }),
        fc.integer({ min: 0, max: 2_000_000_000 }),
        (phase, interval, startedAt) => {
          const next = nextInPhase(phase, interval, startedAt);
          expect(next - startedAt).toBeGreaterThanOrEqual(interval / 4);
          expect(next - startedAt).toBeLessThanOrEqual(interval * 1.25 + 1);
          const into = (next / interval - phase + 1e-6) % 1;
          expect(into).toBeLessThan(1e-3);
        },
      ),
    );
  });

  test('pauses grow and have a most', () => {
    const policy = lanePolicy(60_000);
    fc.assert(
      fc.property(fc.nat(200), fc.double({ min: 0, max: 0.999, noNaN: true }), (misses, random) => {
        const wait = slowWait(policy, misses, random);
        expect(wait).toBeGreaterThanOrEqual(0.8 * policy.slowFirst);
        expect(wait).toBeLessThanOrEqual(1.2 * policy.slowMost);
        expect(slowWait(policy, misses + 1, random)).toBeGreaterThanOrEqual(wait);
      }),
    );
  });
});
