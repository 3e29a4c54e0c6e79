import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { principalWith } from '@dotmac/harness';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { proveLedger } from '../ledger/proof.ts';
import { type BillingHarness, startBilling } from '../testing.ts';
import { httpTaxService } from './service-http.ts';

const rates = [
  {
    name: 'Internet access',
    productClass: 'internetAccess',
    percent: '0',
    category: 'E',
    from: '2026-01-01',
  },
  { name: 'FUSF', productClass: 'voice', percent: '20', from: '2026-01-01' },
  { name: 'E911', productClass: 'voice', perLineMinor: '75', from: '2026-01-01' },
  { name: 'State sales tax', productClass: 'voice', percent: '5', onTopOf: ['FUSF'], from: '2026-01-01' },
];

type Handler = (request: IncomingMessage, response: ServerResponse, asked: string[]) => void;
let isp: BillingHarness;
let handle: Handler;
let asked: string[][] = [];
const answering: Handler = (_request, response, places) =>
  void response.end(
    JSON.stringify({
      source: 'Test rates',
      places: Object.fromEntries(places.map((place) => [place, rates])),
    }),
  );
const server = createServer(async (request, response) => {
  let body = '';
  for await (const part of request) body += part;
  const { jurisdictions } = JSON.parse(body === '' ? '{"jurisdictions":[]}' : body) as {
    jurisdictions: string[];
  };
  asked.push(jurisdictions);
  handle(request, response, jurisdictions);
});
const url = () => {
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/rates`;
};
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  isp = await startBilling();
});
afterAll(async () => {
  await isp[Symbol.asyncDispose]();
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
  handle = answering;
});

const setService = (input: Record<string, unknown>) =>
  isp.ask<{ setTaxRateService: { __typename: string; message?: string } | null }>(
    `mutation ($input: SetTaxRateServiceInput!) { setTaxRateService(input: $input) { __typename ... on Failure { message } } }`,
    { input },
  );

async function customerIn(place: string, productClass: string): Promise<string> {
  const customerId = await isp.createCustomer();
  expect(
    await isp.ask(
      `mutation ($input: UpdateBillingAccountInput!) { updateBillingAccount(input: $input) { __typename } }`,
      { input: { customerId, taxJurisdictions: [place] } },
    ),
  ).toEqual({ updateBillingAccount: { __typename: 'BillingAccount' } });
  await isp.activate(customerId, await isp.createPlan(3000n, { terms: { productClass } }));
  return customerId;
}

const run = () =>
  isp.ask<{ runBilling: { documents: number; problems: { message: string }[] } }>(
    'mutation { runBilling(input: {}) { ... on BillingRun { documents problems { message } } } }',
  );
const taxesOf = async (customerId: string) =>
  (
    await isp.tenant.services.database
      .selectFrom('billing.documentTax as tax')
      .innerJoin('billing.document as document', 'document.id', 'tax.documentId')
      .select(['tax.name', 'tax.taxMinor', 'tax.category'])
      .where('document.customerId', '=', customerId)
      .orderBy('tax.name')
      .execute()
  ).map(({ name, taxMinor, category }) => [name, Number(taxMinor), category]);

test('an invoice waits while there are no rates, and has the fees of its place when there are', async () => {
  await setService({});
  const phone = await customerIn('US-TX-75201', 'voice');
  const internet = await customerIn('US-TX-75202', 'internetAccess');
  // Nobody to ask: held, not guessed.
  expect((await run()).runBilling).toMatchObject({
    documents: 0,
    problems: [
      { message: expect.stringContaining('US-TX-7520') },
      { message: expect.stringContaining('US-TX-7520') },
    ],
  });
  await setService({ url: url(), token: 'secret-token', maximumAgeHours: 48 });
  let authorization: string | undefined;
  handle = (request, response, places) => {
    authorization = request.headers.authorization;
    answering(request, response, places);
  };
  await isp.tenant.services.advanceClock(86_400_000);
  expect(authorization).toBe('Bearer secret-token');
  expect(asked.flat()).toEqual(expect.arrayContaining(['US-TX-75201', 'US-TX-75202']));
  const times = asked.length;
  // 30.00: 20 % FUSF, 0.75 a line, 5 % of 36.00.
  expect(await taxesOf(phone)).toEqual([
    ['E911', 75, 'S'],
    ['FUSF', 600, 'S'],
    ['State sales tax', 180, 'S'],
  ]);
  expect(await taxesOf(internet)).toEqual([['Internet access', 0, 'E']]);
  // The token is sealed, and what was answered is kept: the same places are not asked for again.
  const { rows } = await sql<{
    text: string;
  }>`select row_to_json(s)::text as text from billing.tax_service s`.execute(isp.tenant.services.database);
  expect(rows[0]?.text).not.toContain('secret-token');
  await isp.activate(phone, await isp.createPlan(1000n, { terms: { productClass: 'voice' } }));
  expect((await run()).runBilling).toMatchObject({ documents: 1, problems: [] });
  expect(asked).toHaveLength(times);
  expect((await proveLedger(isp.tenant.services.database)).findings).toEqual([]);
});

test.each<[string, Handler]>([
  ['an error', (_request, response) => void response.writeHead(503).end()],
  ['something else than JSON', (_request, response) => void response.end('<html>')],
  [
    'a rate below zero',
    (_request, response, [place = '']) =>
      void response.end(
        JSON.stringify({ source: 's', places: { [place]: [{ ...rates[1], percent: '-20' }] } }),
      ),
  ],
  ['nothing about the place', (_request, response) => void response.end('{"source":"s","places":{}}')],
  ['a broken connection', (request) => void request.socket.destroy()],
])(
  'when the service answers with %s, the old rates hold until they expire and then the invoice is held',
  async (what, broken) => {
    const place = `US-NY-${what.replaceAll(/\W/g, '').slice(0, 10).toUpperCase()}`;
    await setService({ url: url() });
    const customerId = await customerIn(place, 'voice');
    expect((await run()).runBilling.documents).toBe(1);
    handle = broken;
    const { database } = isp.tenant.services;
    await isp.activate(customerId, await isp.createPlan(2000n, { terms: { productClass: 'voice' } }));
    // In the second half of its life an answer is asked for again, and serves on meanwhile.
    await sql`update billing.tax_quote set fetched_at = now() - interval '600 hours', expires_at = now() + interval '120 hours'`.execute(
      database,
    );
    const before = asked.length;
    expect((await run()).runBilling).toMatchObject({ documents: 1, problems: [] });
    expect(asked.length).toBe(before + 1);
    await sql`update billing.tax_quote set fetched_at = now() - interval '800 hours', expires_at = now() - interval '80 hours'`.execute(
      database,
    );
    await isp.activate(customerId, await isp.createPlan(1000n, { terms: { productClass: 'voice' } }));
    expect((await run()).runBilling).toMatchObject({
      documents: 0,
      problems: [{ message: expect.stringContaining(place) }],
    });
  },
);

test('a service that does not answer in time is given up, one that redirects is not followed, one without end is cut off', async () => {
  const service = httpTaxService({ url: url(), token: 'secret', timeoutMs: 200 });
  handle = () => undefined;
  await expect(service.quotes(['US-TX'])).rejects.toMatchObject({ code: 'TIMEOUT' });
  // Half an answer is none.
  handle = (_request, response) => void response.write('{"source":');
  await expect(service.quotes(['US-TX'])).rejects.toMatchObject({ code: 'TIMEOUT' });
  handle = (_request, response) => void response.writeHead(307, { location: url() }).end();
  await expect(service.quotes(['US-TX'])).rejects.toMatchObject({ code: 'UNREACHABLE' });
  handle = (_request, response) => {
    const part = 'x'.repeat(1_000_000);
    for (let n = 0; n < 6; n += 1) response.write(part);
    response.end();
  };
  const patient = httpTaxService({ url: url(), token: null, timeoutMs: 30_000 });
  await expect(patient.quotes(['US-TX'])).rejects.toMatchObject({ code: 'TOO_LONG' });
});

test('is set by whoever runs the tenant, over a safe way', async () => {
  for (const bad of [
    'http://rates.example/',
    'file:///etc/passwd',
    'https://user:word@rates.example/',
    'rates',
  ])
    expect((await setService({ url: bad })).setTaxRateService, bad).toMatchObject({
      __typename: 'ValidationError',
    });
  const { data, errors } = await isp.tenant.ask(
    'billing',
    'mutation { setTaxRateService(input: {}) { __typename } }',
    {},
    principalWith('billing:read', 'billing:write'),
  );
  expect(data?.setTaxRateService ?? null).toBeNull();
  expect(errors?.[0]?.extensions?.code).toBe('FORBIDDEN');
});
