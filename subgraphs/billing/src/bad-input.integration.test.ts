import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BillingHarness, plusDays, startBilling } from './testing.ts';

let isp: BillingHarness;
let known: Awaited<ReturnType<typeof someBooks>>;
beforeAll(async () => {
  isp = await startBilling();
  known = await someBooks();
});
afterAll(() => isp[Symbol.asyncDispose]());

const usd = (amount: string) => ({ amount, currency: 'USD' });
const shaping = { downstream: { speedBitsPerSecond: '1' }, upstream: { speedBitsPerSecond: '1' } };

/** A customer with an invoice that is open, a plan with a version to come, a spent and a foreign voucher. */
async function someBooks() {
  const customerId = await isp.createCustomer();
  const planId = await isp.createPlan(3000n);
  const serviceId = await isp.activate(customerId, planId);
  await isp.ask('mutation { runBilling(input: {}) { __typename } }');
  const { id: invoiceId } = await isp.tenant.services.database
    .selectFrom('billing.document')
    .select('id')
    .executeTakeFirstOrThrow();
  const later = plusDays(isp.today(), 30);
  const vouchers = async (currency: string) => {
    const { createVouchers } = await isp.ask<{ createVouchers: { codes: string[] } }>(
      'mutation ($input: CreateVouchersInput!) { createVouchers(input: $input) { ... on VouchersCreated { codes } } }',
      { input: { name: 'Kiosk', amount: { amount: '500', currency }, count: 1, method: 'cash' } },
    );
    return createVouchers.codes[0] ?? '';
  };
  const [spent, foreign] = [await vouchers('USD'), await vouchers('EUR')];
  const other = await isp.createCustomer('Bob');
  await ask('redeemVoucher', 'RedeemVoucherInput', { customerId: other, code: spent });
  await ask('publishPlanVersion', 'PublishPlanVersionInput', {
    planId,
    terms: { price: usd('4000'), shaping, effectiveFrom: later },
  });
  return { customerId, serviceId, planId, invoiceId, later, spent, foreign };
}

interface Failure {
  readonly __typename: string;
  readonly field?: string;
  readonly reason?: string;
  readonly message?: string;
}
/** Mutations that may be refused by what stands in the books, not only by what is in their input. */
const mayConflict = new Set(['publishPlanVersion', 'redeemVoucher']);
async function ask(name: string, type: string, input: Record<string, unknown>): Promise<Failure> {
  const data = await isp.ask<Record<string, Failure>>(
    `mutation ($input: ${type}!) { ${name}(input: $input) { __typename ... on ValidationError { field }
      ${mayConflict.has(name) ? '... on ConflictError { reason }' : ''} ... on Failure { message } } }`,
    { input },
  );
  return data[name] as Failure;
}

/** SHA-256 over every row of every table of billing, and every event. */
async function books(): Promise<string> {
  const { database } = isp.tenant.services;
  const { rows: tables } = await sql<{ name: string }>`
    select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname = 'billing' order by 1`.execute(database);
  const hash = createHash('sha256');
  for (const { name } of [...tables, { name: 'events.event' }]) {
    // The place of an event in the log is given after it was written.
    const row = name === 'events.event' ? 'id::text' : 't::text';
    const { rows } = await sql<{ all: string | null }>`
      select string_agg(${sql.raw(row)}, e'\n' order by ${sql.raw(row)}) as all from ${sql.raw(name)} t`.execute(
      database,
    );
    hash.update(`${name}\n${rows[0]?.all ?? ''}\n`);
  }
  return hash.digest('hex');
}

type Bad = readonly [
  what: string,
  mutation: string,
  type: string,
  input: (one: typeof known) => Record<string, unknown>,
  expected: Omit<Failure, '__typename' | 'message'> & { readonly message: RegExp },
];

const payment = (more: object) => ({
  customerId: known.customerId,
  amount: usd('100'),
  method: 'cash',
  reference: 'bad',
  ...more,
});
const fee = (more: object) => ({
  customerId: known.customerId,
  description: 'Visit',
  amount: usd('100'),
  reference: 'bad',
  ...more,
});
const voucherBatch = (more: object) => ({ name: 'x', amount: usd('100'), count: 1, method: 'cash', ...more });
const version = (more: object) => ({ planId: known.planId, terms: { price: usd('1'), shaping, ...more } });
const statement = (format: 'CSV' | 'CAMT_053', content: string) => ({ format, content, account: 'main' });
const camt = (entry: string) =>
  `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Acct><Id><IBAN>DE02</IBAN></Id></Acct>
${entry}</Stmt></BkToCstmrStmt></Document>`;
const entry = (amount: string, day: string, currency = 'USD') =>
  `<Ntry><Amt Ccy="${currency}">${amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>${day}</Dt></BookgDt></Ntry>`;
const good = '2026-11-02,1.00,USD,x,b1,';
const csv = (...rows: string[]) => ['date,amount,currency,name,reference,text', good, ...rows].join('\n');

const [pay, load] = [
  ['recordPayment', 'RecordPaymentInput'],
  ['importBankStatement', 'ImportBankStatementInput'],
] as const;
const [charge, vouchers, redeem, publish] = [
  ['chargeFee', 'ChargeFeeInput'],
  ['createVouchers', 'CreateVouchersInput'],
  ['redeemVoucher', 'RedeemVoucherInput'],
  ['publishPlanVersion', 'PublishPlanVersionInput'],
] as const;
const account = ['updateBillingAccount', 'UpdateBillingAccountInput'] as const;

const content = 'input.content';
const cases: Bad[] = [
  [
    'a payment in another currency',
    ...pay,
    () => payment({ amount: { amount: '1', currency: 'EUR' } }),
    { field: 'input.amount.currency', message: /account is in USD/ },
  ],
  [
    'a payment in no currency',
    ...pay,
    () => payment({ amount: { amount: '1', currency: 'XXY' } }),
    { field: 'input.amount.currency', message: /ISO 4217/ },
  ],
  [
    'a payment below zero',
    ...pay,
    () => payment({ amount: usd('-100') }),
    { field: 'input.amount.amount', message: /0/ },
  ],
  [
    'a payment of nothing',
    ...pay,
    () => payment({ amount: usd('0') }),
    { field: 'input.amount.amount', message: /0/ },
  ],
  [
    'a fee in another currency',
    ...charge,
    () => fee({ amount: { amount: '1', currency: 'EUR' } }),
    { field: 'input.amount.currency', message: /account is in USD/ },
  ],
  [
    'a fee below zero',
    ...charge,
    () => fee({ amount: usd('-1') }),
    { field: 'input.amount.amount', message: /0/ },
  ],
  [
    'a fee of an unknown class',
    ...charge,
    () => fee({ productClass: 'tea' }),
    { field: 'input.productClass', message: /one of internetAccess/ },
  ],
  [
    'an unknown jurisdiction',
    ...account,
    ({ customerId }) => ({ customerId, taxJurisdictions: ['XX'] }),
    { field: 'input.taxJurisdictions[0]', message: /XX/ },
  ],
  [
    'an unknown part of a jurisdiction',
    ...account,
    ({ customerId }) => ({ customerId, taxJurisdictions: ['CA', 'CA-ZZ'] }),
    { field: 'input.taxJurisdictions[1]', message: /CA-ZZ/ },
  ],
  [
    'a version that overlaps',
    ...publish,
    ({ later }) => version({ effectiveFrom: later }),
    { reason: 'OVERLAPPING_VERSION', message: /begins later/ },
  ],
  [
    'a version before one to come',
    ...publish,
    ({ later }) => version({ effectiveFrom: plusDays(later, -1) }),
    { reason: 'OVERLAPPING_VERSION', message: /begins later/ },
  ],
  [
    'a version in the past',
    ...publish,
    () => version({ effectiveFrom: plusDays(isp.today(), -1) }),
    { field: 'input.terms.effectiveFrom', message: /before today/ },
  ],
  [
    'a price below zero',
    ...publish,
    () => version({ price: usd('-1') }),
    { field: 'input.terms.price.amount', message: /below 0/ },
  ],
  [
    'an interval below zero',
    ...publish,
    () => version({ intervalCount: -1 }),
    { field: 'input.terms.intervalCount', message: /-1/ },
  ],
  [
    'less than no vouchers',
    ...vouchers,
    () => voucherBatch({ count: -1 }),
    { field: 'input.count', message: /1 to 10000/ },
  ],
  [
    'vouchers worth nothing',
    ...vouchers,
    () => voucherBatch({ amount: usd('0') }),
    { field: 'input.amount.amount', message: /more than 0/ },
  ],
  [
    'vouchers for less than no time',
    ...vouchers,
    () => voucherBatch({ seconds: '-1' }),
    { field: 'input.seconds', message: /1 to/ },
  ],
  [
    'vouchers for a plan that is not there',
    ...vouchers,
    () => voucherBatch({ planId: 'none' }),
    { field: 'input.planId', message: /ACCESS/ },
  ],
  [
    'vouchers of yesterday',
    ...vouchers,
    () => voucherBatch({ expiresOn: plusDays(isp.today(), -1) }),
    { field: 'input.expiresOn', message: /after today/ },
  ],
  [
    'a code that is none',
    ...redeem,
    ({ customerId }) => ({ customerId, code: 'short' }),
    { field: 'input.code', message: /16 letters/ },
  ],
  [
    'a code that nobody was given',
    ...redeem,
    ({ customerId }) => ({ customerId, code: '0000-0000-0000-0000' }),
    { reason: 'UNKNOWN_VOUCHER', message: /voucher/ },
  ],
  [
    'a voucher that is spent',
    ...redeem,
    ({ customerId, spent }) => ({ customerId, code: spent }),
    { reason: 'ALREADY_REDEEMED', message: /redeemed/ },
  ],
  [
    'a voucher of another currency',
    ...redeem,
    ({ customerId, foreign }) => ({ customerId, code: foreign }),
    { reason: 'CURRENCY_MISMATCH', message: /redeemed/ },
  ],
  [
    'an amount that is none in a CSV',
    ...load,
    () => statement('CSV', csv('2026-11-02,one,USD,x,,')),
    { field: content, message: /Line 3: "one"/ },
  ],
  [
    'a day that is none in a CSV',
    ...load,
    () => statement('CSV', csv('2026-02-30,1.00,USD,x,,')),
    { field: content, message: /Line 3:.*2026-02-30/ },
  ],
  [
    'a currency that is none in a CSV',
    ...load,
    () => statement('CSV', csv('2026-11-02,1.00,XXY,x,,')),
    { field: content, message: /Line 3:.*XXY/ },
  ],
  [
    'a quote without end in a CSV',
    ...load,
    () => statement('CSV', csv('2026-11-02,1.00,USD,"x,,')),
    { field: content, message: /Line 3/ },
  ],
  [
    'a CSV without its columns',
    ...load,
    () => statement('CSV', 'a,b\n1,2'),
    { field: content, message: /Line 1/ },
  ],
  [
    'camt.053 that breaks off',
    ...load,
    () => statement('CAMT_053', camt(entry('1.00', '2026-11-02')).slice(0, -20)),
    { field: content, message: /Line \d/ },
  ],
  [
    'an amount that is none in camt.053',
    ...load,
    () => statement('CAMT_053', camt(`${entry('1.00', '2026-11-02')}${entry('1,00', '2026-11-02')}`)),
    { field: content, message: /Line 2:.*"1,00"/ },
  ],
  [
    'a day that is none in camt.053',
    ...load,
    () => statement('CAMT_053', camt(entry('1.00', '2026-02-30'))),
    { field: content, message: /Line 2:.*booking date/ },
  ],
  [
    'a currency that is none in camt.053',
    ...load,
    () => statement('CAMT_053', camt(entry('1.00', '2026-11-02', 'XXY'))),
    { field: content, message: /Line 2:.*ISO 4217/ },
  ],
];

test.each(cases)(
  '%s is refused by field and reason, and nothing is written',
  async (_what, mutation, type, input, expected) => {
    const before = await books();
    const { message, ...named } = expected;
    const answer = await ask(mutation, type, input(known));
    expect(answer).toMatchObject({
      __typename: named.field === undefined ? 'ConflictError' : 'ValidationError',
      ...named,
      message: expect.stringMatching(message),
    });
    expect(await books()).toBe(before);
  },
);
