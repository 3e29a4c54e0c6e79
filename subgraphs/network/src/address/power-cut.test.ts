import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Lender } from './lender.ts';
import { doubtMilliseconds, type Marks } from './mark-rules.ts';
import type { Lease, LendingPool } from './pool-state.ts';

const lines = 24;
const lineOf = (line: number) => ({ serviceId: `svc_${line}`, mac: `mac ${line}` });
const poolOf = (length: number): LendingPool => ({
  id: 'pol_1',
  name: 'lent',
  kind: 'IPV4',
  cidr: `100.64.0.0/${length}`,
  lentLength: 32,
  nasIds: [],
});

/** A machine with a disk: what is synced outlives a power cut, of the journal only as much as the kernel has written. */
class Machine {
  marks: Marks = {};
  /** Committed. */
  readonly database = new Map<string, Lease>();
  /** Appended since the last commit. */
  journal: Lease[] = [];
  /** Who is up at the NAS, which has not lost power. */
  readonly online = new Map<number, string>();
  readonly lender: Lender;
  now: number;

  constructor(pool: LendingPool, now: number) {
    this.now = now;
    this.lender = new Lender(() => this.mark());
    this.lender.setPools([pool]);
  }

  mark(): void {
    const marks = this.lender.wantedMarks(this.now, this.journal.length === 0 && !this.lender.hasChanged);
    if (marks === null) return;
    this.marks = marks;
    this.lender.grant(marks);
  }

  login(line: number): string | null {
    const lease = this.lender.lend({ ...lineOf(line), kind: 'IPV4', nasId: 'nas_1', poolId: null }, this.now);
    this.journal.push(...this.lender.takeChanged().map((one) => ({ ...one })));
    if (lease === null || lease === 'EXHAUSTED') return null;
    this.online.set(line, lease.prefix);
    this.lender.seen(lineOf(line), lease.prefix.slice(0, -3), this.now);
    return lease.prefix;
  }

  logout(line: number): void {
    if (!this.online.delete(line)) return;
    this.lender.release(lineOf(line), this.now);
    this.journal.push(...this.lender.takeChanged().map((one) => ({ ...one })));
  }

  commit(): void {
    for (const lease of this.journal) this.database.set(lease.prefix, lease);
    this.journal = [];
  }

  /** The machine after a power cut of which so many entries of the journal are left. */
  after(pool: LendingPool, left: number): Machine {
    const next = new Machine(pool, this.now + 60_000);
    const record = new Map(this.database);
    for (const lease of this.journal.slice(0, left)) record.set(lease.prefix, lease);
    const end = ({ releasedAt }: Lease) => releasedAt ?? Number.MAX_SAFE_INTEGER;
    for (const lease of [...record.values()].sort((a, b) => end(a) - end(b))) {
      next.lender.restore({ ...lease });
      next.database.set(lease.prefix, lease);
    }
    next.lender.doubt(this.marks, next.now);
    next.mark();
    for (const [line, prefix] of this.online) next.online.set(line, prefix);
    return next;
  }
}

const line = fc.nat(lines - 1);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('login' as const), line }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('logout' as const), line }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('commit' as const), line }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('mark' as const), line }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function run(machine: Machine, steps: readonly Step[]): void {
  for (const { do: what, line: which } of steps) {
    machine.now += 1_000;
    if (what === 'commit') machine.commit();
    else if (what === 'mark') machine.mark();
    else if (what === 'logout') machine.logout(which);
    else {
      const lent = machine.login(which);
      const others = [...machine.online].filter(([other]) => other !== which).map(([, prefix]) => prefix);
      if (lent !== null) expect(others).not.toContain(lent);
    }
  }
}

test('a power cut at any point, with any part of the journal lost, and another one after it: no address is lent twice', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(29, 28, 27, 24),
      fc.array(step, { maxLength: 60 }),
      fc.nat(60),
      fc.array(step, { maxLength: 30 }),
      fc.nat(30),
      fc.array(step, { maxLength: 40 }),
      (length, before, left, between, leftThen, after) => {
        const pool = poolOf(length);
        const first = new Machine(pool, 1_000_000);
        run(first, before);
        const second = first.after(pool, left);
        run(second, between);
        const third = second.after(pool, leftThen);
        run(third, after);
        // Accounting has told of everybody who is up; then what nobody told of is lent again.
        for (const [who, prefix] of third.online)
          third.lender.seen(lineOf(who), prefix.slice(0, -3), third.now);
        third.now += doubtMilliseconds;
        third.mark();
        run(third, after);
      },
    ),
    { numRuns: 500 },
  );
});

test('what is in doubt is lent again once its time is over, the last of all', () => {
  const pool = poolOf(28);
  const first = new Machine(pool, 0);
  const lost = first.login(1);
  first.logout(1);
  const second = first.after(pool, 0);
  const given = () => Array.from({ length: 13 }, (_, index) => second.login(10 + index));
  expect(given()).not.toContain(lost);
  expect(given()).toContain(null);
  second.now += doubtMilliseconds;
  second.mark();
  expect(given()).toContain(lost);
  expect(given()).not.toContain(null);
});

test('a pool that is not small goes on lending to new lines at once, and a line that comes back gets what it had', () => {
  const pool = poolOf(24);
  const first = new Machine(pool, 0);
  const had = first.login(1);
  first.commit();
  const lost = first.login(2);
  const second = first.after(pool, 0);
  expect(second.login(1)).toBe(had);
  const fresh = Array.from({ length: 20 }, (_, index) => second.login(3 + index));
  expect(fresh).not.toContain(null);
  expect(fresh).not.toContain(lost);
});
