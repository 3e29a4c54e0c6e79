import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultGarden } from '../garden/rules.ts';
import { noLimits } from '../login-limit/rules.ts';
import { Backoff, backoffMilliseconds } from './backoff.ts';
import type { LoginFacts } from './login-facts.ts';
import {
  decideLogin,
  explainDecision,
  jitteredInterval,
  serviceOfToken,
  sessionTokenPrefix,
} from './rules.ts';
import { sessionsToEnd } from './simultaneous-use.ts';

const speed = { downstream: { bitsPerSecond: '50000000' }, upstream: { bitsPerSecond: '10000000' } };
const access = {
  mode: 'OPEN',
  locks: [],
  shaping: speed,
  throttle: null,
  slowed: null,
  override: null,
  capBlocked: false,
  address: '100.64.0.9',
  simultaneousSessions: 1,
  limits: null,
  terms: null,
} as const;
const good: LoginFacts = {
  now: 1_000_000,
  username: 'ada',
  mac: 'cc:2d:e0:a3:3d:d5',
  nas: { id: 'nas_1', name: 'bng-1', enabled: true },
  portId: () => 'ether1',
  circuitId: () => null,
  attempts: null,
  access,
  password: () => 'RIGHT',
  live: [],
  standing: null,
  garden: defaultGarden,
};
const session = {
  id: 'ses_1',
  mac: 'aa:aa:aa:aa:aa:aa',
  startedAt: 900_000,
  updatedAt: 999_000,
  staleAfterMilliseconds: 750_000,
};

describe('a login', () => {
  test.each<[string, Partial<LoginFacts>, string | null]>([
    ['is accepted', {}, null],
    [
      'in arrears is accepted, into the walled garden',
      { access: { ...access, mode: 'WALLED_GARDEN', locks: ['BILLING'] } },
      null,
    ],
    ['over a disabled NAS', { nas: { id: 'nas_2', name: 'old', enabled: false } }, 'NAS_DISABLED'],
    ['of nobody we know', { access: null }, 'UNKNOWN_USER'],
    ['with a wrong password', { password: () => 'WRONG' }, 'BAD_PASSWORD'],
    ['with a method we do not speak', { password: () => 'UNSUPPORTED' }, 'METHOD_UNSUPPORTED'],
    ['before its plan is known', { access: { ...access, shaping: null } }, 'NOT_READY'],
    ['of a blocked service', { access: { ...access, mode: 'BLOCKED' } }, 'BLOCKED'],
    ['while another line is online', { live: [session] }, 'SESSION_LIMIT'],
    ['of the same line, which replaces its session', { live: [{ ...session, mac: good.mac ?? null }] }, null],
    ['beside a session long silent', { live: [{ ...session, updatedAt: 0 }] }, null],
    [
      'beside another line, which is pushed out',
      { live: [session], access: { ...access, limits: { ...noLimits, kickOldest: true } } },
      null,
    ],
    [
      'over a NAS that is not his',
      { access: { ...access, limits: { ...noLimits, nasIds: ['nas_2'] } } },
      'NAS_NOT_ALLOWED',
    ],
    ['while the line has to wait', { attempts: { failures: 6, until: 1_002_000 } }, 'BACKING_OFF'],
    ['after the wait', { attempts: { failures: 6, until: 1_000_000 } }, null],
    ['beside one of two allowed', { live: [session], access: { ...access, simultaneousSessions: 2 } }, null],
  ])('%s', (_name, change, reason) => {
    expect(decideLogin({ ...good, ...change }).reason).toBe(reason);
  });

  test('the password of somebody unknown is not even looked at', () => {
    const password = () => {
      throw new Error('looked');
    };
    expect(decideLogin({ ...good, access: null, password }).reason).toBe('UNKNOWN_USER');
  });

  test('the explanation always tells the same decision', () => {
    const facts = fc.record({
      access: fc.constantFrom(
        null,
        access,
        { ...access, mode: 'BLOCKED' as const },
        { ...access, shaping: null },
      ),
      enabled: fc.boolean(),
      password: fc.constantFrom('RIGHT' as const, 'WRONG' as const, 'UNSUPPORTED' as const),
      live: fc.constantFrom([], [session]),
    });
    fc.assert(
      fc.property(facts, ({ enabled, password, ...rest }) => {
        const login = {
          ...good,
          ...rest,
          nas: { id: 'nas_1', name: 'n', enabled },
          password: () => password,
        };
        const { reason, steps } = explainDecision(login);
        expect(reason).toBe(decideLogin(login).reason);
        expect(steps.filter((step) => !step.passed)).toHaveLength(reason === null ? 0 : 1);
      }),
    );
  });
});

test('the session token comes back as the service it was made for, and nothing else does', () => {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  const token = hex(Buffer.from(`${sessionTokenPrefix('svc_01jd').join('')}0123456789abcdef`));
  expect(serviceOfToken(['00ff', token])).toBe('svc_01jd');
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 30 }).map(hex), { maxLength: 3 }), (classes) => {
      expect(serviceOfToken(classes)).toBeNull();
    }),
  );
});

test('intervals are spread by a tenth', () => {
  expect(jitteredInterval(300, 0)).toBe(270);
  expect(jitteredInterval(300, 1)).toBe(330);
});

test('one login too many pushes out as many of the oldest as needed, and only then', () => {
  const limits = { ...noLimits, kickOldest: true };
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 999_999 }), { maxLength: 6 }),
      fc.integer({ min: 1, max: 4 }),
      (starts, simultaneousSessions) => {
        const live = starts.map((startedAt, index) => ({ ...session, id: `ses_${index}`, startedAt }));
        const facts = { ...good, live, access: { ...access, limits, simultaneousSessions } };
        const ended = sessionsToEnd(facts);
        expect(decideLogin(facts).reason).toBeNull();
        expect(live.length - ended.length).toBeLessThan(simultaneousSessions);
        expect(ended.length === 0 || live.length - ended.length === simultaneousSessions - 1).toBe(true);
        const stay = live.filter(({ id }) => !ended.includes(id)).map(({ startedAt }) => startedAt);
        const go = live.filter(({ id }) => ended.includes(id)).map(({ startedAt }) => startedAt);
        expect(Math.max(-1, ...go)).toBeLessThanOrEqual(Math.min(1e9, ...stay));
      },
    ),
  );
});

describe('wrong passwords', () => {
  test('a few are forgiven, then each costs twice as long, at most a minute', () => {
    expect([1, 4, 5, 6, 7, 9, 10, 1000].map(backoffMilliseconds)).toEqual([
      0, 0, 2_000, 4_000, 8_000, 32_000, 60_000, 60_000,
    ]);
  });
  test('are counted per line, until the right one or another password', () => {
    const backoff = new Backoff();
    for (let i = 0; i < 5; i++) backoff.failed('ada', 'cc:2d:e0:a3:3d:d5', 'right', 1_000);
    expect(backoff.attempts('ada', 'cc:2d:e0:a3:3d:d5', 'right')).toMatchObject({
      failures: 5,
      until: 3_000,
    });
    expect(backoff.attempts('ada', null, 'right')).toBeNull();
    expect(backoff.attempts('ada', 'cc:2d:e0:a3:3d:d5', 'another')).toBeNull();
    backoff.succeeded('ada', 'cc:2d:e0:a3:3d:d5');
    expect(backoff.attempts('ada', 'cc:2d:e0:a3:3d:d5', 'right')).toBeNull();
  });
});
