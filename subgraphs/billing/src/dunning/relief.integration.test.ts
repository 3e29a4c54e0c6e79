import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BillingHarness, plusDays, startBilling } from '../testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp[Symbol.asyncDispose]());

const db = () => isp.tenant.services.database;
const advance = (days: number) => isp.tenant.services.advanceClock(days * 86_400_000);
const mutate = (name: string, type: string, input: object, selection = '__typename') =>
  isp.ask<Record<string, Record<string, string>>>(
    `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} } }`,
    { input },
  );
const bill = () => isp.ask('mutation { runBilling(input: {}) { __typename } }');
let references = 0;
const pay = async (customerId: string, amount: bigint) => {
  references += 1;
  const reference = `relief-${references}`;
  const money = { amount: `${amount}`, currency: 'USD' };
  await mutate('recordPayment', 'RecordPaymentInput', {
    customerId,
    amount: money,
    method: 'bankTransfer',
    reference,
  });
};
const openOf = async (customerId: string) =>
  await db()
    .selectFrom('billing.openItem')
    .select(['documentId', 'openMinor', 'dueOn'])
    .where('customerId', '=', customerId)
    .where('openMinor', '>', 0n)
    .orderBy('dueOn')
    .orderBy('documentId')
    .execute();
const owed = async (customerId: string) =>
  (await openOf(customerId)).reduce((sum, { openMinor }) => sum + openMinor, 0n);
/** What billing holds against each of these customers: null, `CUT` or `SLOW`. */
const heldOf = async (customerIds: readonly string[]) => {
  const locks = await db().selectFrom('billing.lock').select(['customerId', 'slowTo']).execute();
  return customerIds.map((id) => {
    const lock = locks.find(({ customerId }) => customerId === id);
    if (lock === undefined) return null;
    return lock.slowTo === null ? 'CUT' : 'SLOW';
  });
};
/** The last that others heard of each customer's lock. */
const lastToldOf = async (customerIds: readonly string[]) => {
  const told = await db()
    .selectFrom('events.event')
    .select(['subject', 'type'])
    .where('type', 'in', ['billing.lock.requested', 'billing.slow.requested', 'billing.lock.lifted'])
    .orderBy('id')
    .execute();
  return customerIds.map((id) => told.findLast(({ subject }) => subject === id)?.type ?? null);
};
const shield = (customerId: string, more: object) =>
  mutate('grantShield', 'GrantShieldInput', { customerId, because: 'test', ...more });
const setPayer = (customerId: string, payerId: string | null, mode = 'SUMMARY') =>
  mutate('setPayingAccount', 'SetPayingAccountInput', {
    customerId,
    ...(payerId === null ? {} : { payerId, mode }),
  });
const speed = { speedBitsPerSecond: '1000000' };
async function setCampaign(thresholds: object[]): Promise<void> {
  const steps = [
    { id: 'reminder', action: 'REMINDER', daysAfterDue: 2 },
    { id: 'slow', action: 'SLOW', daysAfterDue: 5, slowTo: { downstream: speed, upstream: speed } },
    { id: 'cut', action: 'WALLED_GARDEN', daysAfterDue: 12 },
  ];
  const set = async (more: object) =>
    (
      await mutate(
        'setDunningCampaign',
        'SetDunningCampaignInput',
        { steps, thresholds, ...more },
        '__typename ... on DunningCampaignPreview { fingerprint }',
      )
    ).setDunningCampaign;
  const plan = await set({ mode: 'PLAN' });
  expect(await set({ mode: 'APPLY', fingerprint: plan?.fingerprint })).toMatchObject({
    __typename: 'DunningCampaign',
  });
}
/** Customers with a weekly invoice of 30.00, due after 14 days. */
async function customers(count: number): Promise<string[]> {
  const plan = await isp.createPlan(3000n, { terms: { intervalUnit: 'WEEK' } });
  const ids: string[] = [];
  for (let made = 0; made < count; made += 1) {
    const id = await isp.createCustomer(`Customer ${made}`);
    await isp.activate(id, plan);
    ids.push(id);
  }
  await bill();
  return ids;
}

test('a dispute of all that is overdue opens, and so does a payment of all that is not disputed; lost, it closes again', async () => {
  await setCampaign([]);
  const [ada = ''] = await customers(1);
  await advance(27);
  expect(await heldOf([ada])).toEqual(['CUT']);
  const [oldest, second] = await openOf(ada);
  await shield(ada, {
    kind: 'DISPUTE',
    invoiceIds: [oldest?.documentId],
    until: plusDays(isp.today(), 3),
  });
  expect(await heldOf([ada])).toEqual(['CUT']);
  await mutate('recordPayment', 'RecordPaymentInput', {
    customerId: ada,
    amount: { amount: '3000', currency: 'USD' },
    method: 'bankTransfer',
    reference: 'undisputed',
    invoiceId: second?.documentId,
  });
  expect(await heldOf([ada])).toEqual([null]);
  await advance(3);
  expect(await heldOf([ada])).toEqual(['CUT']);
  expect(await lastToldOf([ada])).toEqual(['billing.lock.requested']);
  await shield(ada, { kind: 'DISPUTE', invoiceIds: (await openOf(ada)).map(({ documentId }) => documentId) });
  expect(await heldOf([ada])).toEqual([null]);
});

test('what is left below the threshold of the campaign keeps nobody closed', async () => {
  await setCampaign([{ amount: '500', currency: 'USD' }]);
  const [ada = '', bob = ''] = await customers(2);
  await advance(27);
  expect(await heldOf([ada, bob])).toEqual(['CUT', 'CUT']);
  const due = (await openOf(ada)).filter(({ dueOn }) => dueOn < isp.today());
  const overdue = due.reduce((sum, { openMinor }) => sum + openMinor, 0n);
  await pay(ada, overdue - 500n);
  await pay(bob, overdue - 499n);
  expect(await heldOf([ada, bob])).toEqual(['CUT', null]);
  await setCampaign([]);
});

test('whoever is paid for is closed with his payer, joins him closed, and leaves him open', async () => {
  await setCampaign([]);
  const [head = '', branch = '', late = '', own = ''] = await customers(4);
  for (const id of [branch, own]) await setPayer(id, head);
  await shield(own, { kind: 'GRACE', until: plusDays(isp.today(), 29) });
  for (const id of [branch, late, own]) await pay(id, 3000n);
  await advance(27);
  expect(await heldOf([head, branch, own])).toEqual(['CUT', 'CUT', null]);
  await pay(late, await owed(late));
  await setPayer(late, head);
  expect(await heldOf([late])).toEqual(['CUT']);
  expect(await lastToldOf([late])).toEqual(['billing.lock.requested']);
  await setPayer(late, null);
  expect(await heldOf([late])).toEqual([null]);
  await advance(2);
  expect(await heldOf([own])).toEqual(['CUT']);
  await shield(head, { kind: 'PROMISE_TO_PAY', until: plusDays(isp.today(), 1) });
  expect(await heldOf([head, branch, own])).toEqual([null, null, null]);
  await advance(1);
  expect(await heldOf([head, branch, own])).toEqual(['CUT', 'CUT', 'CUT']);
  await pay(head, await owed(head));
  expect(await heldOf([head, branch, own])).toEqual([null, null, null]);
  expect(await lastToldOf([head, branch, own])).toEqual([head, branch, own].map(() => 'billing.lock.lifted'));
});

test('whatever happened before, a payment of what is owed restores at once', {
  timeout: 240_000,
}, async () => {
  await setCampaign([]);
  await mutate('setLateFees', 'SetLateFeesInput', {
    steps: [
      { id: 'first', graceDays: 3, kind: 'FIXED', amountMinor: '500', currency: 'USD' },
      { id: 'second', graceDays: 9, kind: 'PERCENT', percent: '1.5' },
    ],
  });
  const action = fc.oneof(
    { weight: 4, arbitrary: fc.constant({ do: 'nothing' as const }) },
    fc.record({ do: fc.constant('pay' as const), percent: fc.bigInt({ min: 1n, max: 99n }) }),
    fc.record({ do: fc.constant('promise' as const), days: fc.integer({ min: 1, max: 9 }) }),
    fc.constant({ do: 'dispute' as const }),
    fc.constant({ do: 'lift' as const }),
    fc.constant({ do: 'join' as const }),
    fc.constant({ do: 'leave' as const }),
  );
  const weeks = fc.record({
    days: fc.integer({ min: 1, max: 9 }),
    actions: fc.array(action, { minLength: 4, maxLength: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(weeks, { minLength: 5, maxLength: 7 }), async (history) => {
      const [head = '', ...others] = await customers(4);
      const all = [head, ...others];
      for (const { days, actions } of history) {
        await advance(days);
        for (const [index, id] of all.entries()) {
          const act = actions[index] ?? { do: 'nothing' };
          const open = await openOf(id);
          if (act.do === 'pay') {
            const part = ((await owed(id)) * act.percent) / 100n;
            if (part > 0n) await pay(id, part);
          }
          if (act.do === 'promise')
            await shield(id, { kind: 'PROMISE_TO_PAY', until: plusDays(isp.today(), act.days) });
          if (act.do === 'dispute' && open[0] !== undefined)
            await shield(id, { kind: 'DISPUTE', invoiceIds: [open[0].documentId] });
          if (act.do === 'lift')
            for (const { id: shieldId } of await db()
              .selectFrom('billing.shield')
              .select('id')
              .where('customerId', '=', id)
              .where('liftedAt', 'is', null)
              .execute())
              await mutate('liftShield', 'LiftShieldInput', { shieldId });
          if (act.do === 'join' && id !== head) await setPayer(id, head);
          if (act.do === 'leave' && id !== head) await setPayer(id, null);
        }
      }
      for (const id of all) {
        const debt = await owed(id);
        if (debt > 0n) await pay(id, debt);
      }
      const nothing = all.map(() => null);
      expect(await heldOf(all)).toEqual(nothing);
      for (const told of await lastToldOf(all)) expect([null, 'billing.lock.lifted']).toContain(told);
      const cycles = await db()
        .selectFrom('billing.dunningCycle')
        .select('customerId')
        .where('customerId', 'in', all)
        .where('closedOn', 'is', null)
        .execute();
      expect(cycles).toEqual([]);
      await advance(1);
      expect(await heldOf(all)).toEqual(nothing);
    }),
    { numRuns: 2 },
  );
});
