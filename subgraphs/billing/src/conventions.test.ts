import { readFileSync } from 'node:fs';
import { divRound } from '@dotmac/platform/money/rounding';
import { expect, it } from 'vitest';
import { type Day, dayOf, formatDay } from './calendar/rules.ts';
import { earlyTerminationFee } from './contract/rules.ts';
import { instalments } from './equipment/rules.ts';
import { lateFees } from './late-fee/rules.ts';
import { averageActive } from './metering/rules.ts';
import { outageCredit } from './outage/rules.ts';
import { payableInCash } from './payment/rules-cash.ts';
import { boundary, periodGrid } from './period/rules.ts';
import { type AccountSnapshot, bill } from './run/rules.ts';
import type { StoredServiceEvent } from './service-line/rules.ts';

/*
 * The examples of docs/billing.md: each stands there as it stands here, and is what the rules say.
 */

const text = readFileSync(new URL('../../../docs/billing.md', import.meta.url), 'utf8').replace(/\s+/g, ' ');

const december = dayOf(2026, 12, 1);
const month = { unit: 'month', count: 1 } as const;
const started = (minor: bigint, on: Day, more = {}): StoredServiceEvent => ({
  type: 'start',
  on,
  version: {
    id: 'plv',
    planName: 'Fibre',
    priceMinor: minor,
    currency: 'EUR',
    interval: month,
    timing: 'inAdvance',
    productClass: 'internetAccess',
    ...more,
  },
});

type Line = AccountSnapshot['lines'][number];
/** Net and tax of the lines of an account with one service, in minor units; 20 % where it is taxed. */
function charged(
  events: readonly StoredServiceEvent[],
  runDate: Day,
  more: Partial<Line> = {},
  taxed = false,
) {
  const account: AccountSnapshot = {
    customerId: 'cus',
    name: 'Ada',
    email: null,
    currency: 'EUR',
    anchorDay: 1,
    paymentTermDays: 14,
    taxJurisdictions: taxed ? ['XX'] : [],
    exemptions: [],
    usage: null,
    fees: [],
    lines: [{ id: 'svc', settledBefore: null, events, billed: [], discounts: [], ...more }],
  };
  const from = dayOf(2020, 1, 1);
  const vat = {
    id: 'XX',
    jurisdiction: 'XX',
    productClass: 'internetAccess',
    from,
    name: 'VAT',
    category: 'S',
  };
  const result = bill(account, runDate, new Map([['XX', [{ ...vat, charge: { percent: '20' } }]]]));
  if (!result.ok) throw new Error(result.message);
  return (result.draft?.lines ?? []).map(({ net, tax }) => (taxed ? [net, tax] : net));
}
/** A full month that was billed ahead. */
const paidAhead = (minor: bigint): Partial<Line> => ({
  billed: [
    {
      kind: 'recurring',
      serviceLineId: 'svc',
      priceKey: 'plv',
      price: { num: minor, den: 1n },
      periodFrom: december,
      periodTo: december + 31,
      dayCount: 'actual',
      from: december,
      to: december + 31,
      amount: minor,
    },
  ],
});
const hold = (percent: string): StoredServiceEvent[] => [
  started(3_100n, december),
  { type: 'hold', on: december + 10, version: null, percent },
  { type: 'resume', on: december + 20, version: null },
];
const discount = (id: string, value: Line['discounts'][number]['value']) => ({
  id,
  name: id,
  value,
  settledBefore: null,
  billed: [],
});
const sum = (lines: readonly unknown[]) => lines.reduce<bigint>((all, one) => all + BigInt(`${one}`), 0n);

const examples: readonly (readonly [text: string, is: () => unknown, should: unknown])[] = [
  [
    'A service from 10 to 12 March is charged for two days.',
    () => {
      const march = dayOf(2026, 3, 10);
      return charged([started(3_100n, march), { type: 'cancel', on: march + 2, version: null }], march);
    },
    [200n],
  ],
  [
    'Billing day 31: 31 January, 28 February, 31 March.',
    () => {
      const grid = periodGrid({ type: 'dayOfMonth', day: 31 }, month, dayOf(2026, 1, 31));
      return [0, 1, 2].map((index) => formatDay(boundary(grid, index)));
    },
    ['2026-01-31', '2026-02-28', '2026-03-31'],
  ],
  [
    '31.00 a month, cancelled after 10 of 31 days: charged 31.00, credited 21.00.',
    () => {
      const cancelled = [
        started(3_100n, december),
        { type: 'cancel' as const, on: december + 10, version: null },
      ];
      return charged(cancelled, december + 10, paidAhead(3_100n));
    },
    [-2_100n],
  ],
  ['0.5 is 1, −0.5 is −1.', () => [divRound(1n, 2n), divRound(-1n, 2n)], [1n, -1n]],
  [
    'Started and cancelled on one day: nothing.',
    () => charged([started(3_100n, december), { type: 'cancel', on: december, version: null }], december),
    [],
  ],
  [
    '9.99 at 20 %: VAT 1.67, net 8.32.',
    () => charged([started(999n, december, { taxInclusive: true })], december, {}, true),
    [[832n, 167n]],
  ],
  [
    '30.00 less 50 %, then less 1.00: 30.00, −15.00, −1.00.',
    () =>
      charged([started(3_000n, december)], december, {
        discounts: [
          discount('half', { type: 'percent', percent: '50' }),
          discount('one', { type: 'fixed', amount: 100n }),
        ],
      }),
    [3_000n, -1_500n, -100n],
  ],
  [
    '12 % a year on 30.00, eleven days late: 0.11.',
    () => {
      const late = {
        id: 'inv',
        dueOn: december,
        openWithoutLateFees: 3_000n,
        chargedSteps: new Set<string>(),
      };
      const step = { id: 'step', graceDays: 0, fee: { type: 'dailyInterest' as const, yearlyPercent: '12' } };
      return lateFees(late, [step], december + 11).map(({ amount }) => amount);
    },
    [11n],
  ],
  [
    'Ten of 31 days of 31.00: 10.00 back; at 20 %: 8.00.',
    () => ['0', '20'].map((percent) => sum(charged(hold(percent), december + 10, paidAhead(3_100n)))),
    [-1_000n, -800n],
  ],
  [
    '12.34 NZD in cash is 12.30, 12.36 is 12.40',
    () => [1_234n, 1_236n].map((due) => payableInCash(due, 10n)),
    [1_230n, 1_240n],
  ],
  [
    '200 on 15 of 30 days is 100.',
    () => {
      const from = dayOf(2026, 11, 1);
      const counts = Array.from({ length: 30 }, (_, index) => ({
        day: from + index,
        active: index < 15 ? 200 : 0,
      }));
      const found = averageActive(counts, { from, to: from + 30, liveFrom: from });
      return found.ok ? found.quantity : found.error;
    },
    100n,
  ],
  [
    '100.00 in three: 33.34, 33.33, 33.33',
    () => instalments({ id: 'eq', price: 10_000n, count: 3, firstOn: december }).map(({ amount }) => amount),
    [3_334n, 3_333n, 3_333n],
  ],
  [
    '12 months at 30.00, 50 %, left within the second: 11 × 15.00',
    () => {
      const term = { startedOn: december, months: 12, noticeDays: 0, renewMonths: 0 };
      const fee = { type: 'remainingMonths' as const, monthlyRate: 3_000n, percent: '50' };
      return earlyTerminationFee(term, fee, dayOf(2027, 1, 15)).amount;
    },
    16_500n,
  ],
  [
    '2 hours of a week of 168.00: 2.00.',
    () => {
      const outage = { downSeconds: 7_200n, incidentId: 'inc', summary: 'power', from: 0, to: 7_200_000 };
      return outageCredit(
        { charged: 16_800n, days: 7 },
        outage,
        { minimumMinutes: 60, percent: '100' },
        16_800n,
      ).amount;
    },
    200n,
  ],
];

it.each(examples)('%s', (example, is, should) => {
  expect(text).toContain(example);
  expect(is()).toEqual(should);
});
