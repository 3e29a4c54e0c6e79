import { afterAll, beforeAll, expect, test } from 'vitest';
import { proveLedger } from '../ledger/proof.ts';
import { type BillingHarness, startBilling } from '../testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp[Symbol.asyncDispose]());

const advance = (days: number) => isp.tenant.services.advanceClock(days * 86_400_000);
const mutate = async <Data>(name: string, type: string, input: object, selection: string): Promise<Data> => {
  const data = await isp.ask<Record<string, Data>>(
    `mutation ($input: ${type}!) { ${name}(input: $input) { __typename ${selection} } }`,
    { input },
  );
  return data[name] as Data;
};
const reminder = { id: 'reminder', action: 'REMINDER', daysAfterDue: 1 };
const cut = { id: 'cut', action: 'WALLED_GARDEN', daysAfterDue: 3 };
const end = { id: 'end', action: 'TERMINATE', daysAfterDue: 8, minimumDaysAfterPrevious: 5 };
const campaign = (steps: object[], more: object = { mode: 'PLAN' }) =>
  mutate<Record<string, string>>(
    'setDunningCampaign',
    'SetDunningCampaignInput',
    { steps, ...more },
    `... on DunningCampaignPreview { fingerprint effects { action customers } } ... on DunningCampaign { id }
     ... on ValidationError { field message }`,
  );
const dun = (customerIds: string[], more: object) =>
  mutate<Record<string, unknown> & { fingerprint?: string }>(
    'dunCustomers',
    'DunCustomersInput',
    { customerIds, ...more },
    `... on DunningPreview { fingerprint effects { action customers overdue { amount } }
      terminations { customer { id } services { id } preview { now { gross { amount } lines { description net { amount } } } } } }
     ... on DunningTaken { findings { outcome action } } ... on StalePlanError { code }`,
  );
const told = async (type: 'billing.termination.requested', customerId: string) => {
  await isp.tenant.services.events.flush();
  const events = await isp.tenant.services.events.read(0n, { types: [type] });
  return events.filter(({ subject }) => subject === customerId).map(({ payload }) => payload);
};

test('services end after they were closed, never before, nor on the same day', async () => {
  for (const [steps, field] of [
    [[reminder, end], 'input.steps[1].action'],
    [[cut, { ...end, minimumDaysAfterPrevious: 0 }], 'input.steps[1].minimumDaysAfterPrevious'],
    [[cut, end, { ...reminder, daysAfterDue: 9 }], 'input.steps[2]'],
    [[cut, { ...reminder, daysAfterDue: 9 }], 'input.steps[1]'],
  ] as const)
    expect(await campaign([...steps])).toMatchObject({ __typename: 'ValidationError', field });
});

interface Line {
  readonly description: string;
  readonly net: { readonly amount: string };
}
const setCampaign = async (steps: object[]) => {
  const { fingerprint } = await campaign(steps);
  expect(await campaign(steps, { mode: 'APPLY', fingerprint })).toMatchObject({
    __typename: 'DunningCampaign',
  });
};
/** Subscribers ends a service as it was asked to. */
async function ends(customerId: string, serviceId: string, on: string): Promise<void> {
  await isp.append({
    type: 'service.cancelled',
    subject: serviceId,
    payload: { serviceId, customerId, on },
    occurredAt: isp.tenant.services.clock.now(),
    actor: 'test',
  });
  await isp.settled();
  await isp.tenant.eventually(
    () =>
      isp.tenant.services.database
        .selectFrom('billing.contract')
        .select('endedOn')
        .where('serviceLineId', '=', serviceId)
        .executeTakeFirst(),
    (contract) => contract?.endedOn === on,
  );
}

test('the end of dunning is previewed with its final document, ends the services once, and bills what the contract says', async () => {
  await setCampaign([reminder, cut]);
  const plan = await isp.createPlan(3000n);
  const [debtor, payer] = [await isp.createCustomer('Debtor'), await isp.createCustomer('Payer')];
  const serviceId = await isp.activate(debtor, plan);
  await isp.activate(payer, plan);
  const terms = { serviceId, months: 12, noticeDays: 0, fee: 'FIXED', feeMinor: '9900' };
  const agreed = await mutate<{ endsOn: string }>(
    'agreeContract',
    'AgreeContractInput',
    terms,
    '... on Contract { endsOn }',
  );
  expect(agreed.endsOn).not.toBe(undefined);
  await isp.ask('mutation { runBilling(input: {}) { __typename } }');
  await advance(14 + 9);
  const steps = [reminder, cut, end];
  expect(await campaign(steps)).toMatchObject({ effects: [{ action: 'TERMINATE', customers: 2 }] });
  await setCampaign(steps);
  expect(await told('billing.termination.requested', debtor)).toEqual([]);

  const today = isp.today();
  const planned = await dun([debtor], { mode: 'PLAN' });
  const [termination] = planned.terminations as { preview: { now: { gross: object; lines: Line[] } } }[];
  expect(planned).toMatchObject({
    effects: [{ action: 'TERMINATE', customers: 1, overdue: [{ amount: '3000' }] }],
    terminations: [{ customer: { id: debtor }, services: [{ id: serviceId }] }],
  });
  const lines = termination?.preview.now.lines ?? [];
  expect(lines.find(({ description }) => description === 'Early termination')?.net.amount).toBe('9900');
  expect(lines.some(({ net }) => Number(net.amount) < 0)).toBe(true);
  expect(await dun([debtor], { mode: 'APPLY', fingerprint: 'another' })).toMatchObject({
    code: 'STALE_PLAN',
  });
  expect(await dun([debtor], { mode: 'APPLY', fingerprint: planned.fingerprint })).toMatchObject({
    findings: [{ outcome: 'STEP', action: 'TERMINATE' }],
  });
  const asked = [{ customerId: debtor, on: today, because: 'invoices are overdue' }];
  expect(await told('billing.termination.requested', debtor)).toEqual(asked);
  expect(await told('billing.termination.requested', payer)).toEqual([]);

  await ends(debtor, serviceId, today);
  await isp.ask('mutation { runBilling(input: {}) { __typename } }');
  const issued = await isp.tenant.services.database
    .selectFrom('billing.documentLine as line')
    .innerJoin('billing.document as document', 'document.id', 'line.documentId')
    .select(['line.description', 'line.netMinor'])
    .where('document.customerId', '=', debtor)
    .where('document.issuedOn', '=', today)
    .execute();
  const billed = (all: readonly [string, string][]) => all.toSorted(([a], [b]) => (a < b ? -1 : 1));
  expect(billed(issued.map((line) => [line.description, `${line.netMinor}`]))).toEqual(
    billed(lines.map(({ description, net }) => [description, net.amount])),
  );
  // The daily run ends the other's; nothing is asked twice.
  await advance(2);
  expect(await told('billing.termination.requested', debtor)).toEqual(asked);
  expect(await told('billing.termination.requested', payer)).toHaveLength(1);
  expect((await proveLedger(isp.tenant.services.database)).findings).toEqual([]);
});
