import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BillingHarness, plusDays, startBilling } from '../testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp[Symbol.asyncDispose]());

interface Amount {
  readonly amount: string;
}
interface Rows {
  readonly rows: { readonly id: string; readonly amount: Amount }[];
}
interface Reports {
  readonly recurringRevenue: {
    readonly opening: Amount;
    readonly closing: Amount;
    readonly arpu: Amount;
    readonly movements: { readonly amount: Amount; readonly serviceIds: string[] }[];
    readonly openingCustomers: number;
    readonly closingCustomers: number;
    readonly churnedCustomerIds: string[];
    readonly services: {
      readonly serviceId: string;
      readonly customerId: string;
      readonly opening: Amount | null;
      readonly closing: Amount | null;
    }[];
  }[];
  readonly aging: ({ readonly bucket: string; readonly open: Amount } & Rows)[];
  readonly revenue: ({ readonly description: string; readonly net: Amount } & Rows)[];
  readonly taxReport: ({ readonly componentId: string; readonly tax: Amount } & Rows)[];
  readonly cashReport: ({ readonly method: string; readonly kind: string; readonly amount: Amount } & Rows)[];
}
const reports = (from: string, to: string) =>
  isp.ask<Reports>(
    `query ($from: LocalDate!, $to: LocalDate!) {
      recurringRevenue(from: $from, to: $to) { opening { amount } closing { amount } arpu { amount } openingCustomers
        closingCustomers churnedCustomerIds movements { amount { amount } serviceIds }
        services { serviceId customerId opening { amount } closing { amount } } }
      aging { bucket open { amount } rows { id amount { amount } } }
      revenue(from: $from, to: $to) { description net { amount } rows { id amount { amount } } }
      taxReport(from: $from, to: $to) { componentId tax { amount } rows { id amount { amount } } }
      cashReport(from: $from, to: $to) { method kind amount { amount } rows { id amount { amount } } } }`,
    { from, to },
  );

const sumOf = (amounts: readonly (Amount | null)[]) =>
  amounts.reduce((sum, one) => sum + BigInt(one?.amount ?? 0), 0n);
const money = (minor: number) => ({ amount: `${minor}`, currency: 'USD' });

/** What the ledger posted on [from, to) to the accounts whose names begin so; debits above zero. */
async function posted(prefix: string, from: string, to: string): Promise<bigint> {
  const { rows } = await sql<{ total: bigint }>`
    select coalesce(sum(e.amount_minor), 0)::bigint as total from billing.ledger_entry e
    join billing.ledger_transaction t using (kind, ref)
    where starts_with(e.account, ${prefix}) and t.posted_on >= ${from}::date and t.posted_on < ${to}::date`.execute(
    isp.tenant.services.database,
  );
  return rows[0]?.total ?? 0n;
}

/** A service as the test knows it: its price by the day from which it holds, null once it is over. */
interface Known {
  readonly serviceId: string;
  readonly customerId: string;
  planId: string;
  readonly worth: { readonly from: string; readonly minor: bigint | null }[];
}
const services: Known[] = [];
const worthAt = ({ worth }: Known, day: string) => worth.findLast(({ from }) => from < day)?.minor ?? null;
const running = () => services.filter(({ worth }) => worth.at(-1)?.minor !== null);

const event = (type: 'service.plan.changed' | 'service.cancelled', known: Known, more: object) =>
  isp.append({
    type,
    subject: known.serviceId,
    payload: { serviceId: known.serviceId, customerId: known.customerId, on: isp.today(), ...more },
    occurredAt: isp.tenant.services.clock.now(),
    actor: 'test',
  } as never);

/** What may happen to an ISP's books; `pick` chooses among what is there, `minor` is a price or an amount. */
const acts = {
  async join(_pick: number, minor: number) {
    const customerId = await isp.createCustomer();
    if (minor % 2 === 0)
      await isp.ask(
        'mutation ($input: UpdateBillingAccountInput!) { updateBillingAccount(input: $input) { __typename } }',
        { input: { customerId, taxJurisdictions: ['CA', 'CA-QC'] } },
      );
    const planId = await isp.createPlan(BigInt(minor), { name: `Plan ${minor % 3}` });
    const serviceId = await isp.activate(customerId, planId);
    services.push({ serviceId, customerId, planId, worth: [{ from: isp.today(), minor: BigInt(minor) }] });
  },
  async change(pick: number, minor: number) {
    const known = running()[pick % Math.max(1, running().length)];
    if (known === undefined) return;
    const planId = await isp.createPlan(BigInt(minor), { name: `Plan ${minor % 3}` });
    await event('service.plan.changed', known, { fromPlanId: known.planId, planId });
    known.planId = planId;
    known.worth.push({ from: isp.today(), minor: BigInt(minor) });
    await isp.settled();
  },
  async leave(pick: number) {
    const known = running()[pick % Math.max(1, running().length)];
    if (known === undefined) return;
    await event('service.cancelled', known, {});
    known.worth.push({ from: isp.today(), minor: null });
    await isp.settled();
  },
  async pay(pick: number, minor: number) {
    const customerId = services[pick % Math.max(1, services.length)]?.customerId;
    if (customerId === undefined) return;
    const { recordPayment } = await isp.ask<{ recordPayment: { id: string } }>(
      'mutation ($input: RecordPaymentInput!) { recordPayment(input: $input) { ... on Payment { id } } }',
      {
        input: {
          customerId,
          amount: money(minor),
          method: minor % 2 === 0 ? 'cash' : 'bankTransfer',
          reference: crypto.randomUUID(),
        },
      },
    );
    if (minor % 3 > 0) return;
    // A part of it goes back at once.
    const input = {
      paymentId: recordPayment.id,
      amount: money(Math.ceil(minor / 2)),
      reference: crypto.randomUUID(),
      reason: 'property',
    };
    const refund = async (more: object) => {
      const { refundPayment } = await isp.ask<{ refundPayment: { fingerprint: string } }>(
        `mutation ($input: RefundPaymentInput!) { refundPayment(input: $input) { __typename ... on MovementPreview { fingerprint } } }`,
        { input: { ...input, ...more } },
      );
      return refundPayment;
    };
    const { fingerprint } = await refund({ mode: 'PLAN' });
    expect(await refund({ mode: 'APPLY', fingerprint })).toMatchObject({ __typename: 'PaymentReturn' });
  },
  async pass(pick: number) {
    await isp.ask('mutation { runBilling(input: {}) { __typename } }');
    await isp.tenant.services.advanceClock((1 + (pick % 50)) * 86_400_000);
  },
};
const act = fc.record({
  name: fc.constantFrom('join', 'join', 'change', 'leave', 'pay', 'pay', 'pass', 'pass', 'pass'),
  pick: fc.nat(1000),
  minor: fc.integer({ min: 1, max: 9_999 }),
}) as fc.Arbitrary<{ name: keyof typeof acts; pick: number; minor: number }>;

function expectRecurring(report: Reports['recurringRevenue'][number] | undefined, from: string, to: string) {
  const rows = report?.services ?? [];
  const at = (day: string) => services.reduce((sum, one) => sum + (worthAt(one, day) ?? 0n), 0n);
  expect(BigInt(report?.opening.amount ?? 0)).toBe(at(from));
  expect(BigInt(report?.closing.amount ?? 0)).toBe(at(to));
  expect(sumOf(rows.map(({ opening }) => opening))).toBe(at(from));
  expect(sumOf(rows.map(({ closing }) => closing))).toBe(at(to));
  for (const { amount, serviceIds } of report?.movements ?? []) {
    const own = rows.filter(({ serviceId }) => serviceIds.includes(serviceId));
    expect(sumOf(own.map((one) => one.closing)) - sumOf(own.map((one) => one.opening))).toBe(
      BigInt(amount.amount),
    );
  }
  expect(at(from) + sumOf((report?.movements ?? []).map(({ amount }) => amount))).toBe(at(to));
  const having = (day: string) =>
    new Set(services.filter((one) => worthAt(one, day) !== null).map(({ customerId }) => customerId));
  const [before, after] = [having(from), having(to)];
  expect(report?.openingCustomers ?? 0).toBe(before.size);
  expect(report?.closingCustomers ?? 0).toBe(after.size);
  expect(report?.churnedCustomerIds ?? []).toEqual([...before.difference(after)].sort());
  // Rounded to the unit: times the customers it is the closing value, within half a unit for each.
  const arpu = BigInt(report?.arpu.amount ?? 0) * BigInt(after.size);
  expect(Number(arpu - at(to)) ** 2 * 4).toBeLessThanOrEqual(after.size ** 2);
}

const bounds: Record<string, readonly [number, number]> = {
  NOT_DUE: [Number.NEGATIVE_INFINITY, 0],
  DAYS_1_30: [1, 30],
  DAYS_31_60: [31, 60],
  DAYS_61_90: [61, 90],
  OVER_90: [91, Number.POSITIVE_INFINITY],
};
async function expectAging(aging: Reports['aging']) {
  const items = await isp.tenant.services.database
    .selectFrom('billing.openItem')
    .select(['documentId', 'openMinor', 'dueOn'])
    .where('openMinor', '>', 0n)
    .execute();
  const today = Temporal.PlainDate.from(isp.today());
  for (const { bucket, rows } of aging)
    for (const { id, amount } of rows) {
      const item = items.find(({ documentId }) => documentId === id);
      expect(item?.openMinor).toBe(BigInt(amount.amount));
      const overdue = Temporal.PlainDate.from(item?.dueOn ?? '').until(today, { largestUnit: 'days' }).days;
      const [least = 0, most = 0] = bounds[bucket] ?? [];
      expect(overdue >= least && overdue <= most, `${bucket} of ${overdue} days`).toBe(true);
    }
  expect(aging.flatMap(({ rows }) => rows.map(({ id }) => id)).sort()).toEqual(
    items.map(({ documentId }) => documentId).sort(),
  );
}

test('every number of every report is the sum of its rows, whatever happened', {
  timeout: 240_000,
}, async () => {
  const first = isp.today();
  // No report is the sum of nothing.
  for (const name of ['join', 'pass', 'pay'] as const) await acts[name](0, 3000);
  await fc.assert(
    fc.asyncProperty(
      fc.array(act, { minLength: 8, maxLength: 16 }),
      fc.nat(1000),
      fc.nat(1000),
      async (happened, a, b) => {
        for (const { name, pick, minor } of happened) await acts[name](pick, minor);
        const days = Temporal.PlainDate.from(first).until(isp.today(), { largestUnit: 'days' }).days + 1;
        const [from = '', to = ''] = [plusDays(first, a % days), plusDays(first, b % days)].sort();
        const end = plusDays(to, 1);
        const part = await reports(from, end);
        expectRecurring(part.recurringRevenue[0], from, end);
        await expectAging(part.aging);
        for (const { open, rows } of part.aging)
          expect(sumOf(rows.map(({ amount }) => amount))).toBe(BigInt(open.amount));
        for (const { net, rows } of part.revenue)
          expect(sumOf(rows.map(({ amount }) => amount))).toBe(BigInt(net.amount));
        for (const { tax, rows } of part.taxReport)
          expect(sumOf(rows.map(({ amount }) => amount))).toBe(BigInt(tax.amount));
        for (const { amount, rows } of part.cashReport)
          expect(sumOf(rows.map((one) => one.amount))).toBe(BigInt(amount.amount));
        expect(sumOf(part.revenue.map(({ net }) => net))).toBe(-(await posted('revenue:', from, end)));
        expect(sumOf(part.taxReport.map(({ tax }) => tax))).toBe(-(await posted('taxPayable:', from, end)));
        expect(sumOf(part.cashReport.map(({ amount }) => amount))).toBe(await posted('clearing:', from, end));
      },
    ),
    // Each run goes on where the one before ended: the books only grow, and shrinking would judge other books.
    { numRuns: 3, endOnFailure: true },
  );
  const all = await reports(first, plusDays(isp.today(), 1));
  for (const report of [all.revenue, all.taxReport, all.cashReport]) expect(report.length).toBeGreaterThan(0);
});
