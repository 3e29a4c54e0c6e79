import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { proveLedger } from '../ledger/proof.ts';
import { runBilling } from '../run/run.ts';
import { type BillingHarness, startBilling } from '../testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp[Symbol.asyncDispose]());

const mutation = `mutation ($input: IssueCreditNoteInput!) { issueCreditNote(input: $input) { __typename
  ... on CreditNotePreview { fingerprint document { gross { amount } tax { amount } } }
  ... on CreditNote { number gross { amount } tax { amount } credits { id state open { amount } } }
  ... on ValidationError { field } ... on Failure { code } } }`;
interface Outcome {
  readonly issueCreditNote: {
    readonly fingerprint: string;
    readonly gross: { amount: string };
    readonly tax: { amount: string };
  };
}
const issue = async (input: Record<string, unknown>) =>
  (await isp.ask<Outcome>(mutation, { input })).issueCreditNote;
const credit = async (input: Record<string, unknown>) => {
  const { fingerprint } = await issue({ ...input, mode: 'PLAN' });
  return issue({ ...input, mode: 'APPLY', fingerprint });
};

async function taxedInvoice(minor: bigint) {
  const customerId = await isp.createCustomer();
  await isp.ask(
    `mutation ($input: UpdateBillingAccountInput!) { updateBillingAccount(input: $input) { __typename } }`,
    { input: { customerId, taxJurisdictions: ['CA', 'CA-QC'] } },
  );
  await isp.activate(customerId, await isp.createPlan(minor));
  const { services } = isp.tenant;
  await runBilling(services, isp.today(), { today: isp.today(), now: services.clock.now(), actor: 'test' });
  const line = await services.database
    .selectFrom('billing.documentLine as line')
    .innerJoin('billing.document as document', 'document.id', 'line.documentId')
    .select(['line.id', 'document.id as invoiceId', 'document.grossMinor', 'document.taxMinor'])
    .where('document.customerId', '=', customerId)
    .executeTakeFirstOrThrow();
  return {
    customerId,
    lineId: line.id,
    invoiceId: line.invoiceId,
    gross: line.grossMinor,
    tax: line.taxMinor,
  };
}

test('notes that cover an invoice equal it, tax included, however they were cut', async () => {
  const { invoiceId, lineId, gross, tax } = await taxedInvoice(999n);
  const notes: Outcome['issueCreditNote'][] = [];
  for (const net of ['333', '333', '333'])
    notes.push(await credit({ invoiceId, lines: [{ lineId, net }], reason: 'outage' }));
  const sum = (pick: (note: (typeof notes)[number]) => string) =>
    notes.reduce((total, note) => total + BigInt(pick(note)), 0n);
  expect(sum((note) => note.gross.amount)).toBe(gross);
  expect(sum((note) => note.tax.amount)).toBe(tax);
  expect(notes.at(-1)).toMatchObject({ credits: { id: invoiceId, state: 'PAID', open: { amount: '0' } } });
  expect(await issue({ invoiceId, lines: [{ lineId, net: '1' }], reason: 'x', mode: 'PLAN' })).toMatchObject({
    __typename: 'ValidationError',
    field: 'input.lines[0].net',
  });
  const { database } = isp.tenant.services;
  for (const line of await database.selectFrom('billing.documentLine').selectAll().execute())
    expect(checkExplanation(line.explanation as never, line.netMinor)).toEqual({ outcome: 'AGREES' });
  for (const one of await database.selectFrom('billing.documentTax').selectAll().execute())
    expect(checkExplanation(one.explanation as never, one.taxMinor)).toEqual({ outcome: 'AGREES' });
  expect((await proveLedger(database)).findings).toEqual([]);
});

test('a note sent again is stale, and one over a paid invoice becomes credit of the next', async () => {
  const { customerId, invoiceId, lineId, gross } = await taxedInvoice(1000n);
  await isp.ask(`mutation ($input: RecordPaymentInput!) { recordPayment(input: $input) { __typename } }`, {
    input: {
      customerId,
      amount: { amount: `${gross}`, currency: 'USD' },
      method: 'cash',
      reference: 'paid before',
    },
  });
  const input = { invoiceId, lines: [{ lineId, net: '100' }], reason: 'goodwill' };
  const { fingerprint } = await issue({ ...input, mode: 'PLAN' });
  expect(await issue({ ...input, mode: 'APPLY', fingerprint })).toMatchObject({ __typename: 'CreditNote' });
  expect(await issue({ ...input, mode: 'APPLY', fingerprint })).toMatchObject({
    __typename: 'StalePlanError',
  });
  expect(await issue({ ...input, lines: [], mode: 'PLAN' })).toMatchObject({ field: 'input.lines' });
  const credits = async () =>
    isp.tenant.services.database
      .selectFrom('billing.creditItem')
      .select('openMinor')
      .where('customerId', '=', customerId)
      .execute();
  expect(await credits()).toEqual([{ openMinor: 115n }]);
  await isp.tenant.services.advanceClock(31 * 86_400_000);
  expect(await credits()).toEqual([{ openMinor: 0n }]);
  expect((await proveLedger(isp.tenant.services.database)).findings).toEqual([]);
});
