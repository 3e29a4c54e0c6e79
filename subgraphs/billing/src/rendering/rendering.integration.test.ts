import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { proveLedger } from '../ledger/proof.ts';
import { type BillingHarness, startBilling } from '../testing.ts';

let isp: BillingHarness;
let invoiceId: string;
let customerId: string;
beforeAll(async () => {
  isp = await startBilling();
  const set = async (name: string, type: string, input: Record<string, unknown>) =>
    isp.ask<Record<string, { field?: string }>>(
      `mutation ($input: ${type}!) { ${name}(input: $input) { __typename ... on ValidationError { field } } }`,
      { input },
    );
  const seller = {
    name: 'Prairie Net',
    street: '1 Main St',
    city: 'London',
    postalCode: 'E1',
    country: 'GB',
  };
  const refused = await set('setSeller', 'SetSellerInput', seller);
  expect(Object.values(refused)[0]?.field).toBe('input.vatId');
  await set('setSeller', 'SetSellerInput', {
    ...seller,
    vatId: 'GB123456789',
    iban: 'GB33BUKB20201555555555',
  });
  customerId = await isp.createCustomer('Ada Lovelace');
  await set('setBillingAddress', 'SetBillingAddressInput', { customerId, city: 'London', country: 'GB' });
  await set('updateBillingAccount', 'UpdateBillingAccountInput', { customerId, taxJurisdictions: ['GB'] });
  await isp.activate(customerId, await isp.createPlan(3000n));
  await isp.ask('mutation { runBilling(input: {}) { __typename } }');
  const row = await isp.tenant.services.database
    .selectFrom('billing.document')
    .select('id')
    .where('customerId', '=', customerId)
    .executeTakeFirstOrThrow();
  invoiceId = row.id;
});
afterAll(() => isp[Symbol.asyncDispose]());

async function render(format: 'PDF' | 'UBL', id = invoiceId): Promise<Buffer> {
  const { invoice } = await isp.ask<{ invoice: { document: { base64: string } } }>(
    'query ($id: ID!, $format: DocumentFormat!) { invoice(id: $id) { document(format: $format) { mediaType fileName base64 } } }',
    { id, format },
  );
  return Buffer.from(invoice.document.base64, 'base64');
}

test('an invoice as UBL says who, what and how much', async () => {
  const xml = (await render('UBL')).toString();
  for (const text of [
    'Prairie Net',
    'GB123456789',
    'Ada Lovelace',
    '>30.00<',
    '>6.00<',
    '>36.00<',
    'urn:cen.eu:en16931:2017',
  ])
    expect(xml).toContain(text);
  expect((await proveLedger(isp.tenant.services.database)).findings).toEqual([]);
});

test('what the standard cannot say is refused by the name of its rule', async () => {
  const other = await isp.createCustomer('Nobody');
  await isp.activate(other, await isp.createPlan(1000n));
  await isp.ask('mutation { runBilling(input: {}) { __typename } }');
  const { id } = await isp.tenant.services.database
    .selectFrom('billing.document')
    .select('id')
    .where('customerId', '=', other)
    .executeTakeFirstOrThrow();
  const { errors } = await isp.tenant.ask(
    'billing',
    'query ($id: ID!) { invoice(id: $id) { document(format: UBL) { base64 } } }',
    { id },
  );
  expect(errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT', reason: 'NOT_EN16931' });
  expect(errors?.[0]?.message).toContain('BR-11');
});

const installed = spawnSync('pdftotext', ['-v']).error === undefined;
describe.skipIf(!installed)('as PDF', () => {
  test('a viewer reads what the document says, and it is the same every time', async () => {
    const pdf = await render('PDF');
    expect(await render('PDF')).toEqual(pdf);
    const { stdout, status } = spawnSync('pdftotext', ['-layout', '-', '-'], { input: pdf });
    expect(status).toBe(0);
    const text = stdout.toString();
    for (const part of [
      'Prairie Net',
      'Ada Lovelace',
      'INV-',
      'Fibre 100',
      '30.00 USD',
      '36.00 USD',
      'page 1 of 1',
    ])
      expect(text).toContain(part);
    expect(text).toMatch(/reference RF\d\dINV\d{6}/);
  });
});
