import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BillingHarness, plusDays, startBilling } from '../testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp?.[Symbol.asyncDispose]());

const mutate = async (name: string, type: string, input: Record<string, unknown>) =>
  (
    await isp.ask<Record<string, Record<string, unknown>>>(
      `mutation ($input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { __typename
        ... on ${type} { __typename } ... on ValidationError { field } ... on Failure { code message } } }`,
      { input },
    )
  )[name];

async function taxed(jurisdictions: string[]): Promise<string> {
  const customer = await isp.createCustomer();
  await mutate('updateBillingAccount', 'BillingAccount', {
    customerId: customer,
    taxJurisdictions: jurisdictions,
  });
  return customer;
}
async function billed(
  customer: string,
): Promise<{ net: bigint; tax: bigint; category: string; reason: string | null }[]> {
  await isp.ask('mutation { runBilling(input: {}) { __typename } }');
  const { database } = isp.tenant.services;
  const rows = await database
    .selectFrom('billing.documentTax as tax')
    .innerJoin('billing.document as document', 'document.id', 'tax.documentId')
    .select(['tax.baseMinor', 'tax.taxMinor', 'tax.category', 'tax.explanation'])
    .where('document.customerId', '=', customer)
    .orderBy('document.sequence')
    .execute();
  return rows.map(({ baseMinor, taxMinor, category, explanation }) => ({
    net: baseMinor,
    tax: taxMinor,
    category,
    reason: (explanation as unknown as { facts: { reason?: string } }).facts.reason ?? null,
  }));
}

test('a certificate frees while it holds and not after; a reverse charge says why there is no tax', async () => {
  const plan = await isp.createPlan(10_000n, { terms: { intervalUnit: 'WEEK' } });
  const [exempt, business] = [await taxed(['CA']), await taxed(['DE'])];
  const from = isp.today();
  const until = plusDays(from, 7);
  const input = {
    customerId: exempt,
    kind: 'CERTIFICATE',
    evidence: 'CERT-1',
    jurisdiction: 'CA',
    from,
    until,
  };
  expect(await mutate('recordTaxExemption', 'TaxExemption', { ...input, until: from })).toMatchObject({
    field: 'input.until',
  });
  expect(await mutate('recordTaxExemption', 'TaxExemption', { ...input, jurisdiction: 'XX' })).toMatchObject({
    field: 'input.jurisdiction',
  });
  expect(await mutate('recordTaxExemption', 'TaxExemption', input)).toMatchObject({
    __typename: 'TaxExemption',
  });
  expect(await mutate('recordTaxExemption', 'TaxExemption', input)).toMatchObject({
    __typename: 'ConflictError',
  });
  const shifted = {
    ...input,
    customerId: business,
    kind: 'REVERSE_CHARGE',
    evidence: 'DE123456789',
    jurisdiction: 'DE',
  };
  await mutate('recordTaxExemption', 'TaxExemption', shifted);
  for (const customer of [exempt, business]) await isp.activate(customer, plan);
  expect(await billed(exempt)).toEqual([
    { net: 10_000n, tax: 0n, category: 'E', reason: 'certificate CERT-1' },
  ]);
  expect(await billed(business)).toEqual([
    { net: 10_000n, tax: 0n, category: 'AE', reason: 'Reverse charge, VAT id DE123456789' },
  ]);
  await isp.tenant.services.advanceClock(7 * 86_400_000);
  // The certificate has expired.
  expect((await billed(exempt))[1]).toMatchObject({ tax: 500n, category: 'S' });
  expect(await isp.ask('{ ledgerProof { holds } }')).toEqual({ ledgerProof: { holds: true } });
});

test('a recorded rate takes over on its day, fees of a rate service stand beside it, and a change is previewed', async () => {
  const day = isp.today();
  const rate = {
    jurisdiction: 'US-TX',
    name: 'Sales tax',
    productClass: 'voice',
    percent: '6.25',
    from: '2024-01-01',
    source: 'table',
  };
  expect(await mutate('recordTaxRate', 'TaxRate', { ...rate, percent: 'x' })).toMatchObject({
    field: 'input.percent',
  });
  expect(await mutate('recordTaxRate', 'TaxRate', { ...rate, perUnitMinor: '1' })).toMatchObject({
    field: 'input.percent',
  });
  expect(await mutate('recordTaxRate', 'TaxRate', rate)).toMatchObject({ __typename: 'TaxRate' });
  expect(await mutate('recordTaxRate', 'TaxRate', rate)).toMatchObject({ __typename: 'ConflictError' });
  const { percent: _, ...fee } = rate;
  await mutate('recordTaxRate', 'TaxRate', { ...fee, name: '911 fee', perUnitMinor: '50' });
  const customer = await taxed(['US-TX']);
  const voice = await isp.createPlan(2_000n, {
    name: 'Voice',
    terms: { productClass: 'voice', intervalUnit: 'WEEK' },
  });
  // Internet access is exempt by the Internet Tax Freedom Act: there is no rate for it.
  const internet = await isp.createPlan(5_000n, { terms: { intervalUnit: 'WEEK' } });
  await isp.activate(customer, voice);
  await isp.activate(customer, internet);
  const first = await billed(customer);
  expect(first.map(({ net, tax }) => [net, tax]).toSorted()).toEqual([
    [2_000n, 125n],
    [2_000n, 50n],
  ]);
  const preview = await isp.ask<{ taxChangePreview: unknown }>(
    `query ($from: LocalDate!, $to: LocalDate!) { taxChangePreview(component: "US-TX/Sales tax", percent: "7", issuedFrom: $from,
      issuedTo: $to) { customer { id } documents base { amount } tax { amount } taxThen { amount } } }`,
    { from: day, to: plusDays(day, 1) },
  );
  expect(preview.taxChangePreview).toEqual([
    {
      customer: { id: customer },
      documents: 1,
      base: { amount: '2000' },
      tax: { amount: '125' },
      taxThen: { amount: '140' },
    },
  ]);
  await mutate('recordTaxRate', 'TaxRate', { ...rate, percent: '7', from: plusDays(day, 7) });
  await isp.tenant.services.advanceClock(7 * 86_400_000);
  expect((await billed(customer)).map(({ tax }) => tax)).toContain(140n);
});
