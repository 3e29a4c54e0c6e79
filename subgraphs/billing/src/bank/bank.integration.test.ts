import { afterAll, beforeAll, expect, test } from 'vitest';
import { proveLedger } from '../ledger/proof.ts';
import { paymentReference } from '../rendering/rules-model.ts';
import { type BillingHarness, startBilling } from '../testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp[Symbol.asyncDispose]());

interface Line {
  readonly id: string;
  readonly payer: string | null;
  readonly payment: { readonly id: string } | null;
}
interface Answer {
  readonly lines: Line[];
  readonly duplicates: number;
  readonly field: string;
  readonly message: string;
  readonly payment: Line['payment'];
}
async function ask(name: string, type: string, selection: string, input: Record<string, unknown>) {
  const data = await isp.ask<Record<string, Answer>>(
    `mutation ($input: ${type}!) { ${name}(input: $input) { __typename ${selection} ... on ValidationError { field message } } }`,
    { input },
  );
  return data[name] as Answer;
}
const lineFields = 'id payer payment { id customer { id } }';
const load = (rows: readonly string[]) =>
  ask(
    'importBankStatement',
    'ImportBankStatementInput',
    `... on BankStatementImport { duplicates skipped lines { ${lineFields} } }`,
    {
      format: 'CSV',
      account: 'main',
      content: ['date,amount,currency,name,reference,text', ...rows].join('\n'),
    },
  );
const proved = async () => expect((await proveLedger(isp.tenant.services.database)).findings).toEqual([]);

async function billed(name: string, minor: bigint) {
  const customerId = await isp.createCustomer(name);
  await isp.activate(customerId, await isp.createPlan(minor));
  await isp.ask('mutation { runBilling(input: {}) { __typename } }');
  const { database } = isp.tenant.services;
  const invoice = () =>
    database
      .selectFrom('billing.document as document')
      .innerJoin('billing.openItem as item', 'item.documentId', 'document.id')
      .select(['document.id', 'document.number', 'item.openMinor'])
      .where('document.customerId', '=', customerId)
      .executeTakeFirstOrThrow();
  return { customerId, invoice, number: (await invoice()).number };
}

test('a statement becomes payments and suspense, once, and a wrong match is taken back', async () => {
  const ada = await billed('Ada', 3000n);
  const bob = await billed('Bob', 2000n);
  const rows = [
    `2026-11-02,30.00,USD,Whoever,b1,${paymentReference(ada.number)}`,
    '2026-11-02,20.00,USD,BOB,b2,internet',
    '2026-11-02,7.00,USD,Mallory,b3,hello',
    '2026-11-02,-9.00,USD,Power Co,b4,',
  ];
  const first = await load(rows);
  expect(first).toMatchObject({ duplicates: 0, skipped: 1 });
  const of = (payer: string) => first.lines.find((line) => line.payer === payer);
  expect(of('Whoever')?.payment).toMatchObject({ customer: { id: ada.customerId } });
  expect(of('BOB')?.payment).toMatchObject({ customer: { id: bob.customerId } });
  expect(of('Mallory')?.payment).toBeNull();
  expect(await load(rows)).toMatchObject({ duplicates: 3, lines: [] });
  expect((await bob.invoice()).openMinor).toBe(0n);
  await proved();

  const lineId = of('BOB')?.id;
  const undo = () =>
    ask(
      'undoBankMatch',
      'UndoBankMatchInput',
      `... on BankLine { ${lineFields} } ... on ConflictError { reason }`,
      {
        lineId,
        reason: 'another Bob',
      },
    );
  expect(await undo()).toMatchObject({ payment: null });
  expect(await undo()).toMatchObject({ reason: 'NOT_MATCHED' });
  expect((await bob.invoice()).openMinor).toBe(2000n);
  await proved();
  const match = (customerId: string) =>
    ask(
      'matchBankLine',
      'MatchBankLineInput',
      `... on BankLine { ${lineFields} } ... on ConflictError { reason }`,
      { lineId, customerId },
    );
  expect(await match(ada.customerId)).toMatchObject({ payment: { customer: { id: ada.customerId } } });
  expect(await match(bob.customerId)).toMatchObject({ reason: 'ALREADY_MATCHED' });
  await proved();
});

test('a malformed statement names the line and writes nothing', async () => {
  const count = async () =>
    (await isp.tenant.services.database.selectFrom('billing.bankLine').select('id').execute()).length;
  const before = await count();
  expect(await load(['2026-11-02,1.00,USD,x,,', '2026-11-02,one,USD,x,,'])).toMatchObject({
    field: 'input.content',
    message: 'Line 3: "one" is not an amount of USD such as 12.50',
  });
  expect(await count()).toBe(before);
});

test('two imports of one statement at once are one', async () => {
  const rows = ['2026-11-09,5.00,USD,Zoe,z1,', '2026-11-09,6.00,USD,Zoe,z2,'];
  const [a, b] = await Promise.all([load(rows), load(rows)]);
  expect(a.lines.length + b.lines.length).toBe(2);
  expect(a.duplicates + b.duplicates).toBe(2);
  await proved();
});
