import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { describe, expect, it } from 'vitest';
import { brokenRules } from './rules-en16931.ts';
import { type EnInvoice, enInvoice } from './rules-model.ts';
import type { DocumentSnapshot } from './rules-snapshot.ts';
import { ublDocument } from './rules-ubl.ts';

const snapshot: DocumentSnapshot = {
  type: 'INVOICE',
  number: 'INV-000007',
  issuedOn: '2026-11-01',
  dueOn: '2026-11-15',
  seller: 'Nordnetz & Söhne <GmbH>',
  sellerDetails: {
    street: 'Hafenstr. 1',
    city: 'Kiel',
    postalCode: '24103',
    country: 'DE',
    vatId: 'DE123456789',
    iban: 'DE02120300000000202051',
  },
  customer: { id: 'cus', name: 'Ada', email: 'ada@example.org' },
  customerDetails: { street: null, city: 'Kiel', postalCode: null, country: 'DE', vatId: null },
  currency: 'EUR',
  lines: [
    line('Fibre 100', '2500', '475', [0]),
    line('Fibre 100: Welcome', '-500', '-95', [0]),
    line('Late fee, INV-000001', '300', '0', []),
  ],
  taxes: [{ component: 'DE/VAT', name: 'VAT', category: 'S', percent: '19', base: '2000', tax: '380' }],
  net: '2300',
  tax: '380',
  gross: '2680',
};

function line(description: string, net: string, tax: string, taxes: number[]) {
  return { description, from: '2026-11-01', to: '2026-12-01', days: 30, ofDays: 30, net, tax, taxes };
}
function model(of = snapshot, preceding?: { number: string; issuedOn: string }): EnInvoice {
  const result = enInvoice(of, preceding);
  if (!result.ok) throw new Error(result.message);
  return result.invoice;
}
const rules = (invoice: EnInvoice) => new Set(brokenRules(invoice).map(({ rule }) => rule));

describe('EN 16931', () => {
  const valid = model();
  const [first, ...others] = valid.lines;
  const [standard, exempt] = valid.breakdown;
  if (first === undefined || standard === undefined || exempt === undefined) throw new Error('no lines');
  const withLine = (change: Partial<typeof first>) => ({
    ...valid,
    lines: [{ ...first, ...change }, ...others],
  });
  const withGroup = (change: Partial<typeof standard>) => ({
    ...valid,
    breakdown: [{ ...standard, ...change }, exempt],
  });
  const withExempt = (change: Partial<typeof standard>) => ({
    ...valid,
    breakdown: [standard, { ...exempt, ...change }],
  });
  const seller = (change: Partial<typeof valid.seller>) => ({
    ...valid,
    seller: { ...valid.seller, ...change },
  });
  const buyer = (change: Partial<typeof valid.buyer>) => ({ ...valid, buyer: { ...valid.buyer, ...change } });
  const outside = model({
    ...snapshot,
    sellerDetails: { city: 'Kiel', country: 'DE', registration: 'HRB 1' },
    lines: [line('Fibre 100', '2500', '0', [])],
    taxes: [],
    net: '2500',
    tax: '0',
    gross: '2500',
  });
  const reverse = model({
    ...snapshot,
    customerDetails: { city: 'Wien', country: 'AT', vatId: 'ATU12345678' },
    lines: [line('Fibre 100', '2500', '0', [0])],
    taxes: [
      {
        component: 'DE/VAT',
        name: 'VAT',
        category: 'AE',
        percent: '0',
        base: '2500',
        tax: '0',
        reason: 'Reverse charge',
      },
    ],
    net: '2500',
    tax: '0',
    gross: '2500',
  });

  const allowed = model({
    ...snapshot,
    lines: [
      line('Fibre 100', '2500', '475', [0]),
      { ...line('Fibre 100: Loyalty', '-300', '-57', [0]), discount: true },
      { ...line('Fibre 50: Loyalty', '100', '19', [0]), discount: true },
    ],
    taxes: [{ component: 'DE/VAT', name: 'VAT', category: 'S', percent: '19', base: '2300', tax: '437' }],
    net: '2300',
    tax: '437',
    gross: '2737',
  });
  const allowance = (change: Partial<(typeof allowed.allowances)[number]>, of = allowed) => ({
    ...of,
    allowances: of.allowances.map((one) => ({ ...one, ...change })),
  });
  const charge = (change: Partial<(typeof allowed.charges)[number]>, of = allowed) => ({
    ...of,
    charges: of.charges.map((one) => ({ ...one, ...change })),
  });
  const zero = model({
    ...snapshot,
    lines: [line('Fibre 100', '2500', '0', [0])],
    taxes: [{ component: 'DE/VAT', name: 'VAT', category: 'Z', percent: '0', base: '2500', tax: '0' }],
    net: '2500',
    tax: '0',
    gross: '2500',
  });
  const one = { reason: 'Loyalty', amount: 100n } as const;
  const off = (of: EnInvoice, category: 'S' | 'Z' | 'E' | 'AE' | 'O', percent?: string): EnInvoice => ({
    ...of,
    allowances: [{ ...one, category, percent }],
    charges: [{ ...one, category, percent }],
  });

  it('says discounts as allowances, what is taken back of them as charges, and what was paid before', () => {
    const paid = { ...allowed, prepaid: 737n, payable: 2000n };
    expect(brokenRules(paid)).toEqual([]);
    expect(enInvoice(snapshot, undefined, 680n)).toMatchObject({
      invoice: { prepaid: 680n, payable: 2000n },
    });
    const found = parsed(ublDocument(paid));
    const totals = 'cac:LegalMonetaryTotal/cbc:';
    expect(['Allowance', 'Charge'].map((name) => found.get(`${totals}${name}TotalAmount`)?.[0])).toEqual([
      '3.00',
      '1.00',
    ]);
    expect(found.get(`${totals}PrepaidAmount`)).toEqual(['7.37']);
    expect(found.get('cac:AllowanceCharge/cbc:AllowanceChargeReason')?.[0]).toBe(
      'Fibre 100: Loyalty, 2026-11-01 to 2026-11-30',
    );
    expect(found.get('cac:AllowanceCharge/cbc:ChargeIndicator')).toEqual(['false', 'true']);
  });

  it('keeps a discount that stands alone as a line, and says how net amounts came of prices with VAT', () => {
    const [first, second] = snapshot.lines;
    if (first === undefined || second === undefined) throw new Error('no lines');
    const alone = model({ ...snapshot, lines: [{ ...second, discount: true }] });
    expect([alone.lines.length, alone.allowances.length]).toEqual([1, 0]);
    expect(model({ ...snapshot, lines: [{ ...first, taxIncluded: true }] }).note).toMatch(
      /^Prices include VAT/,
    );
    expect(model().note).toBeUndefined();
  });

  it('is kept by invoices, credit notes, reverse charges and what is outside of VAT', () => {
    for (const invoice of [valid, outside, reverse, allowed, zero]) expect(brokenRules(invoice)).toEqual([]);
    const negated = (text: string) => `${-BigInt(text)}`;
    const note = model(
      {
        ...snapshot,
        type: 'CREDIT_NOTE',
        lines: [line('Fibre 100', '-2500', '-475', [0])],
        taxes: [
          { component: 'DE/VAT', name: 'VAT', category: 'S', percent: '19', base: '-2500', tax: '-475' },
        ],
        net: negated('2500'),
        tax: negated('475'),
        gross: negated('2975'),
      },
      { number: 'INV-000006', issuedOn: '2026-10-01' },
    );
    expect(note).toMatchObject({ typeCode: '381', payable: 2975n });
    expect(brokenRules(note)).toEqual([]);
  });

  it.each<[string, EnInvoice]>([
    ['BR-01', { ...valid, specification: '' }],
    ['BR-02', { ...valid, number: '' }],
    ['BR-04', { ...valid, typeCode: '0' as '380' }],
    ['BR-03', { ...valid, issuedOn: '1 November' }],
    ['BR-05', { ...valid, currency: 'Euro' }],
    ['BR-06', seller({ name: ' ' })],
    ['BR-07', buyer({ name: '' })],
    ['BR-08', seller({ city: null })],
    ['BR-09', seller({ country: null })],
    ['BR-10', buyer({ city: null })],
    ['BR-11', buyer({ country: null })],
    ['BR-16', { ...valid, lines: [] }],
    ['BR-21', withLine({ id: '' })],
    ['BR-22', withLine({ quantity: 0n })],
    ['BR-24', withLine({ price: 2499n })],
    ['BR-25', withLine({ name: '' })],
    ['BR-27', withLine({ price: -2500n, quantity: -1n })],
    ['BR-30', withLine({ to: '2026-10-31' })],
    ['BR-31', allowance({ amount: 0n })],
    ['BR-32', allowance({ category: 'X' as 'S' })],
    ['BR-33', allowance({ reason: '' })],
    ['BR-36', charge({ amount: -1n })],
    ['BR-37', charge({ category: 'X' as 'S' })],
    ['BR-38', charge({ reason: '' })],
    ['BR-47', withGroup({ category: '' as 'S' })],
    ['BR-48', withGroup({ percent: undefined })],
    ['BR-CL-01', { ...valid, typeCode: '0' as '380' }],
    ['BR-CL-04', { ...valid, currency: 'XYZ' }],
    ['BR-CL-14', buyer({ country: 'Austria' })],
    ['BR-CL-17', withGroup({ category: 'X' as 'S' })],
    ['BR-CL-18', withLine({ category: 'X' as 'S' })],
    ['BR-CO-04', withLine({ category: '' as 'S' })],
    ['BR-CO-20', withLine({ from: '', to: '' })],
    ['BR-CO-21', allowance({ reason: ' ' })],
    ['BR-CO-22', charge({ reason: ' ' })],
    ['BR-50', seller({ iban: ' ' })],
    ['BR-61', seller({ iban: '' })],
    ['BR-55', { ...valid, preceding: { number: '', issuedOn: '2026-10-01' } }],
    ['BR-CO-09', seller({ vatId: '123456789' })],
    ['BR-CO-10', { ...valid, lineTotal: 2301n }],
    ['BR-CO-13', { ...valid, exclusive: 2299n }],
    ['BR-CO-14', { ...valid, tax: 379n }],
    ['BR-CO-15', { ...valid, inclusive: 2681n }],
    ['BR-CO-16', { ...valid, payable: 2681n }],
    ['BR-CO-17', withGroup({ tax: 383n })],
    ['BR-CO-18', { ...valid, breakdown: [] }],
    ['BR-CO-25', { ...valid, dueOn: undefined }],
    ['BR-CO-26', seller({ vatId: null })],
    ...['01', '05', '09', '10', '11', '12', '13', '14', '16', '17', '18', '19', '20', '23'].map(
      (number): [string, EnInvoice] => [`BR-DEC-${number}`, { ...valid, currency: 'KWD', digits: 3 }],
    ),
    ['BR-CO-13', allowance({ amount: 301n })],
    ['BR-CO-16', { ...allowed, prepaid: 1n }],
    ['BR-S-03', { ...allowed, seller: { ...allowed.seller, vatId: null } }],
    ['BR-S-04', { ...allowed, seller: { ...allowed.seller, vatId: null } }],
    ['BR-S-06', allowance({ percent: '0' })],
    ['BR-S-07', charge({ percent: undefined })],
    ['BR-S-08', charge({ amount: 101n })],
    ['BR-S-10', withGroup({ reason: 'because' })],
    ['BR-Z-01', { ...zero, breakdown: [] }],
    ['BR-Z-02', { ...zero, seller: { ...zero.seller, vatId: null } }],
    ['BR-Z-03', { ...off(zero, 'Z', '0'), seller: { ...zero.seller, vatId: null } }],
    ['BR-Z-04', { ...off(zero, 'Z', '0'), seller: { ...zero.seller, vatId: null } }],
    ['BR-Z-05', { ...zero, lines: zero.lines.map((own) => ({ ...own, percent: '7' })) }],
    ['BR-Z-06', off(zero, 'Z', '7')],
    ['BR-Z-07', off(zero, 'Z', '7')],
    ['BR-Z-08', { ...zero, breakdown: zero.breakdown.map((own) => ({ ...own, base: 1n })) }],
    ['BR-Z-09', { ...zero, breakdown: zero.breakdown.map((own) => ({ ...own, tax: 1n })) }],
    ['BR-Z-10', { ...zero, breakdown: zero.breakdown.map((own) => ({ ...own, reason: 'because' })) }],
    ['BR-E-03', { ...off(valid, 'E', '0'), seller: { ...valid.seller, vatId: null } }],
    ['BR-E-04', { ...off(valid, 'E', '0'), seller: { ...valid.seller, vatId: null } }],
    ['BR-E-06', off(valid, 'E', '7')],
    ['BR-E-07', off(valid, 'E', '7')],
    ['BR-AE-01', { ...reverse, breakdown: [] }],
    ['BR-AE-03', { ...off(reverse, 'AE', '0'), buyer: { ...reverse.buyer, vatId: null } }],
    ['BR-AE-04', { ...off(reverse, 'AE', '0'), buyer: { ...reverse.buyer, vatId: null } }],
    ['BR-AE-05', { ...reverse, lines: reverse.lines.map((own) => ({ ...own, percent: '7' })) }],
    ['BR-AE-06', off(reverse, 'AE', '7')],
    ['BR-AE-07', off(reverse, 'AE', '7')],
    ['BR-AE-08', { ...reverse, breakdown: reverse.breakdown.map((own) => ({ ...own, base: 1n })) }],
    ['BR-AE-09', { ...reverse, breakdown: reverse.breakdown.map((own) => ({ ...own, tax: 1n })) }],
    ['BR-O-01', { ...outside, breakdown: [] }],
    ['BR-O-03', { ...off(outside, 'O'), buyer: { ...outside.buyer, vatId: 'DE123456789' } }],
    ['BR-O-04', { ...off(outside, 'O'), buyer: { ...outside.buyer, vatId: 'DE123456789' } }],
    ['BR-O-06', off(outside, 'O', '0')],
    ['BR-O-07', off(outside, 'O', '0')],
    ['BR-O-08', { ...outside, breakdown: outside.breakdown.map((own) => ({ ...own, base: 1n })) }],
    ['BR-O-09', { ...outside, breakdown: outside.breakdown.map((own) => ({ ...own, tax: 1n })) }],
    ['BR-O-10', { ...outside, breakdown: outside.breakdown.map((own) => ({ ...own, reason: undefined })) }],
    ['BR-O-12', { ...outside, lines: [...outside.lines, first] }],
    ['BR-O-13', off(outside, 'S', '19')],
    ['BR-O-14', off(outside, 'S', '19')],
    ['BR-S-01', { ...valid, breakdown: [exempt] }],
    ['BR-S-02', seller({ vatId: null, registration: 'HRB 1' })],
    ['BR-S-05', withLine({ percent: '0' })],
    ['BR-S-08', withGroup({ base: 1999n })],
    ['BR-S-09', withGroup({ tax: 0n })],
    ['BR-E-01', { ...valid, breakdown: [standard] }],
    ['BR-E-02', seller({ vatId: null })],
    [
      'BR-E-05',
      { ...valid, lines: valid.lines.map((one) => (one.category === 'E' ? { ...one, percent: '7' } : one)) },
    ],
    ['BR-E-08', withExempt({ base: 1n })],
    ['BR-E-09', withExempt({ tax: 1n })],
    ['BR-E-10', withExempt({ reason: undefined })],
    ['BR-AE-02', { ...reverse, buyer: { ...reverse.buyer, vatId: null } }],
    ['BR-AE-10', { ...reverse, breakdown: reverse.breakdown.map((one) => ({ ...one, reason: undefined })) }],
    ['BR-O-02', { ...outside, seller: { ...outside.seller, vatId: 'DE123456789' } }],
    ['BR-O-05', { ...outside, lines: outside.lines.map((one) => ({ ...one, percent: '0' })) }],
    ['BR-O-11', { ...outside, breakdown: [...outside.breakdown, standard] }],
  ])('%s is missed when it is broken', (rule, invoice) => {
    expect(rules(invoice)).toContain(rule);
  });

  it('cannot say two taxes on a line, or a tax that is no percentage', () => {
    const taxes = [
      ...snapshot.taxes,
      { component: 'CA-QC/QST', name: 'QST', category: 'S', percent: '9.975', base: '1', tax: '0' },
    ];
    expect(enInvoice({ ...snapshot, taxes, lines: [line('x', '1', '0', [0, 1])] }, undefined)).toMatchObject({
      ok: false,
      message: 'EN 16931 knows one VAT per line; line 1 has VAT and QST',
    });
  });
});

/** Paths of the elements with their texts, by a parser that insists on well-formed XML with namespaces. */
function parsed(xml: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const path: string[] = [];
  const parser = new SaxesParser({ xmlns: true });
  parser.on('opentag', ({ name }) => path.push(name));
  parser.on('text', (content) => {
    const key = path.slice(1).join('/');
    found.set(key, [...(found.get(key) ?? []), content]);
  });
  parser.on('closetag', () => path.pop());
  parser.on('error', (error) => {
    throw error;
  });
  parser.write(xml).close();
  return found;
}

describe('UBL', () => {
  it('says the totals with the decimals of the currency, and quantities below zero instead of prices', () => {
    const found = parsed(ublDocument(model()));
    expect(found.get('cac:LegalMonetaryTotal/cbc:PayableAmount')).toEqual(['26.80']);
    expect(found.get('cac:InvoiceLine/cbc:InvoicedQuantity')).toEqual(['1', '-1', '1']);
    expect(found.get('cac:InvoiceLine/cac:Price/cbc:PriceAmount')).toEqual(['25.00', '5.00', '3.00']);
    expect(found.get('cac:InvoiceLine/cac:InvoicePeriod/cbc:EndDate')?.[0]).toBe('2026-11-30');
    expect(found.get('cac:PaymentMeans/cbc:PaymentID')?.[0]).toMatch(/^RF\d\dINV000007$/);
    expect(
      found.get('cac:AccountingSupplierParty/cac:Party/cac:PartyLegalEntity/cbc:RegistrationName'),
    ).toEqual(['Nordnetz & Söhne <GmbH>']);
  });

  it('is well-formed whatever a name is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }), (name) => {
        const found = parsed(ublDocument(model({ ...snapshot, lines: [line(name, '1', '0', [0])] })));
        expect(found.has('cbc:ID')).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
