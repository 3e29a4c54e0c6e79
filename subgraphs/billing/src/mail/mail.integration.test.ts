import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BillingHarness, plusDays, startBilling, subscriber } from '../testing.ts';

/** A real SMTP server that keeps what it was handed. */
const received: { to: string[]; text: string }[] = [];
let refuse: ((recipient: string) => Error | undefined) | undefined;
const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onAuth: ({ username, password }, _session, done) =>
    username === 'isp' && password === 'secret' ? done(null, { user: 'isp' }) : done(new Error('wrong')),
  onRcptTo: ({ address }, _session, done) => done(refuse?.(address)),
  onData: (stream, session, done) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      received.push({
        to: session.envelope.rcptTo.map(({ address }) => address),
        text: Buffer.concat(chunks).toString(),
      });
      done();
    });
  },
});

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await isp[Symbol.asyncDispose]();
  await new Promise<void>((resolve) => server.close(resolve));
});

const setServer = (input: Record<string, unknown>) =>
  isp.ask<{ setMailServer: { __typename: string; field?: string } }>(
    `mutation ($input: SetMailServerInput!) { setMailServer(input: $input) { __typename ... on ValidationError { field } } }`,
    { input },
  );
const mailsOf = async (customerId: string) =>
  (
    await isp.ask<{ mails: { kind: string; state: string; subject: string; problem: string | null }[] }>(
      'query ($id: ID) { mails(customerId: $id) { kind state subject problem } }',
      { id: customerId },
    )
  ).mails;

async function customer(name: string, email: string): Promise<string> {
  const customerId = await isp.createCustomer(name);
  await isp.append({
    type: 'customer.updated',
    subject: customerId,
    payload: { customerId, name, email },
    occurredAt: isp.tenant.services.clock.now(),
    actor: 'test',
  });
  await isp.tenant.eventually(
    () =>
      isp.tenant.services.database
        .selectFrom('billing.account')
        .select('email')
        .where('customerId', '=', customerId)
        .executeTakeFirst(),
    (row) => row?.email === email,
  );
  return customerId;
}
async function bill(customerId: string) {
  await isp.activate(customerId, await isp.createPlan(3000n));
  await isp.ask('mutation { runBilling(input: {}) { ... on BillingRun { documents } } }');
}

test('nobody is written to without a server, nor of what happened before it', async () => {
  const customerId = await customer('Early', 'early@example.com');
  await bill(customerId);
  const { port } = server.server.address() as AddressInfo;
  expect(await setServer({ url: 'http://x', sender: 'a@b.example' })).toMatchObject({
    setMailServer: { field: 'input.url' },
  });
  expect(await setServer({ url: 'smtp://x/?path=/bin/sh', sender: 'a@b.example' })).toMatchObject({
    setMailServer: { field: 'input.url' },
  });
  expect(await setServer({ url: 'smtp://x', sender: 'a@b.example\r\nBcc: c@d.example' })).toMatchObject({
    setMailServer: { field: 'input.sender' },
  });
  await setServer({ url: `smtp://isp:secret@127.0.0.1:${port}`, sender: 'billing@isp.example' });
  const { sealedUrl } = await isp.tenant.services.database
    .selectFrom('billing.mailServer')
    .select('sealedUrl')
    .executeTakeFirstOrThrow();
  expect(Buffer.from(sealedUrl).includes('secret')).toBe(false);
  expect(await mailsOf(customerId)).toEqual([]);
});

test('an invoice goes out with its PDF, a payment with a receipt, each once', async () => {
  const customerId = await customer('Ada\r\nBcc: all@example.com', 'ada@example.com');
  await bill(customerId);
  const pay = () =>
    isp.ask('mutation ($input: RecordPaymentInput!) { recordPayment(input: $input) { __typename } }', {
      input: { customerId, amount: { amount: '3000', currency: 'USD' }, method: 'cash', reference: 'm1' },
    });
  await pay();
  await pay();
  const letters = await isp.tenant.eventually(
    () => mailsOf(customerId),
    (mails) => mails.length === 2 && mails.every((mail) => mail.state === 'SENT'),
  );
  expect(letters.map((mail) => mail.kind).sort()).toEqual(['INVOICE', 'RECEIPT']);
  const own = received.filter(({ to }) => to.includes('ada@example.com'));
  expect(own).toHaveLength(2);
  expect(own.every(({ to }) => to.length === 1)).toBe(true);
  const invoice = own.find(({ text }) => text.includes('application/pdf'))?.text ?? '';
  const [headers = ''] = invoice.split('\r\n\r\n');
  expect(headers).toMatch(/^From: Test ISP <billing@isp\.example>$/m);
  expect(headers).toMatch(/^Message-ID: <eml_\w+@isp\.example>$/m);
  expect(headers).not.toMatch(/^Bcc:/m);
  const encoded = /filename=INV-\d+\.pdf\r\n(?:.+\r\n)*\r\n([\w+/=\r\n]+)/.exec(invoice)?.[1] ?? '';
  expect(Buffer.from(encoded, 'base64').subarray(0, 5).toString()).toBe('%PDF-');
});

test('an address that the server will never take is given up; a server that is away is asked again', async () => {
  refuse = (recipient) =>
    recipient.startsWith('gone@')
      ? Object.assign(new Error('no such mailbox'), { responseCode: 550 })
      : recipient.startsWith('later@')
        ? Object.assign(new Error('try later'), { responseCode: 451 })
        : undefined;
  const gone = await customer('Gone', 'gone@example.com');
  const later = await customer('Later', 'later@example.com');
  await bill(gone);
  await bill(later);
  await isp.tenant.eventually(
    () => mailsOf(gone),
    ([mail]) => mail?.state === 'FAILED' && mail.problem?.includes('550') === true,
  );
  await isp.tenant.eventually(
    () => mailsOf(later),
    ([mail]) => mail?.state === 'QUEUED' && mail.problem?.includes('451') === true,
  );
  refuse = undefined;
  await isp.tenant.eventually(
    () => mailsOf(later),
    ([mail]) => mail?.state === 'SENT',
  );
});

test('a statement is the ledger of the customer, and its age; sent once a day', async () => {
  const customerId = await customer('Grace', 'grace@example.com');
  await bill(customerId);
  const first = isp.today();
  await isp.tenant.services.advanceClock(20 * 86_400_000);
  await isp.ask('mutation ($input: RecordPaymentInput!) { recordPayment(input: $input) { __typename } }', {
    input: { customerId, amount: { amount: '1000', currency: 'USD' }, method: 'cash', reference: 'm2' },
  });
  const read = async (from: string, to: string) => {
    const { _entities } = await isp.ask<{ _entities: { statement: Record<string, unknown> }[] }>(
      `query ($r: [_Any!]!, $from: LocalDate!, $to: LocalDate!) { _entities(representations: $r) { ... on Customer { statement(from: $from, to: $to) {
        opening { amount } closing { amount } lines { on kind amount { amount } balance { amount } } aging { current { amount } to30 { amount } overdue { amount } } } } } }`,
      { r: [{ __typename: 'Customer', id: customerId }], from, to },
    );
    return _entities[0]?.statement;
  };
  const today = isp.today();
  expect(await read(first, today)).toMatchObject({
    opening: { amount: '0' },
    closing: { amount: '2000' },
    lines: [
      { on: first, kind: 'invoice', amount: { amount: '3000' }, balance: { amount: '3000' } },
      { on: today, kind: 'payment', amount: { amount: '-1000' }, balance: { amount: '2000' } },
    ],
    aging: { current: { amount: '0' }, to30: { amount: '2000' }, overdue: { amount: '2000' } },
  });
  expect(await read(plusDays(first, 1), plusDays(today, -1))).toMatchObject({
    opening: { amount: '3000' },
    closing: { amount: '3000' },
    lines: [],
  });
  const send = () =>
    isp.ask<{ sendStatement: Record<string, string> }>(
      'mutation ($input: SendStatementInput!) { sendStatement(input: $input) { __typename ... on Mail { body } ... on ConflictError { reason } } }',
      { input: { customerId } },
    );
  expect((await send()).sendStatement.body).toContain('you owe 20.00 USD, of which 20.00 USD is overdue');
  expect((await send()).sendStatement).toMatchObject({ reason: 'NOT_WRITTEN' });
  const { data, errors } = await isp.tenant.ask('billing', '{ mails { id } }', {}, subscriber(customerId));
  expect([data, errors?.[0]?.extensions?.code]).toEqual([null, 'FORBIDDEN']);
});
