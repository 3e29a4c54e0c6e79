import { expect, test } from 'vitest';
import { eventually } from '../client.ts';
import { newSubscriber, shared } from '../shared.ts';

const { tenant } = shared();
// Its clock is advanced here; the other journeys are alpha's.
const bravo = tenant('bravo');

interface ServiceSeen {
  readonly service: {
    readonly state: string;
    readonly access: {
      readonly mode: string;
      readonly shaping: { readonly downstream: { readonly bitsPerSecond: string } };
      readonly changes: readonly {
        readonly mode: string;
        readonly state: string;
        readonly evidence: string;
      }[];
    };
  };
}

const advance = (days: number) =>
  bravo.owner.data(
    'mutation ($days: Int!) { advanceDemoClock(input: { days: $days }) { ... on DemoClock { today } ... on Failure { message } } }',
    { days },
  );
const speeds = (speedBitsPerSecond: string) => ({
  downstream: { speedBitsPerSecond },
  upstream: { speedBitsPerSecond },
});
const downstream = ({ service }: ServiceSeen) => service.access.shaping.downstream.bitsPerSecond;

test('an unpaid invoice slows the line down, then leads to the walled garden, verified on the router, and a payment leads out', async () => {
  const { customerId, serviceId, password } = await newSubscriber(bravo.owner, 'late-payer', 'Home 50');
  await bravo.lab.login('late-payer', password);
  const seen = () =>
    bravo.noc.data<ServiceSeen>(
      'query ($id: ID!) { service(id: $id) { state access { mode shaping { downstream { bitsPerSecond } } changes { mode state evidence } } } }',
      { id: serviceId },
    );
  const verified =
    (mode: string) =>
    ({ service }: ServiceSeen) =>
      service.access.mode === mode &&
      service.access.changes[0]?.mode === mode &&
      service.access.changes[0].state === 'VERIFIED';

  // Preview, then issue exactly what was shown.
  const issue = `mutation ($input: IssueInvoiceInput!) { issueInvoice(input: $input) { __typename
    ... on InvoicePreview { fingerprint documents { gross { amount } } }
    ... on InvoicesIssued { invoices { id gross { amount currency } } }
    ... on Failure { code message } } }`;
  const preview = await bravo.billing.data<{
    issueInvoice: { fingerprint: string; documents: { gross: { amount: string } }[] };
  }>(issue, {
    input: { customerId, mode: 'PLAN' },
  });
  const { fingerprint, documents } = preview.issueInvoice;
  const applied = await bravo.billing.data<{
    issueInvoice: { invoices: { id: string; gross: { amount: string; currency: string } }[] };
  }>(issue, {
    input: { customerId, mode: 'APPLY', fingerprint },
  });
  const [invoice] = applied.issueInvoice.invoices;
  expect(invoice?.gross.amount).toBe(documents[0]?.gross.amount);
  const again = await bravo.billing.data<{ issueInvoice: { __typename: string } }>(issue, {
    input: { customerId, mode: 'APPLY', fingerprint },
  });
  expect(again.issueInvoice.__typename).toBe('StalePlanError');

  // This ISP slows down a week before it cuts off.
  const setCampaign = `mutation ($input: SetDunningCampaignInput!) { setDunningCampaign(input: $input) { __typename
    ... on DunningCampaignPreview { fingerprint } ... on Failure { code message } } }`;
  const steps = [
    { id: 'slow-1m', action: 'SLOW', daysAfterDue: 7, slowTo: speeds('1000000') },
    { id: 'walled-garden', action: 'WALLED_GARDEN', daysAfterDue: 14, minimumDaysAfterPrevious: 5 },
  ];
  const planned = await bravo.billing.data<{ setDunningCampaign: { fingerprint: string } }>(setCampaign, {
    input: { steps, mode: 'PLAN' },
  });
  const inForce = await bravo.billing.data<{ setDunningCampaign: { __typename: string } }>(setCampaign, {
    input: { steps, mode: 'APPLY', fingerprint: planned.setDunningCampaign.fingerprint },
  });
  expect(inForce.setDunningCampaign.__typename).toBe('DunningCampaign');

  // Nobody pays for three weeks: the live session and the next login are slow, and the NOC sees why.
  await advance(22);
  const slow = await eventually(
    seen,
    (answer) => verified('OPEN')(answer) && downstream(answer) === '1000000',
  );
  expect(slow.service.state).toBe('ACTIVE');
  const { explainLogin } = await bravo.noc.data<{ explainLogin: { steps: { fact: string }[] } }>(
    '{ explainLogin(username: "late-payer", nasAddress: "127.0.0.1") { steps { fact } } }',
  );
  expect(explainLogin.steps.map(({ fact }) => fact).join()).toContain('step slow-1m');

  // Nobody pays for a month.
  await advance(9);
  const locked = await eventually(seen, verified('WALLED_GARDEN'));
  expect(locked.service.state).toBe('SUSPENDED');
  expect(locked.service.access.changes[0]?.evidence).toContain('dotmac-suspended');
  const garden = await bravo.lab.login('late-payer', password);
  expect(garden).toMatchObject({ accepted: true, session: { addressList: 'dotmac-suspended' } });

  // The payment opens the line again, on the live session.
  const { customer } = await bravo.billing.data<{
    customer: { balance: { amount: string; currency: string } };
  }>('query ($id: ID!) { customer(id: $id) { balance { amount currency } } }', { id: customerId });
  const pay =
    'mutation ($input: RecordPaymentInput!) { recordPayment(input: $input) { __typename ... on Payment { id } ... on Failure { code message } } }';
  const payment = { input: { customerId, amount: customer.balance, method: 'cash', reference: 'till-1' } };
  const first = await bravo.billing.data<{ recordPayment: { __typename: string; id: string } }>(pay, payment);
  const second = await bravo.billing.data<{ recordPayment: { __typename: string; id: string } }>(
    pay,
    payment,
  );
  expect(first.recordPayment.__typename).toBe('Payment');
  expect(second).toEqual(first);
  const open = await eventually(seen, verified('OPEN'));
  expect(Number(downstream(open))).toBeGreaterThan(1_000_000);
  expect(open.service.state).toBe('ACTIVE');
  const session = (await bravo.lab.sessions()).find(({ username }) => username === 'late-payer');
  expect(session?.addressList).not.toBe('dotmac-suspended');
  const { ledgerProof } = await bravo.billing.data<{ ledgerProof: { holds: boolean; findings: string[] } }>(
    '{ ledgerProof { holds findings } }',
  );
  expect(ledgerProof).toEqual({ holds: true, findings: [] });
});
