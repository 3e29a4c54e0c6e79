import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Day, dayOf } from '../calendar/rules.ts';
import type { Draft } from '../document/rules-draft.ts';
import { afterwards } from '../preview/rules.ts';
import type { StoredServiceEvent, Version } from '../service-line/rules.ts';
import type { TaxComponent } from '../tax/rules-types.ts';
import { type AccountSnapshot, type BillResult, bill } from './rules.ts';
import { billAlike } from './rules-alike.ts';

const first = dayOf(2026, 1, 1);
const version = (id: string, more: Partial<Version>): Version => ({
  id,
  planName: `Plan ${id}`,
  priceMinor: 2_999n,
  currency: 'EUR',
  interval: { unit: 'month', count: 1 },
  timing: 'inAdvance',
  productClass: 'internetAccess',
  ...more,
});
const versions = [
  version('plv_1', {}),
  version('plv_2', { taxInclusive: true, priceMinor: 999n }),
  version('plv_3', { timing: 'inArrears', productClass: 'voice' }),
  version('plv_4', { interval: { unit: 'month', count: 3 } }),
  version('plv_5', { interval: { unit: 'week', count: 1 } }),
  // Of which nothing can be billed to an account in EUR.
  version('plv_6', { currency: 'USD' }),
];
const components: TaxComponent[] = ['internetAccess', 'voice'].map((productClass) => ({
  id: 'XX/VAT',
  jurisdiction: 'XX',
  productClass,
  from: dayOf(2020, 1, 1),
  name: 'VAT',
  charge: { percent: '20' },
  category: 'S',
}));
const taxes = new Map([['XX', components]]);

// Few values, so that many are alike.
const picked = fc.constantFrom(...versions.slice(0, 5), ...versions);
const day = fc.constantFrom(0, 0, 1, 14, 30, 58, 89, 90, 120).map((days) => first + days);
const history = fc
  .record({
    version: picked,
    on: day,
    later: fc.array(
      fc.record({
        type: fc.constantFrom('change', 'cancel', 'hold', 'resume'),
        after: fc.constantFrom(0, 5, 31, 45),
        version: picked,
        percent: fc.constantFrom('0', '20'),
      }),
      { maxLength: 2 },
    ),
  })
  .map(({ version: bought, on, later }): StoredServiceEvent[] => {
    const events: StoredServiceEvent[] = [{ type: 'start', on, version: bought }];
    let at = on;
    for (const { type, after, version: next, percent } of later) {
      at += after;
      if (type === 'change') events.push({ type, on: at, version: next });
      else if (type === 'hold') events.push({ type, on: at, version: null, percent });
      else events.push({ type: type as 'cancel' | 'resume', on: at, version: null });
    }
    return events;
  });
const account = fc.record({
  anchorDay: fc.constantFrom(1, 31, 31, null),
  taxJurisdictions: fc.constantFrom(['XX'], ['XX'], [], ['YY']),
  pricesIncludeTax: fc.constantFrom(null, null, true),
  exempt: fc.constantFrom(false, false, false, true),
  discount: fc.constantFrom(false, false, false, true),
  fee: fc.constantFrom(false, false, false, true),
  histories: fc.array(history, { minLength: 1, maxLength: 2 }),
});
const book = fc
  .array(fc.tuple(account, fc.integer({ min: 1, max: 3 })), { minLength: 1, maxLength: 5 })
  .map((kinds) => kinds.flatMap(([kind, copies]) => Array.from({ length: copies }, () => kind)));
const run = fc.integer({ min: 0, max: 200 }).map((days) => first + days);

type Kind = typeof account extends fc.Arbitrary<infer K> ? K : never;
const accountOf = ({ histories, exempt, discount, fee, ...terms }: Kind, index: number): AccountSnapshot => ({
  ...terms,
  customerId: `cus_${index}`,
  name: `Customer ${index}`,
  email: index % 2 === 0 ? null : `c${index}@example.net`,
  currency: 'EUR',
  paymentTermDays: 14,
  exemptions: exempt ? [{ jurisdiction: 'XX', certificate: `C-${index}`, from: first, to: first + 60 }] : [],
  usage: null,
  lines: histories.map((events, service) => ({
    id: `svc_${index}_${service}`,
    settledBefore: null,
    events,
    billed: [],
    discounts: discount
      ? [
          {
            id: `dis_${index}_${service}`,
            name: 'Welcome',
            value: { type: 'percent', percent: '10' },
            settledBefore: null,
            billed: [],
          },
        ]
      : [],
  })),
  fees: fee
    ? [
        {
          id: `fee_${index}`,
          description: 'Set-up',
          productClass: 'voice',
          currency: 'EUR',
          amount: 1_000n,
          taxInclusive: false,
          on: first + 40,
          explanation: {
            rule: 'fee.agreed',
            version: 1,
            inputs: { amount: '1000' },
            formula: 'amount',
            facts: {},
          },
        },
      ]
    : [],
});

const own = (result: BillResult): BillResult => {
  if (!result.ok || result.draft === null) return result;
  const { like: _like, ...draft } = result.draft;
  return { ...result, draft };
};

/** Both ways, over accounts that were billed on earlier days already; how many drafts were another's. */
function agreeOn(kinds: readonly Kind[], days: readonly Day[]): number {
  let accounts = kinds.map(accountOf);
  let alike = 0;
  for (const on of days) {
    const billOne = billAlike(on, taxes);
    const attempt = (work: () => BillResult) => {
      try {
        return work();
      } catch (error) {
        return error;
      }
    };
    accounts = accounts.map((one) => {
      const plain = attempt(() => bill(one, on, taxes));
      const found = attempt(() => billOne(one));
      if (plain instanceof Error || found instanceof Error) {
        expect(found).toEqual(plain);
        return one;
      }
      const [is, should] = [found as BillResult, plain as BillResult];
      expect(own(is)).toEqual(should);
      if (!is.ok) return one;
      if (is.draft?.like !== undefined) alike += 1;
      expect(JSON.stringify(textOf(is.draft))).toBe(JSON.stringify(textOf(should.ok ? should.draft : null)));
      return settled(afterwards(one, is.draft, on));
    });
  }
  return alike;
}

/** With what is read of it again: the periods that are not settled. */
const settled = (one: AccountSnapshot): AccountSnapshot => ({
  ...one,
  lines: one.lines.map((line) => ({
    ...line,
    billed: line.billed.filter(({ periodTo }) => periodTo > (line.settledBefore ?? Number.NEGATIVE_INFINITY)),
  })),
});

/** With the order of members, which `toEqual` does not see. */
const textOf = (draft: Draft | null) =>
  draft?.lines.map(({ explanation, serviceLineId, net, tax }) => [
    explanation,
    serviceLineId,
    `${net} ${tax}`,
  ]);

it('who is charged like somebody else gets the draft that he would have had alone, byte for byte', () => {
  fc.assert(
    fc.property(book, fc.array(run, { minLength: 1, maxLength: 3 }), (kinds, days) => {
      agreeOn(kinds, days);
    }),
    { numRuns: 300 },
  );
});

it('a service by the month that began long ago is like any other that did', () => {
  const since = (on: Day): Kind => ({
    anchorDay: 31,
    taxJurisdictions: ['XX'],
    pricesIncludeTax: null,
    exempt: false,
    discount: false,
    fee: false,
    histories: [[{ type: 'start', on, version: versions[1] ?? null }]],
  });
  const kinds = [0, 3, 9, 20].map((days) => since(first + days));
  // Begun in one month on different days, they are alike from the third month on.
  expect(agreeOn(kinds, [dayOf(2026, 1, 31), dayOf(2026, 2, 28), dayOf(2026, 3, 31)])).toBeGreaterThanOrEqual(
    3,
  );
});
