import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { proveLedger } from '../ledger/proof.ts';
import { type BillingHarness, startBilling, subscriber } from '../testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp[Symbol.asyncDispose]());

const db = () => isp.tenant.services.database;
const advance = (days: number) => isp.tenant.services.advanceClock(days * 86_400_000);
const run = () =>
  isp.ask<{ runBilling: { documents: number } }>(
    'mutation { runBilling(input: {}) { ... on BillingRun { documents } } }',
  );
const proved = async () => expect((await proveLedger(db())).findings).toEqual([]);
const join = async (customerId: string, payerId: string | null, mode?: string) =>
  (
    await isp.ask<{ setPayingAccount: Record<string, unknown> }>(
      `mutation ($input: SetPayingAccountInput!) { setPayingAccount(input: $input) { __typename ... on BillingAccount { payer { id } payerMode }
        ... on ConflictError { reason } ... on ValidationError { field } } }`,
      {
        input: {
          customerId,
          ...(payerId === null ? {} : { payerId }),
          ...(mode === undefined ? {} : { mode }),
        },
      },
    )
  ).setPayingAccount;
const documentsOf = (customerId: string) =>
  db()
    .selectFrom('billing.document as d')
    .leftJoin('billing.openItem as o', 'o.documentId', 'd.id')
    .select(['d.id', 'd.customerId', 'd.grossMinor', 'd.type', 'o.openMinor', 'o.customerId as debtor'])
    .where('d.customerId', '=', customerId)
    .orderBy('d.sequence')
    .execute();
const linesOf = (documentId: string) =>
  db()
    .selectFrom('billing.documentLine')
    .selectAll()
    .where('documentId', '=', documentId)
    .orderBy('ordinal')
    .execute();
const pay = (customerId: string, amount: number, reference: string) =>
  isp.ask(`mutation ($input: RecordPaymentInput!) { recordPayment(input: $input) { __typename } }`, {
    input: { customerId, amount: { amount: `${amount}`, currency: 'USD' }, method: 'cash', reference },
  });
const balancesOf = async (ids: readonly string[]) =>
  (
    await isp.ask<{ _entities: { balance: { amount: string } }[] }>(
      'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Customer { balance { amount } } } }',
      { r: ids.map((id) => ({ __typename: 'Customer', id })) },
    )
  )._entities.map(({ balance }) => Number(balance.amount));
const locksOf = async (ids: readonly string[]) =>
  (
    await db()
      .selectFrom('billing.lock')
      .select('customerId')
      .where('customerId', 'in', [...ids])
      .execute()
  )
    .map(({ customerId }) => customerId)
    .sort();
/** A member and a payer with a service each. */
async function pair(mode: string) {
  const [payer, member] = [await isp.createCustomer('Head office'), await isp.createCustomer('Branch')];
  await isp.activate(payer, await isp.createPlan(5000n));
  await isp.activate(member, await isp.createPlan(3000n));
  await join(member, payer, mode);
  return { payer, member };
}

test('consolidated: one invoice to the payer, every line explained, billed once', async () => {
  const { payer, member } = await pair('CONSOLIDATED');
  expect(await run()).toEqual({ runBilling: { documents: 1 } });
  const [invoice] = await documentsOf(payer);
  expect(invoice).toMatchObject({ grossMinor: 8000n, openMinor: 8000n });
  const lines = await linesOf(invoice?.id ?? '');
  expect(lines.map(({ description, netMinor }) => [description, Number(netMinor)])).toEqual([
    ['Fibre 100', 5000],
    ['Branch: Fibre 100', 3000],
  ]);
  for (const line of lines)
    expect(checkExplanation(line.explanation as never, line.netMinor)).toEqual({ outcome: 'AGREES' });
  expect(await documentsOf(member)).toEqual([]);
  expect(await run()).toEqual({ runBilling: { documents: 0 } });
  await proved();
});

test.each(['SUMMARY', 'PASS_THROUGH'])(
  '%s: documents of the member that the payer owes, is dunned for and pays',
  async (mode) => {
    const { payer, member } = await pair(mode);
    expect(await run()).toEqual({ runBilling: { documents: 2 } });
    expect(await documentsOf(payer)).toMatchObject([{ grossMinor: 5000n, debtor: payer }]);
    const [invoice] = await documentsOf(member);
    expect(invoice).toMatchObject({ grossMinor: 3000n, debtor: payer });
    const { _entities } = await isp.ask<{ _entities: { invoiceSummaries: unknown[]; balance: unknown }[] }>(
      `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Customer { balance { amount } invoiceSummaries { number total { amount } open { amount } invoices { id } } } } }`,
      { r: [payer, member].map((id) => ({ __typename: 'Customer', id })) },
    );
    expect(_entities).toEqual([
      {
        balance: { amount: '8000' },
        invoiceSummaries:
          mode === 'SUMMARY'
            ? [
                {
                  number: 'SUM-0001',
                  total: { amount: '3000' },
                  open: { amount: '3000' },
                  invoices: [{ id: invoice?.id }],
                },
              ]
            : [],
      },
      { balance: { amount: '0' }, invoiceSummaries: [] },
    ]);
    await proved();
    await advance(29);
    expect(await locksOf([payer, member])).toEqual([payer, member].sort());
    await pay(payer, 8000, `all-${mode}`);
    expect(await locksOf([payer, member])).toEqual([]);
    expect((await documentsOf(member))[0]).toMatchObject({ openMinor: 0n });
    // A note on the member's invoice is the payer's credit.
    const line = (await linesOf(invoice?.id ?? ''))[0];
    const note = (more: object) =>
      isp.ask<{ issueCreditNote: { fingerprint: string } }>(
        `mutation ($input: IssueCreditNoteInput!) { issueCreditNote(input: $input) { __typename ... on CreditNotePreview { fingerprint } } }`,
        {
          input: {
            invoiceId: invoice?.id,
            lines: [{ lineId: line?.id, net: '1000' }],
            reason: 'goodwill',
            ...more,
          },
        },
      );
    const { issueCreditNote } = await note({ mode: 'PLAN' });
    const before = await balancesOf([payer, member]);
    await note({ mode: 'APPLY', fingerprint: issueCreditNote.fingerprint });
    const [owedByPayer = 0, owedByMember = 0] = before;
    expect(await balancesOf([payer, member])).toEqual([owedByPayer - 1000, owedByMember]);
    await proved();
  },
);

test('the preview of a member is that of his group; groups that make no sense are refused', async () => {
  const { payer, member } = await pair('CONSOLIDATED');
  const plan = (more: object) =>
    isp.ask<{ issueInvoice: { fingerprint: string; documents: unknown[] } }>(
      `mutation ($input: IssueInvoiceInput!) { issueInvoice(input: $input) { __typename ... on InvoicePreview { fingerprint documents { customer { id } gross { amount } } } } }`,
      { input: { customerId: member, ...more } },
    );
  const { issueInvoice } = await plan({ mode: 'PLAN' });
  expect(issueInvoice.documents).toEqual([{ customer: { id: payer }, gross: { amount: '8000' } }]);
  expect(await plan({ mode: 'APPLY', fingerprint: issueInvoice.fingerprint })).toMatchObject({
    issueInvoice: { __typename: 'InvoicesIssued' },
  });
  expect(await run()).toEqual({ runBilling: { documents: 0 } });
  const other = await isp.createCustomer();
  expect(await join(payer, payer)).toMatchObject({ field: 'input.payerId' });
  expect(await join(payer, other)).toMatchObject({ reason: 'PAYS_FOR_OTHERS' });
  expect(await join(other, member)).toMatchObject({ reason: 'PAYER_HAS_PAYER' });
  expect(await join(other, 'cus_none')).toMatchObject({ __typename: 'NotFoundError' });
  const { errors } = await isp.tenant.ask(
    'billing',
    `mutation { setPayingAccount(input: { customerId: "${member}" }) { __typename } }`,
    {},
    subscriber(member),
  );
  expect(errors?.[0]?.extensions).toMatchObject({ missingScope: 'billing:write' });
  expect(await join(member, null)).toMatchObject({ payer: null });
  await advance(32);
  const own = await documentsOf(member);
  expect(own.length).toBeGreaterThan(0);
  expect(own.every(({ debtor }) => debtor === member)).toBe(true);
  await proved();
});
