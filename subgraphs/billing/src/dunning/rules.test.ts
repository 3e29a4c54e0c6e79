import { describe, expect, it } from 'vitest';
import { type Campaign, type DunningAccount, decideDunning, type Shield } from './rules.ts';
import { attemptsFinished, DEFAULT_ATTEMPTS, runAttempts } from './rules-attempts.ts';

const campaign: Campaign = {
  id: 'standard',
  thresholds: { EUR: 1000n },
  steps: [
    { id: 'r1', daysAfterDue: 3, action: 'reminder', minimumDaysAfterPrevious: 0 },
    { id: 'notice', daysAfterDue: 7, action: 'suspensionNotice', minimumDaysAfterPrevious: 3 },
    { id: 'garden', daysAfterDue: 14, action: 'walledGarden', minimumDaysAfterPrevious: 7 },
  ],
};
const account = (more: Partial<DunningAccount> = {}): DunningAccount => ({
  id: 'A',
  invoices: [
    { id: 'I-1', currency: 'EUR', dueOn: 100, open: 3000n },
    { id: 'I-2', currency: 'EUR', dueOn: 130, open: 500n },
  ],
  shields: [],
  evidenceComplete: true,
  taken: [],
  ...more,
});
const decide = (one: DunningAccount, today: number) => {
  const [decision] = decideDunning(one, campaign, today);
  if (decision === undefined) return undefined;
  if (decision.outcome === 'STEP') return decision.step.id;
  return decision.outcome === 'NOTHING' ? decision.reason : decision.outcome;
};
const took = (...steps: Array<[string, number]>) =>
  steps.map(([stepId, on]) => ({ currency: 'EUR', stepId, on, cycle: '1970-04-11' }));

describe('dunning', () => {
  it('takes one step at a time, by days after due and the notice in between', () => {
    expect([100, 102, 103].map((today) => decide(account(), today))).toEqual([
      'NOT_OVERDUE',
      'WAITING',
      'r1',
    ]);
    expect(decide(account({ taken: took(['r1', 106]) }), 107)).toBe('WAITING');
    expect(decide(account({ taken: took(['r1', 103]) }), 107)).toBe('notice');
    expect(decide(account({ taken: took(['r1', 103], ['notice', 112]) }), 118)).toBe('WAITING');
    expect(decide(account({ taken: took(['r1', 103], ['notice', 112]) }), 119)).toBe('garden');
    expect(decide(account({ taken: took(['r1', 103], ['notice', 107], ['garden', 114]) }), 140)).toBe(
      'FINISHED',
    );
  });
  it('keeps one key per account, step and cycle', () => {
    const key = (one: DunningAccount, today: number) =>
      decideDunning(one, campaign, today).map((each) => (each.outcome === 'STEP' ? each.key : each.outcome));
    expect(key(account(), 103)).toEqual(key(account(), 110));
    expect(key(account(), 103)).toEqual(['A|standard|EUR|r1|1970-04-11']);
    const later = account({
      taken: took(['r1', 103]),
      invoices: [{ id: 'I-2', currency: 'EUR', dueOn: 130, open: 5000n }],
    });
    expect(key(later, 140)).toEqual(['A|standard|EUR|notice|1970-04-11']);
  });
  it('thresholds are per currency, and an unlisted currency is not dunned', () => {
    const small = account({
      invoices: [
        { id: 'I-1', currency: 'EUR', dueOn: 100, open: 999n },
        { id: 'I-2', currency: 'USD', dueOn: 100, open: 9999n },
      ],
    });
    expect(decideDunning(small, campaign, 110).map((one) => one.outcome === 'NOTHING' && one.reason)).toEqual(
      ['BELOW_THRESHOLD', 'BELOW_THRESHOLD'],
    );
  });
  it('every shield stops enforcement while it stands; one on an invoice takes only that invoice out', () => {
    const kinds: Shield['kind'][] = [
      'grace',
      'promiseToPay',
      'paymentArrangement',
      'paymentProofUnderReview',
      'serviceExtension',
      'outage',
      'dispute',
    ];
    for (const kind of kinds) {
      const shielded = account({ shields: [{ kind, from: 100, until: 110 }] });
      expect([kind, decide(shielded, 109), decide(shielded, 110)]).toEqual([kind, 'SHIELDED', 'r1']);
    }
    expect(decide(account({ shields: [{ kind: 'dispute', from: 0, invoiceIds: ['I-1'] }] }), 110)).toBe(
      'SHIELDED',
    );
    expect(decide(account({ shields: [{ kind: 'dispute', from: 0, invoiceIds: ['I-1'] }] }), 140)).toBe(
      'BELOW_THRESHOLD',
    );
  });
  it('missing evidence is never safe to suspend', () => {
    expect(decide(account({ evidenceComplete: false }), 120)).toBe('EVIDENCE_MISSING');
  });
  it('attempts stop at the maximum', () => {
    const policy = { ...DEFAULT_ATTEMPTS, thresholds: { EUR: 100n } };
    let state = {};
    for (let day = 0; day < 30; day += 1) state = runAttempts(policy, { EUR: 100n }, state, day * 86_400_000);
    expect(state).toMatchObject({ EUR: { count: 3 } });
    expect(attemptsFinished(policy, state)).toBe(true);
    expect(runAttempts(policy, { EUR: 99n }, {}, 0)).toEqual({});
  });
});
