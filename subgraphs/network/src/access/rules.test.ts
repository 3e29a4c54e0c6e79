import { type LockReason, shapingOf } from '@dotmac/schema';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { desiredMode, passwordFrom, sameShaping, speedOf, usernameCandidates } from './rules.ts';

const reasons: LockReason[] = ['BILLING', 'ABUSE', 'TECHNICAL', 'CUSTOMER_REQUEST', 'LEGAL'];

describe('the mode that follows from locks', () => {
  test('open without a lock, blocked by law and abuse, walled garden otherwise', () => {
    expect(desiredMode([])).toBe('OPEN');
    expect(desiredMode(['BILLING'])).toBe('WALLED_GARDEN');
    expect(desiredMode(['CUSTOMER_REQUEST'])).toBe('WALLED_GARDEN');
    expect(desiredMode(['LEGAL'])).toBe('BLOCKED');
    expect(desiredMode([], { closed: true })).toBe('BLOCKED');
    expect(desiredMode([], { capBlocked: true })).toBe('WALLED_GARDEN');
    expect(desiredMode(['ABUSE'], { capBlocked: true })).toBe('BLOCKED');
  });

  test('another lock never opens more, and the order does not matter', () => {
    const strictness = { OPEN: 0, WALLED_GARDEN: 1, BLOCKED: 2 };
    fc.assert(
      fc.property(fc.subarray(reasons), fc.constantFrom(...reasons), (locks, more) => {
        expect(strictness[desiredMode([...locks, more])]).toBeGreaterThanOrEqual(
          strictness[desiredMode(locks)],
        );
        expect(desiredMode(locks.toReversed())).toBe(desiredMode(locks));
      }),
    );
  });
});

test('speeds of any size survive being stored as text', () => {
  const downstream = {
    bitsPerSecond: '400000000000',
    burst: { bitsPerSecond: '1', thresholdBitsPerSecond: '2', seconds: 8 },
  };
  const payload = { downstream, upstream: { bitsPerSecond: '9007199254740993' } };
  expect(shapingOf(payload).upstream.bitsPerSecond).toBe(9_007_199_254_740_993n);
  expect(shapingOf(payload).downstream.burst?.seconds).toBe(8);
  expect(sameShaping(payload, { ...payload })).toBe(true);
  expect(sameShaping(payload, { ...payload, upstream: { bitsPerSecond: '1' } })).toBe(false);
});

test('a login name asked for is tried first; every name is the service’s own', () => {
  expect(usernameCandidates('ada', 'svc_01jd3v5k8x')[0]).toBe('ada');
  expect(usernameCandidates(null, 'svc_01jd3v5k8x')).not.toContain('ada');
});

test('passwords have 16 characters nobody confuses, whatever the octets', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (octets) => {
      const usable = octets.filter((octet) => octet < 224).length;
      fc.pre(usable >= 16);
      expect(passwordFrom(octets)).toMatch(/^[a-km-zA-HJ-NP-Z2-9]{16}$/);
    }),
  );
  expect(() => passwordFrom(new Uint8Array(3))).toThrow(RangeError);
});

const speed = (bitsPerSecond: string) => ({ downstream: { bitsPerSecond }, upstream: { bitsPerSecond } });

test('what holds is what somebody set, else the throttle, else the plan; nothing before the plan is known', () => {
  const [planShaping, throttle, override, slowed] = [speed('3'), speed('2'), speed('1'), null];
  expect(speedOf({ planShaping, throttle, override, slowed })).toBe(override);
  expect(speedOf({ planShaping, throttle, override: null, slowed })).toBe(throttle);
  expect(speedOf({ planShaping, throttle: null, override: null, slowed })).toBe(planShaping);
  expect(speedOf({ planShaping: null, throttle, override, slowed })).toBeNull();
});

test('a lock that slows down holds beside a throttle, a plan and a speed set by hand: always the slower', () => {
  const rate = fc.integer({ min: 1, max: 9 });
  const maybe = fc.option(rate);
  fc.assert(
    fc.property(rate, maybe, maybe, rate, (plan, throttle, override, to) => {
      const given = {
        planShaping: speed(`${plan}`),
        throttle: throttle === null ? null : speed(`${throttle}`),
        override: override === null ? null : speed(`${override}`),
      };
      const slowed = { reason: 'BILLING', to: speed(`${to}`), because: 'test' } as const;
      const full = Number(speedOf({ ...given, slowed: null })?.downstream.bitsPerSecond);
      const slow = Number(speedOf({ ...given, slowed })?.downstream.bitsPerSecond);
      expect(slow).toBe(Math.min(full, to));
    }),
  );
});
