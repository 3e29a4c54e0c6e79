import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BillingHarness, plusDays, startBilling, subscriber } from '../testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp[Symbol.asyncDispose]());

const usd = (minor: number) => ({ amount: `${minor}`, currency: 'USD' });
const advance = (days: number) => isp.tenant.services.advanceClock(days * 86_400_000);
const plusMonths = (date: string, months: number) => Temporal.PlainDate.from(date).add({ months }).toString();

async function service(price = 3000n) {
  const customerId = await isp.createCustomer();
  const serviceId = await isp.activate(customerId, await isp.createPlan(price));
  await isp.ask('mutation { runBilling(input: {}) { ... on BillingRun { documents } } }');
  return { customerId, serviceId };
}
const mutate = async (name: string, type: string, input: object, selection: string) => {
  const data = await isp.ask<Record<string, Record<string, unknown>>>(
    `mutation ($input: ${type}!) { ${name}(input: $input) { __typename ${selection} ... on Failure { message } } }`,
    { input },
  );
  return data[name] ?? {};
};
const agree = (input: object) =>
  mutate(
    'agreeContract',
    'AgreeContractInput',
    input,
    '... on Contract { endsOn earliestEnd } ... on ValidationError { field }',
  );
const contractOf = async (serviceId: string, on: string) => {
  const { _entities } = await isp.ask<{ _entities: { contract: Record<string, unknown> | null }[] }>(
    `query ($r: [_Any!]!, $on: LocalDate!) { _entities(representations: $r) { ... on Service { contract { endsOn waivedBecause
      earlyTermination(on: $on) { amount { amount } explain { formula } } } } } }`,
    { r: [{ __typename: 'Service', id: serviceId }], on },
  );
  return _entities[0]?.contract;
};
async function cancel(customerId: string, serviceId: string, on: string) {
  await isp.append({
    type: 'service.cancelled',
    subject: serviceId,
    payload: { serviceId, customerId, on },
    occurredAt: isp.tenant.services.clock.now(),
    actor: 'test',
  });
  await isp.settled();
  await isp.tenant.eventually(
    async () => {
      const events = await isp.tenant.services.database
        .selectFrom('events.event')
        .select(({ fn }) => fn.max('position').as('last'))
        .executeTakeFirst();
      const consumer = await isp.tenant.services.database
        .selectFrom('events.consumer')
        .select('position')
        .where('name', '=', 'billing.end-contracts')
        .executeTakeFirst();
      return [events?.last ?? 0n, consumer?.position ?? 0n];
    },
    ([last = 0n, done = 0n]) => done >= last,
  );
}
const linesOf = async (customerId: string) =>
  (
    await isp.tenant.services.database
      .selectFrom('billing.documentLine as line')
      .innerJoin('billing.document as document', 'document.id', 'line.documentId')
      .select(['line.description', 'line.netMinor'])
      .where('document.customerId', '=', customerId)
      .where('line.kind', '=', 'oneOff')
      .orderBy('line.fromDay')
      .orderBy('line.description')
      .execute()
  ).map((line) => [line.description, Number(line.netMinor)]);
async function proved() {
  const { ledgerProof } = await isp.ask<{ ledgerProof: { findings: string[] } }>(
    '{ ledgerProof { findings } }',
  );
  expect(ledgerProof.findings).toEqual([]);
}

test('leaving early costs half of the months that are left, shown before and charged once', async () => {
  const { customerId, serviceId } = await service();
  const start = isp.today();
  expect(
    await agree({ serviceId, months: 12, noticeDays: 30, fee: 'REMAINING_MONTHS', feePercent: '50' }),
  ).toMatchObject({ endsOn: plusMonths(start, 12), earliestEnd: plusMonths(start, 12) });
  await advance(40);
  const on = plusDays(isp.today(), 1);
  // Ten whole months and a begun one are left: 11 × 30.00 × 50 %.
  expect(await contractOf(serviceId, on)).toMatchObject({
    earlyTermination: {
      amount: { amount: '16500' },
      explain: { formula: 'round(rate * months * percent / 100)' },
    },
  });
  await cancel(customerId, serviceId, on);
  await advance(2);
  expect(await linesOf(customerId)).toContainEqual(['Early termination', 16500]);
  expect(await contractOf(serviceId, on)).toBeNull();
  await advance(31);
  expect((await linesOf(customerId)).filter(([what]) => what === 'Early termination')).toHaveLength(1);
  await proved();
});

test('a waiver, or the end of the term, costs nothing', async () => {
  const waived = await service();
  await agree({ serviceId: waived.serviceId, months: 24, fee: 'FIXED', feeMinor: '9900' });
  const waive = (because: string) =>
    mutate(
      'waiveEarlyTermination',
      'WaiveEarlyTerminationInput',
      { serviceId: waived.serviceId, because },
      '... on Contract { waivedBecause } ... on ConflictError { reason } ... on ValidationError { field }',
    );
  expect(await waive(' ')).toMatchObject({ field: 'input.because' });
  expect(await waive('moves abroad')).toMatchObject({ waivedBecause: 'moves abroad' });
  expect(await waive('again')).toMatchObject({ reason: 'WAIVED' });
  const over = await service();
  await agree({ serviceId: over.serviceId, months: 1, renewMonths: 0, fee: 'DECLINING', feeMinor: '9900' });
  await advance(35);
  const on = plusDays(isp.today(), 1);
  for (const { customerId, serviceId } of [waived, over]) await cancel(customerId, serviceId, on);
  await advance(2);
  for (const { customerId } of [waived, over]) expect(await linesOf(customerId)).toEqual([]);
});

test.each([
  [{ months: 0, fee: 'NONE' }, 'input.months'],
  [{ months: 12, fee: 'FIXED' }, 'input.feeMinor'],
  [{ months: 12, fee: 'FIXED', feeMinor: '0' }, 'input.feeMinor'],
  [{ months: 12, fee: 'REMAINING_MONTHS', feePercent: '101' }, 'input.feePercent'],
  [{ months: 12, fee: 'REMAINING_MONTHS', feePercent: '0' }, 'input.feePercent'],
  [{ months: 12, renewMonths: -1, fee: 'NONE' }, 'input.renewMonths'],
])('terms %o are refused at %s', async (terms, field) => {
  const { serviceId } = await service();
  expect(await agree({ serviceId, ...terms })).toMatchObject({ __typename: 'ValidationError', field });
});

test('a device in three instalments: each on its month, the rest with the end of the service, in all its price', async () => {
  const { customerId, serviceId } = await service();
  const deliver = (input: object) =>
    mutate(
      'deliverEquipment',
      'DeliverEquipmentInput',
      { customerId, serviceId, description: 'Router', price: usd(10000), ...input },
      '... on Equipment { id instalments } ... on ValidationError { field }',
    );
  expect(await deliver({ kind: 'SALE', instalments: 3 })).toMatchObject({ field: 'input.instalments' });
  expect(await deliver({ kind: 'SALE', price: { amount: '1', currency: 'EUR' } })).toMatchObject({
    field: 'input.price.currency',
  });
  await deliver({ kind: 'INSTALMENTS', instalments: 3 });
  const feesOf = async () =>
    (
      await isp.tenant.services.database
        .selectFrom('billing.fee')
        .select('amountMinor')
        .where('customerId', '=', customerId)
        .orderBy('id')
        .execute()
    ).map((fee) => Number(fee.amountMinor));
  await advance(1);
  expect(await feesOf()).toEqual([3334]);
  await cancel(customerId, serviceId, plusDays(isp.today(), 2));
  await advance(4);
  expect(await linesOf(customerId)).toEqual([
    ['Router, instalment 1 of 3', 3334],
    ['Router, instalment 2 of 3', 3333],
    ['Router, instalment 3 of 3', 3333],
  ]);
  await advance(70);
  expect(await linesOf(customerId)).toHaveLength(3);
  await proved();
});

test('what is on loan is brought back or paid, once', async () => {
  const { customerId } = await service();
  const lend = () =>
    mutate(
      'deliverEquipment',
      'DeliverEquipmentInput',
      { customerId, kind: 'LOAN', description: 'ONT', price: usd(8000) },
      '... on Equipment { id }',
    );
  const end = (name: string, equipmentId: unknown) =>
    mutate(name, 'EquipmentInput', { equipmentId }, '... on ConflictError { reason }');
  const [back, lost] = [await lend(), await lend()];
  expect(await end('returnEquipment', back.id)).toMatchObject({ __typename: 'Equipment' });
  expect(await end('chargeUnreturnedEquipment', back.id)).toMatchObject({ reason: 'RETURNED' });
  expect(await end('chargeUnreturnedEquipment', lost.id)).toMatchObject({ __typename: 'Equipment' });
  expect(await end('chargeUnreturnedEquipment', lost.id)).toMatchObject({ reason: 'CHARGED' });
  await advance(32);
  expect(await linesOf(customerId)).toEqual([['ONT, not brought back', 8000]]);
});

test('a rented device is charged by its days, credited when it comes back, and paid when it does not', async () => {
  const customerId = await isp.createCustomer();
  await isp.activate(customerId, await isp.createPlan(7000n, { terms: { intervalUnit: 'WEEK' } }));
  const { createPlan } = await isp.ask<{ createPlan: { id: string } }>(
    `mutation ($input: CreatePlanInput!) { createPlan(input: $input) { ... on Plan { id } } }`,
    {
      input: {
        name: 'Router rental',
        kind: 'ADD_ON',
        terms: { price: usd(700), intervalUnit: 'WEEK', productClass: 'equipment' },
      },
    },
  );
  const rent = (planId?: string) =>
    mutate(
      'deliverEquipment',
      'DeliverEquipmentInput',
      { customerId, kind: 'RENTAL', description: 'Router', price: usd(8000), planId },
      '... on Equipment { id } ... on ValidationError { field }',
    );
  expect(await rent()).toMatchObject({ field: 'input.planId' });
  const [back, lost] = [await rent(createPlan.id), await rent(createPlan.id)];
  await isp.ask('mutation { runBilling(input: {}) { __typename } }');
  await advance(2);
  await mutate('returnEquipment', 'EquipmentInput', { equipmentId: back.id }, '');
  await mutate('chargeUnreturnedEquipment', 'EquipmentInput', { equipmentId: lost.id }, '');
  await advance(8);
  const rows = await isp.tenant.services.database
    .selectFrom('billing.documentLine as line')
    .innerJoin('billing.document as document', 'document.id', 'line.documentId')
    .select(['line.serviceLineId', 'line.netMinor'])
    .where('document.customerId', '=', customerId)
    .where('line.productClass', '=', 'equipment')
    .execute();
  // 7.00 charged, five of seven days back; the one that is lost costs its price too.
  const sums = Map.groupBy(rows, ({ serviceLineId }) => serviceLineId.split(':')[0]);
  expect(
    sums
      .get('rental')
      ?.map(({ netMinor }) => Number(netMinor))
      .sort((a, b) => a - b),
  ).toEqual([-500, -500, 700, 700]);
  expect(await linesOf(customerId)).toEqual([['Router, not brought back', 8000]]);
  await proved();
});

test('what others agreed is out of reach', async () => {
  const { customerId, serviceId } = await service();
  await agree({ serviceId, months: 12, fee: 'NONE' });
  const intruder = subscriber(await isp.createCustomer());
  const query = `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Service { contract { id } } } }`;
  const r = [{ __typename: 'Service', id: serviceId }];
  const seen = async (who: typeof intruder) =>
    (await isp.tenant.ask<{ _entities: { contract: unknown }[] }>('billing', query, { r }, who)).data
      ?._entities[0];
  expect(await seen(intruder)).toEqual({ contract: null });
  expect(await seen(subscriber(customerId))).toMatchObject({ contract: { id: expect.any(String) } });
  for (const mutation of [
    `agreeContract(input: { serviceId: "${serviceId}", months: 1, fee: NONE })`,
    `waiveEarlyTermination(input: { serviceId: "${serviceId}", because: "x" })`,
    `deliverEquipment(input: { customerId: "${customerId}", kind: LOAN, description: "x", price: { amount: "1", currency: "USD" } })`,
  ]) {
    const { errors } = await isp.tenant.ask(
      'billing',
      `mutation { ${mutation} { __typename } }`,
      {},
      intruder,
    );
    expect(errors?.[0]?.extensions, mutation).toMatchObject({ missingScope: 'billing:write' });
  }
});
