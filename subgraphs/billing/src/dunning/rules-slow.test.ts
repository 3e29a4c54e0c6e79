import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Campaign, type DunningAccount, type DunningStep, decideDunning } from './rules.ts';
import { checkCampaign } from './rules-campaign.ts';
import { effectsOf, forecastDunning } from './rules-forecast.ts';
import { harsher, type Restriction, restrictionOf } from './rules-restriction.ts';

const speed = (bits: number) => ({
  downstream: { bitsPerSecond: `${bits}` },
  upstream: { bitsPerSecond: `${bits}` },
});
const step = (id: string, daysAfterDue: number, action: DunningStep['action']): DunningStep => ({
  id,
  daysAfterDue,
  action,
  minimumDaysAfterPrevious: 0,
  ...(action === 'slow' ? { slowTo: speed(1000) } : {}),
});
const campaign = (...steps: DunningStep[]): Campaign => ({ id: 'C', thresholds: { EUR: 1n }, steps });
const gentle = campaign(
  step('reminder', 3, 'reminder'),
  step('slow', 10, 'slow'),
  step('cut', 14, 'walledGarden'),
);
const debtor: DunningAccount = {
  id: 'A',
  invoices: [{ id: 'I', currency: 'EUR', dueOn: 100, open: 3000n }],
  shields: [],
  evidenceComplete: true,
  taken: [],
};

const anyRestriction: fc.Arbitrary<Restriction> = fc.oneof(
  fc.constant<Restriction>({ kind: 'CUT' }),
  fc.integer({ min: 1, max: 9 }).map((bits): Restriction => ({ kind: 'SLOW', to: speed(bits) })),
);
/** A campaign that the checks let pass, of slow steps and at most one cut behind them. */
const anyCampaign = fc
  .record({
    days: fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 5 }),
    notice: fc.integer({ min: 0, max: 5 }),
    cuts: fc.boolean(),
  })
  .map(({ days, notice, cuts }) =>
    campaign(
      ...days
        .toSorted((a, b) => a - b)
        .map((day, index) => ({
          ...step(`s${index}`, day, cuts && index === days.length - 1 ? 'walledGarden' : 'slow'),
          minimumDaysAfterPrevious: notice,
        })),
    ),
  );

describe('a step that slows down', () => {
  it('comes before the cut in the days that a customer meets', () => {
    expect(forecastDunning(debtor, gentle, 101, 30).map(({ on, step: { id } }) => [on, id])).toEqual([
      [103, 'reminder'],
      [110, 'slow'],
      [114, 'cut'],
    ]);
  });

  it('is never later than the cut, whatever the campaign and the day dunning begins', () => {
    fc.assert(
      fc.property(anyCampaign, fc.integer({ min: 90, max: 140 }), (any, from) => {
        checkCampaign(any);
        const met = forecastDunning(debtor, any, from, 60);
        const cut = met.findIndex(({ step: { action } }) => action === 'walledGarden');
        const slows = met.flatMap(({ step: { action } }, index) => (action === 'slow' ? [index] : []));
        if (cut >= 0) for (const index of slows) expect(index).toBeLessThan(cut);
        expect(met.map(({ on }) => on)).toEqual(met.map(({ on }) => on).toSorted((a, b) => a - b));
      }),
    );
  });

  it('is not taken by one who stands behind it: nobody is slowed down after he was cut off', () => {
    const taken = [{ currency: 'EUR', stepId: 'cut', on: 114, cycle: '1970-04-11' }];
    expect(decideDunning({ ...debtor, taken }, gentle, 130)).toMatchObject([{ reason: 'FINISHED' }]);
  });

  it('is held back by a shield like any other step, and nothing is forecast without evidence', () => {
    const shields = [{ kind: 'grace', from: 100, until: 112 }] as const;
    expect(forecastDunning({ ...debtor, shields }, gentle, 101, 30)[0]).toMatchObject({ on: 112 });
    expect(forecastDunning({ ...debtor, evidenceComplete: false }, gentle, 101, 30)).toEqual([]);
  });
});

describe('restrictions', () => {
  it('come to the same in any order and grouping, and never to less than one of them', () => {
    fc.assert(
      fc.property(anyRestriction, anyRestriction, anyRestriction, (a, b, c) => {
        expect(harsher(a, b)).toEqual(harsher(b, a));
        expect(harsher(a, a)).toEqual(a);
        expect(harsher(harsher(a, b), c)).toEqual(harsher(a, harsher(b, c)));
        expect(harsher(harsher(a, b), a)).toEqual(harsher(a, b));
        if (a.kind === 'CUT' || b.kind === 'CUT') expect(harsher(a, b).kind).toBe('CUT');
      }),
    );
  });

  it('follow from the action of a step', () => {
    expect(gentle.steps.map((one) => restrictionOf(one)?.kind ?? null)).toEqual([null, 'SLOW', 'CUT']);
  });
});

it('the effects of what is met count a customer once per action, with the money of the first time', () => {
  const met = (customerId: string, action: DunningStep['action'], overdue: bigint, currency = 'EUR') => ({
    customerId,
    action,
    overdue,
    currency,
  });
  expect(
    effectsOf([
      met('A', 'slow', 100n),
      met('B', 'slow', 50n),
      met('A', 'slow', 900n),
      met('A', 'slow', 7n, 'USD'),
      met('A', 'walledGarden', 100n),
    ]),
  ).toEqual([
    {
      action: 'slow',
      customers: 2,
      overdue: [
        { currency: 'EUR', minor: 150n },
        { currency: 'USD', minor: 7n },
      ],
    },
    { action: 'walledGarden', customers: 1, overdue: [{ currency: 'EUR', minor: 100n }] },
  ]);
});

describe('a campaign is refused', () => {
  it.each<[string, Campaign, string]>([
    [
      'when a slow step has no speeds',
      campaign({ ...step('a', 1, 'slow'), slowTo: undefined } as never),
      'input.steps[0].slowTo',
    ],
    [
      'when another step has some',
      campaign({ ...step('a', 1, 'reminder'), slowTo: speed(1) }),
      'input.steps[0].slowTo',
    ],
    [
      'when a speed is nothing',
      campaign({ ...step('a', 1, 'slow'), slowTo: speed(0) }),
      'input.steps[0].slowTo.downstream.bitsPerSecond',
    ],
    [
      'when it slows down after it cut off',
      campaign(step('a', 1, 'walledGarden'), step('b', 2, 'slow')),
      'input.steps[1]',
    ],
    [
      'when days go back',
      campaign(step('a', 5, 'slow'), step('b', 4, 'walledGarden')),
      'input.steps[1].daysAfterDue',
    ],
    [
      'when two steps have one id',
      campaign(step('a', 1, 'slow'), step('a', 2, 'walledGarden')),
      'input.steps[1].id',
    ],
    [
      'when a threshold is in no currency',
      { ...gentle, thresholds: { XXQ: 1n } },
      'input.thresholds[0].currency',
    ],
  ])('%s', (_name, bad, field) => {
    expect(() => checkCampaign(bad)).toThrow(expect.objectContaining({ field }));
  });
});
