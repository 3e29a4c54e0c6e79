import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { proveLedger } from '../ledger/proof.ts';
import { type BillingHarness, plusDays, startBilling } from '../testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp[Symbol.asyncDispose]());

const usd = (minor: number) => ({ amount: `${minor}`, currency: 'USD' });
type Answer = { readonly id: string; readonly fingerprint: string; readonly from: string };
async function run(name: string, selection: string, input: Record<string, unknown>): Promise<Answer> {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  const data = await isp.ask<Record<string, Answer>>(
    `mutation ($input: ${type}!) { ${name}(input: $input) { __typename ${selection} ... on ValidationError { field message } } }`,
    { input },
  );
  return data[name] as Answer;
}
const grant = (input: Record<string, unknown>) =>
  run('grantDiscount', '... on Discount { id from to }', input);
const bill = () => isp.ask('mutation { runBilling(input: {}) { __typename } }');
const advance = (days: number) => isp.tenant.services.advanceClock(days * 86_400_000);
const linesOf = (customerId: string) =>
  isp.tenant.services.database
    .selectFrom('billing.documentLine as line')
    .innerJoin('billing.document as document', 'document.id', 'line.documentId')
    .select(['line.description', 'line.netMinor', 'line.fromDay', 'line.explanation', 'document.number'])
    .where('document.customerId', '=', customerId)
    .orderBy('document.sequence')
    .orderBy('line.ordinal')
    .execute();
/** The books hold and every line is explained. */
async function proved() {
  const { database } = isp.tenant.services;
  expect((await proveLedger(database)).findings).toEqual([]);
  for (const line of await database.selectFrom('billing.documentLine').selectAll().execute())
    expect(checkExplanation(line.explanation as never, line.netMinor)).toEqual({ outcome: 'AGREES' });
}

test('discounts work in order, for so many periods, and end on the day they are ended', async () => {
  const customerId = await isp.createCustomer();
  const serviceId = await isp.activate(customerId, await isp.createPlan(3000n));
  const half = await grant({ serviceId, name: 'Welcome', percent: '50', periods: 2 });
  await grant({ serviceId, name: 'Friend', amount: usd(100) });
  expect(await grant({ serviceId, name: 'x', percent: '101' })).toMatchObject({ field: 'input.percent' });
  expect(await grant({ serviceId, name: 'x', percent: '1', amount: usd(1) })).toMatchObject({
    field: 'input.percent',
  });
  expect(await grant({ serviceId, name: 'x', percent: '1', periods: 0 })).toMatchObject({
    field: 'input.periods',
  });
  await bill();
  await advance(31);
  await advance(31);
  const nets = (await linesOf(customerId)).map(({ description, netMinor }) => [description, netMinor]);
  const month = (percent: boolean) => [
    ['Fibre 100', 3000n],
    ...(percent ? [['Fibre 100: Welcome', -1500n]] : []),
    ['Fibre 100: Friend', -100n],
  ];
  expect(nets).toEqual([...month(true), ...month(true), ...month(false)]);
  const end = await run('endDiscount', '... on Discount { id to }', {
    discountId: half.id,
    on: half.from,
  });
  expect(end).toMatchObject({ to: half.from });
  await bill();
  const after = (await linesOf(customerId)).slice(nets.length);
  expect(after.map(({ netMinor }) => netMinor)).toEqual([1500n, 1500n]);
  await bill();
  expect(await linesOf(customerId)).toHaveLength(nets.length + 2);
  await proved();
});

test('a discount in the middle of a period credits the rest of it, and a cancellation takes its share back', async () => {
  const customerId = await isp.createCustomer();
  const serviceId = await isp.activate(customerId, await isp.createPlan(3000n));
  await bill();
  await advance(10);
  await grant({ serviceId, name: 'Sorry', percent: '100' });
  await bill();
  await isp.append({
    type: 'service.cancelled',
    subject: serviceId,
    payload: { serviceId, customerId, on: isp.today() },
    occurredAt: isp.tenant.services.clock.now(),
    actor: 'test',
  });
  await isp.settled();
  await bill();
  const lines = await linesOf(customerId);
  const sum = (wanted: (line: (typeof lines)[number]) => boolean) =>
    lines.filter(wanted).reduce((total, { netMinor }) => total + netMinor, 0n);
  const isDiscount = ({ description }: { description: string }) => description.endsWith('Sorry');
  expect(lines.find((line) => !isDiscount(line) && line.netMinor > 0n)?.netMinor).toBe(3000n);
  expect(lines.find(isDiscount)?.netMinor).toBeLessThan(0n);
  // The discount is gone with its service; the ten days that were used are paid for.
  expect(sum(isDiscount)).toBe(0n);
  expect(sum(() => true)).toBe(sum((line) => !isDiscount(line)));
  expect(sum(() => true)).toBeGreaterThan(0n);
  await proved();
});

test('a fee waits for the next invoice and is charged once', async () => {
  const customerId = await isp.createCustomer();
  await isp.activate(customerId, await isp.createPlan(3000n));
  const fee = { customerId, description: 'Truck roll', amount: usd(4500), reference: 'job 7' };
  const select = '... on Fee { id amount { amount } } ... on ConflictError { reason }';
  const made = await run('chargeFee', select, fee);
  expect(await run('chargeFee', select, fee)).toEqual(made);
  expect(await run('chargeFee', select, { ...fee, amount: usd(1) })).toMatchObject({
    reason: 'REFERENCE_USED',
  });
  expect(await run('chargeFee', select, { ...fee, productClass: 'gold' })).toMatchObject({
    field: 'input.productClass',
  });
  await run('chargeFee', select, { ...fee, on: plusDays(isp.today(), 40), reference: 'later' });
  await bill();
  await bill();
  const count = async () =>
    (await linesOf(customerId)).filter((line) => line.description === 'Truck roll').length;
  expect(await count()).toBe(1);
  await advance(31);
  expect(await count()).toBe(1);
  await advance(31);
  expect(await count()).toBe(2);
  await proved();
});

test('late fees are charged once per invoice and step, never on late fees, and a shield holds them', async () => {
  const steps = [
    { id: 'flat', graceDays: 2, kind: 'FIXED', amountMinor: '500', currency: 'USD' },
    {
      id: 'interest',
      graceDays: 10,
      kind: 'DAILY_INTEREST',
      percent: '12',
      currency: 'USD',
      capMinor: '200',
    },
  ];
  await isp.ask(`mutation ($input: SetLateFeesInput!) { setLateFees(input: $input) { __typename } }`, {
    input: { steps },
  });
  const refused = await isp.ask<{ setLateFees: { field: string } }>(
    `mutation ($input: SetLateFeesInput!) { setLateFees(input: $input) { ... on ValidationError { field } } }`,
    { input: { steps: [{ ...steps[0], amountMinor: '0' }] } },
  );
  expect(refused.setLateFees.field).toBe('input.steps[0].amountMinor');
  const customers = [await isp.createCustomer(), await isp.createCustomer()] as const;
  const plan = await isp.createPlan(3000n);
  for (const customerId of customers) await isp.activate(customerId, plan);
  await isp.ask(`mutation ($input: GrantShieldInput!) { grantShield(input: $input) { __typename } }`, {
    input: { customerId: customers[1], kind: 'DISPUTE', because: 'never worked' },
  });
  await bill();
  await advance(28);
  const fees = (customerId: string) =>
    isp.tenant.services.database
      .selectFrom('billing.fee')
      .select(['amountMinor', 'lateStepId'])
      .where('customerId', '=', customerId)
      .orderBy('id')
      .execute();
  const [late, shielded] = customers;
  // 30.00 at 12 % a year for 11 days is 0.11.
  expect(await fees(late)).toEqual([
    { amountMinor: 500n, lateStepId: 'flat' },
    { amountMinor: 11n, lateStepId: 'interest' },
  ]);
  expect(await fees(shielded)).toEqual([]);
  await advance(4);
  const lines = (await linesOf(late)).map(({ description, netMinor }) => [description, netMinor]);
  expect(lines).toContainEqual([expect.stringMatching(/^Late fee, INV-/), 500n]);
  await advance(28);
  // The second invoice is late as well; its late-fee lines earn nothing.
  expect((await fees(late)).slice(2)).toEqual([
    { amountMinor: 500n, lateStepId: 'flat' },
    { amountMinor: expect.anything(), lateStepId: 'interest' },
  ]);
  expect((await fees(late))[3]?.amountMinor).toBeLessThanOrEqual(14n);
  await proved();
});

test('a deposit is owed until it pays an invoice or goes back', async () => {
  const customerId = await isp.createCustomer();
  const select =
    '... on Deposit { id held { amount } } ... on MovementPreview { fingerprint amount { amount } }';
  const deposit = { customerId, amount: usd(5000), method: 'cash', reference: 'security' };
  const { id: depositId } = await run('receiveDeposit', '... on Deposit { id }', deposit);
  expect(await run('receiveDeposit', '... on Deposit { id }', deposit)).toMatchObject({ id: depositId });
  const release = async (input: Record<string, unknown>) => {
    const request = { depositId, reason: 'closing', ...input };
    const { fingerprint } = await run('releaseDeposit', select, { ...request, mode: 'PLAN' });
    return run('releaseDeposit', select, { ...request, mode: 'APPLY', fingerprint });
  };
  expect(
    await run('releaseDeposit', select, { depositId, kind: 'APPLY', reason: 'x', mode: 'PLAN' }),
  ).toMatchObject({
    field: 'input.kind',
  });
  await isp.activate(customerId, await isp.createPlan(3000n));
  await bill();
  await proved();
  expect(await release({ kind: 'APPLY' })).toMatchObject({ held: { amount: '2000' } });
  const item = await isp.tenant.services.database
    .selectFrom('billing.openItem')
    .select('openMinor')
    .where('customerId', '=', customerId)
    .execute();
  expect(item).toEqual([{ openMinor: 0n }]);
  expect(await release({ kind: 'REFUND', amountMinor: '500' })).toMatchObject({ held: { amount: '1500' } });
  expect(await release({ kind: 'REFUND' })).toMatchObject({ held: { amount: '0' } });
  expect(await release({ kind: 'REFUND' })).toMatchObject({ field: 'input.fingerprint' });
  await proved();
});
