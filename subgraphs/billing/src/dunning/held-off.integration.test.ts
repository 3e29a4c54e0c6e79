import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BillingHarness, plusDays, startBilling } from '../testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp[Symbol.asyncDispose]());

type Outcome = Readonly<Record<'__typename' | 'fingerprint' | 'id', string>>;
const advance = (days: number) => isp.tenant.services.advanceClock(days * 86_400_000);
const selections: Readonly<Record<string, string>> = {
  grantShield: '... on DunningShield { id }',
  writeOffInvoice: '... on MovementPreview { fingerprint }',
  recoverInvoice: '... on MovementPreview { fingerprint }',
};
async function mutate(name: string, type: string, input: object): Promise<Outcome> {
  const data = await isp.ask<Record<string, Outcome>>(
    `mutation ($input: ${type}!) { ${name}(input: $input) { __typename ${selections[name] ?? ''} } }`,
    { input },
  );
  return data[name] as Outcome;
}
async function move(name: 'writeOffInvoice' | 'recoverInvoice', input: object) {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  const { fingerprint } = await mutate(name, type, { ...input, mode: 'PLAN' });
  expect(await mutate(name, type, { ...input, mode: 'APPLY', fingerprint })).toMatchObject({
    __typename: 'WriteOff',
  });
}
const shield = (customerId: string, more: object) =>
  mutate('grantShield', 'GrantShieldInput', { customerId, because: 'test', ...more });

/** Customers with one invoice of 30.00 each, whose services ended within its month. */
async function debtors(
  count: number,
): Promise<{ readonly customerId: string; readonly invoiceId: string }[]> {
  const { database, clock } = isp.tenant.services;
  const planId = await isp.createPlan(3000n, { terms: { intervalUnit: 'WEEK' } });
  const made = [];
  for (let index = 0; index < count; index += 1) {
    const customerId = await isp.createCustomer(`Debtor ${index}`);
    made.push({ customerId, serviceId: await isp.activate(customerId, planId) });
  }
  await isp.ask('mutation { runBilling(input: {}) { __typename } }');
  for (const { customerId, serviceId } of made)
    await isp.append({
      type: 'service.cancelled',
      subject: serviceId,
      payload: { serviceId, customerId, on: plusDays(isp.today(), 7) },
      occurredAt: clock.now(),
      actor: 'test',
    });
  await isp.settled();
  const open = await database.selectFrom('billing.openItem').select(['customerId', 'documentId']).execute();
  return made.map(({ customerId }) => ({
    customerId,
    invoiceId: open.find((item) => item.customerId === customerId)?.documentId ?? '',
  }));
}
/** What billing holds against each, and the last that others heard of it. */
async function held(customers: readonly { readonly customerId: string }[]) {
  const { database } = isp.tenant.services;
  const locks = await database.selectFrom('billing.lock').select('customerId').execute();
  const told = await database
    .selectFrom('events.event')
    .select(['subject', 'type'])
    .where('type', 'in', ['billing.lock.requested', 'billing.lock.lifted'])
    .orderBy('id')
    .execute();
  return customers.map(({ customerId }) => {
    const isLocked = locks.some((lock) => lock.customerId === customerId);
    const last = told.findLast(({ subject }) => subject === customerId)?.type;
    if (last !== undefined) expect(last).toBe(isLocked ? 'billing.lock.requested' : 'billing.lock.lifted');
    return isLocked;
  });
}

test('a shield over a debt that was given up opens, and its end closes again', async () => {
  const [ada, bob, eve, dan] = await debtors(4);
  if (!ada || !bob || !eve || !dan) throw new Error('nobody owes');
  await advance(29);
  const all = [ada, bob, eve, dan];
  expect(await held(all)).toEqual([true, true, true, true]);
  const until = plusDays(isp.today(), 3);
  const reason = 'cannot pay';
  // Given up before the shield, within it, and a shield of the invoice alone.
  await move('writeOffInvoice', { invoiceId: ada.invoiceId, reason });
  await shield(ada.customerId, { kind: 'PROMISE_TO_PAY', until });
  await shield(bob.customerId, { kind: 'PROMISE_TO_PAY', until });
  await move('writeOffInvoice', { invoiceId: bob.invoiceId, reason });
  await move('writeOffInvoice', { invoiceId: eve.invoiceId, reason });
  const { id: shieldId } = await shield(eve.customerId, { kind: 'DISPUTE', invoiceIds: [eve.invoiceId] });
  // What is recovered and paid within the shield is not held against him any more.
  await move('writeOffInvoice', { invoiceId: dan.invoiceId, reason });
  await shield(dan.customerId, { kind: 'PROMISE_TO_PAY', until });
  const amount = { amount: '3000', currency: 'USD' };
  await move('recoverInvoice', { invoiceId: dan.invoiceId, amount, reason: 'found' });
  await mutate('recordPayment', 'RecordPaymentInput', {
    customerId: dan.customerId,
    amount,
    method: 'cash',
    reference: 'dan',
  });
  expect(await held(all)).toEqual([false, false, false, false]);
  await advance(2);
  expect(await held(all)).toEqual([false, false, false, false]);
  await advance(1);
  expect(await held(all)).toEqual([true, true, false, false]);
  await mutate('liftShield', 'LiftShieldInput', { shieldId });
  await advance(1);
  expect(await held(all)).toEqual([true, true, true, false]);
  // Recovered and paid at last.
  await move('recoverInvoice', { invoiceId: ada.invoiceId, amount, reason: 'found' });
  await mutate('recordPayment', 'RecordPaymentInput', {
    customerId: ada.customerId,
    amount,
    method: 'cash',
    reference: 'ada',
  });
  await advance(3);
  expect(await held(all)).toEqual([false, true, true, false]);
});

test('whoever was never closed is not closed by the end of a shield over what was given up', async () => {
  const [ada] = await debtors(1);
  if (!ada) throw new Error('nobody owes');
  await advance(20);
  await shield(ada.customerId, { kind: 'GRACE', until: plusDays(isp.today(), 20) });
  await move('writeOffInvoice', { invoiceId: ada.invoiceId, reason: 'a mistake of ours' });
  await advance(25);
  expect(await held([ada])).toEqual([false]);
});
