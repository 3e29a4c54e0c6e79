import { testTenant } from '@dotmac/harness';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { proveLedger } from '../ledger/proof.ts';
import { type BillingHarness, startBilling } from '../testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling({ ...testTenant, currency: 'GBP', timeZone: 'Europe/London' });
  await set('setSeller', 'SetSellerInput', {
    name: 'Thames Fibre',
    street: '1 Main St',
    postalCode: 'E1',
    city: 'London',
    country: 'GB',
    vatId: 'GB123456789',
  });
});
afterAll(() => isp[Symbol.asyncDispose]());

const set = async (name: string, type: string, input: Record<string, unknown>) =>
  Object.values(
    await isp.ask<Record<string, Record<string, unknown>>>(
      `mutation ($input: ${type}!) { ${name}(input: $input) { __typename ... on ValidationError { field message } } }`,
      { input },
    ),
  )[0];
const account = (customerId: string, change: Record<string, unknown>) =>
  set('updateBillingAccount', 'UpdateBillingAccountInput', { customerId, ...change });

async function consumer(): Promise<string> {
  const customerId = await isp.createCustomer('Ada Lovelace');
  await account(customerId, { taxJurisdictions: ['GB'] });
  await set('setBillingAddress', 'SetBillingAddressInput', { customerId, city: 'London', country: 'GB' });
  return customerId;
}

interface Run {
  readonly runBilling: {
    readonly fingerprint: string;
    readonly documents: { readonly gross: { readonly amount: string } }[];
  };
}
/** One interactive invoice: previewed, then issued by its fingerprint. */
async function invoiceOne(customerId: string) {
  const issue = `mutation ($input: IssueInvoiceInput!) { issueInvoice(input: $input) { __typename
    ... on InvoicePreview { fingerprint documents { gross { amount } } } ... on Failure { message } } }`;
  const { issueInvoice } = await isp.ask<{ issueInvoice: Run['runBilling'] }>(issue, {
    input: { customerId, mode: 'PLAN' },
  });
  await isp.ask(issue, { input: { customerId, mode: 'APPLY', fingerprint: issueInvoice.fingerprint } });
  return issueInvoice.documents.map(({ gross }) => gross.amount);
}
const documents = (customerId: string) =>
  isp.tenant.services.database
    .selectFrom('billing.document')
    .select(['id', 'type', 'netMinor', 'taxMinor', 'grossMinor', 'snapshot'])
    .where('customerId', '=', customerId)
    .orderBy('issuedAt')
    .orderBy('id')
    .execute();

async function proven() {
  const { database } = isp.tenant.services;
  for (const line of await database.selectFrom('billing.documentLine').selectAll().execute())
    expect(checkExplanation(line.explanation as never, line.netMinor)).toEqual({ outcome: 'AGREES' });
  for (const one of await database.selectFrom('billing.documentTax').selectAll().execute())
    expect(checkExplanation(one.explanation as never, one.taxMinor)).toEqual({ outcome: 'AGREES' });
  expect((await proveLedger(database)).findings).toEqual([]);
}

test('a consumer pays the price that he was shown: preview, one invoice, the mass run, and what is given back', async () => {
  const planId = await isp.createPlan(2999n, { terms: { taxInclusive: true } });
  const [alone, together] = [await consumer(), await consumer()];
  const serviceId = await isp.activate(alone, planId);
  await isp.activate(together, planId);
  expect(await invoiceOne(alone)).toEqual(['2999']);
  await isp.ask('mutation { runBilling(input: {}) { __typename } }');
  for (const customerId of [alone, together])
    expect(await documents(customerId)).toMatchObject([
      { netMinor: 2499n, taxMinor: 500n, grossMinor: 2999n },
    ]);

  // Ten days later it ends: the credit is the share of the price that was paid, not of what the tax left of it.
  await isp.tenant.services.advanceClock(10 * 86_400_000);
  await isp.append({
    type: 'service.cancelled',
    subject: serviceId,
    payload: { serviceId, customerId: alone, on: isp.today() },
    occurredAt: isp.tenant.services.clock.now(),
    actor: 'test',
  });
  await isp.settled();
  await isp.ask('mutation { runBilling(input: {}) { __typename } }');
  const [, note] = await documents(alone);
  const { fromDay, toDay, days, ofDays } = await isp.tenant.services.database
    .selectFrom('billing.documentLine')
    .selectAll()
    .where('documentId', '=', note?.id ?? '')
    .executeTakeFirstOrThrow();
  expect([fromDay < toDay, ofDays - days]).toEqual([true, 10]);
  const kept = Math.round((2999 * 10) / ofDays);
  expect(note).toMatchObject({ type: 'CREDIT_NOTE', grossMinor: BigInt(kept - 2999) });
  await proven();
});

test('a credit note by the gross amount gives back exactly that, and its tax', async () => {
  const customerId = await consumer();
  await isp.activate(customerId, await isp.createPlan(999n, { terms: { taxInclusive: true } }));
  await invoiceOne(customerId);
  const [invoice] = await documents(customerId);
  // 9.99 has no net that 20 % makes whole: the VAT is its fraction, and both sum to what was promised.
  expect(invoice).toMatchObject({ netMinor: 832n, taxMinor: 167n, grossMinor: 999n });
  const credit = async (lines: Record<string, unknown>[], mode: string, fingerprint?: string) => {
    const { issueCreditNote } = await isp.ask<{ issueCreditNote: Record<string, string> }>(
      `mutation ($input: IssueCreditNoteInput!) { issueCreditNote(input: $input) { __typename
        ... on CreditNotePreview { fingerprint document { gross { amount } } } ... on ValidationError { field } } }`,
      { input: { invoiceId: invoice?.id, lines, reason: 'goodwill', mode, fingerprint } },
    );
    return issueCreditNote;
  };
  const lineId = `${invoice?.id}.1`;
  expect(await credit([{ lineId, gross: '1000' }], 'PLAN')).toMatchObject({ field: 'input.lines[0].gross' });
  expect(await credit([{ lineId }], 'PLAN')).toMatchObject({ field: 'input.lines[0]' });
  for (const gross of ['500', '499']) {
    const plan = await credit([{ lineId, gross }], 'PLAN');
    expect(plan).toMatchObject({ document: { gross: { amount: `-${gross}` } } });
    await credit([{ lineId, gross }], 'APPLY', plan.fingerprint);
  }
  const all = await documents(customerId);
  expect(all.reduce((sum, one) => sum + one.taxMinor, 0n)).toBe(0n);
  expect(all.reduce((sum, one) => sum + one.grossMinor, 0n)).toBe(0n);
  await proven();
});

test('all prices of a customer may include their tax, fees too; settled once there is a service', async () => {
  const customerId = await consumer();
  expect(await account(customerId, { pricesIncludeTax: true })).toMatchObject({
    __typename: 'BillingAccount',
  });
  await set('chargeFee', 'ChargeFeeInput', {
    customerId,
    description: 'Set-up',
    amount: { amount: '4900', currency: 'GBP' },
    reference: 'set-up',
  });
  await isp.activate(customerId, await isp.createPlan(2999n));
  expect(await invoiceOne(customerId)).toEqual(['7899']);
  expect(await account(customerId, { pricesIncludeTax: null })).toMatchObject({
    field: 'input.pricesIncludeTax',
  });
  const [invoice] = await documents(customerId);
  const { invoice: rendered } = await isp.ask<{ invoice: { document: { base64: string } } }>(
    'query ($id: ID!) { invoice(id: $id) { document(format: UBL) { base64 } } }',
    { id: invoice?.id ?? '' },
  );
  const xml = Buffer.from(rendered.document.base64, 'base64').toString();
  expect(xml).toContain('<cbc:Note>Prices include VAT.');
  expect(xml).toContain('<cbc:PayableAmount currencyID="GBP">78.99</cbc:PayableAmount>');
  await proven();
});

test('another rate leaves the promised price, and the recurring revenue is without the tax', async () => {
  const revenue =
    'query ($to: LocalDate!) { recurringRevenue(from: "2000-01-01", to: $to) { closing { amount } } }';
  const to = new Date(Date.parse(isp.today()) + 86_400_000).toISOString().slice(0, 10);
  const closing = async () =>
    BigInt(
      (await isp.ask<{ recurringRevenue: { closing: { amount: string } }[] }>(revenue, { to }))
        .recurringRevenue[0]?.closing.amount ?? '0',
    );
  const before = await closing();
  const customerId = await consumer();
  await isp.activate(customerId, await isp.createPlan(2400n, { terms: { taxInclusive: true } }));
  expect((await closing()) - before).toBe(2000n);
  await invoiceOne(customerId);
  const { taxChangePreview } = await isp.ask<{
    taxChangePreview: { customer: { id: string }; tax: { amount: string }; taxThen: { amount: string } }[];
  }>(
    `query ($to: LocalDate!) { taxChangePreview(component: "GB/VAT", percent: "25", issuedFrom: "2000-01-01", issuedTo: $to) {
      customer { id } tax { amount } taxThen { amount } } }`,
    { to },
  );
  expect(taxChangePreview.find(({ customer }) => customer.id === customerId)).toMatchObject({
    tax: { amount: '400' },
    taxThen: { amount: '480' },
  });
});
