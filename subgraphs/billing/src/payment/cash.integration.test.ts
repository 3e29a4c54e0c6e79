import { testTenant } from '@dotmac/harness';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { proveLedger } from '../ledger/proof.ts';
import { proveLedgerAt } from '../ledger/proof-at.ts';
import { type BillingHarness, startBilling } from '../testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling({ ...testTenant, currency: 'NZD' });
});
afterAll(() => isp[Symbol.asyncDispose]());

interface Paid {
  readonly payment: {
    readonly unallocated: { readonly amount: string };
    readonly rounding: null | {
      readonly amount: { readonly amount: string };
      readonly due: { readonly amount: string };
      readonly invoice: { readonly state: string; readonly open: { readonly amount: string } };
      readonly explain: {
        readonly rule: string;
        readonly formula: string;
        readonly inputs: readonly { readonly name: string; readonly value: string }[];
      };
    };
  };
}

async function owing(minor: bigint): Promise<string> {
  const customerId = await isp.createCustomer();
  await isp.activate(customerId, await isp.createPlan(minor));
  await isp.ask('mutation { runBilling(input: {}) { __typename } }');
  return customerId;
}

async function pay(customerId: string, amount: string, method: string) {
  const { payment } = await isp.ask<Paid>(
    `mutation ($input: RecordPaymentInput!) { payment: recordPayment(input: $input) { ... on Payment {
      unallocated { amount } rounding { amount { amount } due { amount } invoice { state open { amount } }
        explain { rule formula inputs { name value } } } } } }`,
    {
      input: {
        customerId,
        amount: { amount, currency: 'NZD' },
        method,
        reference: `${customerId} ${amount}`,
      },
    },
  );
  return payment;
}

test.each([
  [1_234n, '1230', '4'],
  [1_236n, '1240', '-4'],
  [1_235n, '1230', '5'],
] as const)('%s cents that are paid in cash by %s settle %s without money', async (due, paid, rounding) => {
  const payment = await pay(await owing(due), paid, 'cash');
  expect(payment).toMatchObject({
    unallocated: { amount: '0' },
    rounding: { amount: { amount: rounding }, invoice: { state: 'PAID', open: { amount: '0' } } },
  });
  const { rule, formula, inputs } = payment.rounding?.explain ?? { rule: '', formula: '', inputs: [] };
  const named = Object.fromEntries(inputs.map(({ name, value }) => [name, value]));
  const explanation = { rule, version: 1, formula, inputs: named, facts: {} };
  expect(checkExplanation(explanation, BigInt(rounding))).toEqual({ outcome: 'AGREES' });
});

test('a transfer pays any amount, and a part is a part', async () => {
  expect(await pay(await owing(1_234n), '1230', 'bankTransfer')).toMatchObject({ rounding: null });
  expect(await pay(await owing(1_234n), '1000', 'cash')).toMatchObject({ rounding: null });
});

test.each([
  [1_234n, 1_230n],
  [1_236n, 1_240n],
])(
  '%s cents that were paid by %s are owed exactly again when the payment goes back, in parts or whole',
  async (due, paid) => {
    for (const parts of [[paid], [30n, paid - 30n]]) {
      const customerId = await owing(due);
      await pay(customerId, `${paid}`, 'cash');
      const { id: paymentId } = await isp.tenant.services.database
        .selectFrom('billing.payment')
        .select('id')
        .where('customerId', '=', customerId)
        .executeTakeFirstOrThrow();
      for (const [index, minor] of parts.entries()) {
        const refund = async (more: object) =>
          (
            await isp.ask<{
              refundPayment: { fingerprint: string; invoices: { open: { amount: string } }[] };
            }>(
              `mutation ($input: RefundPaymentInput!) { refundPayment(input: $input) { __typename
              ... on MovementPreview { fingerprint invoices { open { amount } } } ... on Failure { message } } }`,
              {
                input: {
                  paymentId,
                  amount: { amount: `${minor}`, currency: 'NZD' },
                  reference: `back-${index}`,
                  reason: 'test',
                  ...more,
                },
              },
            )
          ).refundPayment;
        const { fingerprint, invoices } = await refund({ mode: 'PLAN' });
        const isLast = index === parts.length - 1;
        expect(invoices).toEqual([{ open: { amount: `${minor + (isLast ? due - paid : 0n)}` } }]);
        await refund({ mode: 'APPLY', fingerprint });
      }
      const { openMinor } = await isp.tenant.services.database
        .selectFrom('billing.openItem')
        .select('openMinor')
        .where('customerId', '=', customerId)
        .executeTakeFirstOrThrow();
      expect(openMinor).toBe(due);
    }
    expect((await proveLedger(isp.tenant.services.database)).findings).toEqual([]);
  },
);

test('the books hold with what was rounded in them, now and at an instant', async () => {
  const { database, clock } = isp.tenant.services;
  await pay(await owing(1_234n), '1230', 'cash');
  const { rows } = await sql<{ posted: bigint; rounded: bigint }>`
    select (select sum(amount_minor)::bigint from billing.ledger_entry where account = 'cashRounding') as posted,
      (select sum(amount_minor)::bigint from billing.cash_rounding) as rounded`.execute(database);
  expect(rows[0]?.posted).toBe(rows[0]?.rounded);
  expect((await proveLedger(database)).findings).toEqual([]);
  expect((await proveLedgerAt(database, new Date(clock.now()), 'UTC')).findings).toEqual([]);
});
