import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BillingHarness, plusDays, startBilling } from '../testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp[Symbol.asyncDispose]());

interface Reports {
  readonly recurringRevenue: {
    opening: { amount: string };
    closing: { amount: string };
    movements: { kind: string; amount: { amount: string }; serviceIds: string[] }[];
    churnedCustomerIds: string[];
    arpu: { amount: string };
  }[];
  readonly aging: { bucket: string; open: { amount: string }; invoiceIds: string[] }[];
  readonly revenue: { description: string; net: { amount: string }; documentIds: string[] }[];
  readonly taxReport: { componentId: string; tax: { amount: string }; documentIds: string[] }[];
}
const reports = (from: string, to: string) =>
  isp.ask<Reports>(
    `query ($from: LocalDate!, $to: LocalDate!) {
      recurringRevenue(from: $from, to: $to) { opening { amount } closing { amount } churnedCustomerIds arpu { amount }
        movements { kind amount { amount } serviceIds } }
      aging { bucket open { amount } invoiceIds }
      revenue(from: $from, to: $to) { description net { amount } documentIds }
      taxReport(from: $from, to: $to) { componentId tax { amount } documentIds } }`,
    { from, to },
  );

test('each number is the sum of the rows that it names', async () => {
  const from = isp.today();
  const [ada, bob] = [await isp.createCustomer('Ada'), await isp.createCustomer('Bob')];
  await isp.ask(
    `mutation ($input: UpdateBillingAccountInput!) { updateBillingAccount(input: $input) { __typename } }`,
    { input: { customerId: ada, taxJurisdictions: ['CA', 'CA-QC'] } },
  );
  const plan = await isp.createPlan(3000n);
  const kept = await isp.activate(ada, plan);
  const left = await isp.activate(bob, plan);
  await isp.ask('mutation { runBilling(input: {}) { __typename } }');
  await isp.tenant.services.advanceClock(10 * 86_400_000);
  const middle = isp.today();
  await isp.append({
    type: 'service.cancelled',
    subject: left,
    payload: { serviceId: left, customerId: bob, on: middle },
    occurredAt: isp.tenant.services.clock.now(),
    actor: 'test',
  });
  await isp.settled();
  const first = await reports(from, middle);
  expect(first.recurringRevenue).toMatchObject([
    {
      opening: { amount: '0' },
      closing: { amount: '6000' },
      arpu: { amount: '3000' },
      churnedCustomerIds: [],
    },
  ]);
  const second = await reports(middle, plusDays(middle, 1));
  expect(second.recurringRevenue).toMatchObject([
    { opening: { amount: '6000' }, closing: { amount: '3000' }, churnedCustomerIds: [bob] },
  ]);
  const churn = second.recurringRevenue[0]?.movements.find(({ kind }) => kind === 'CHURN');
  expect(churn).toEqual({ kind: 'CHURN', amount: { amount: '-3000' }, serviceIds: [left] });
  expect(kept).not.toBe(left);

  await isp.tenant.services.advanceClock(20 * 86_400_000);
  const { aging, revenue, taxReport } = await reports(from, plusDays(isp.today(), 1));
  const { database } = isp.tenant.services;
  const items = await database
    .selectFrom('billing.openItem')
    .selectAll()
    .where('openMinor', '>', 0n)
    .execute();
  for (const { open, invoiceIds } of aging)
    expect(
      items
        .filter((item) => invoiceIds.includes(item.documentId))
        .reduce((sum, item) => sum + item.openMinor, 0n),
    ).toBe(BigInt(open.amount));
  expect(aging.map(({ bucket }) => bucket)).toContain('DAYS_1_30');
  expect(aging.flatMap(({ invoiceIds }) => invoiceIds).sort()).toEqual(
    items.map((item) => item.documentId).sort(),
  );
  const entries = await database.selectFrom('billing.ledgerEntry').selectAll().execute();
  const balance = (prefix: string) =>
    entries
      .filter(({ account }) => account.startsWith(prefix))
      .reduce((sum, one) => sum - one.amountMinor, 0n);
  const total = (rows: readonly { amount: string }[]) =>
    rows.reduce((sum, one) => sum + BigInt(one.amount), 0n);
  expect(total(revenue.map(({ net }) => net))).toBe(balance('revenue:'));
  expect(total(taxReport.map(({ tax }) => tax))).toBe(balance('taxPayable:'));
  expect(taxReport).toHaveLength(2);
  expect(revenue.every(({ documentIds }) => documentIds.length > 0)).toBe(true);
});
