import { principalWith, startTestRuntime, type TestRuntime } from '@dotmac/harness';
import type { TenantDatabase } from '@dotmac/migrations';
import { generateSigningKey } from '@dotmac/platform';
import type { Bundle, Principal, TenantEvents } from '@dotmac/schema';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { subscribers } from './index.ts';

let tenant: TestRuntime<TenantDatabase, TenantEvents>;
let customerId: string;
const staff = (...bundles: Bundle[]): Principal => ({
  ...principalWith('customers:read', 'customers:write'),
  bundles,
});
const ask = <Data>(query: string, variables: object, principal: Principal) =>
  tenant.ask<Data>('subscribers', query, variables as Record<string, unknown>, principal);
/** A spread that no member of the union fits would be refused. */
const bundle = '... on BundleRequiredError { bundle } ... on ValidationError { field }';
const conflict = '... on ConflictError { reason }';
const mutate = async (
  field: string,
  type: string,
  selection: string,
  input: object,
  principal: Principal,
) => {
  const query = `mutation ($input: ${type}!) { ${field}(input: $input) { __typename ${selection} ... on Failure { code } } }`;
  const { data, errors } = await ask<Record<string, Record<string, unknown>>>(query, { input }, principal);
  return errors?.[0]?.extensions ?? data?.[field] ?? {};
};
beforeAll(async () => {
  tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => [
    subscribers(services, { signingKey: generateSigningKey('test').key }),
  ]);
  const created = await mutate(
    'createCustomer',
    'CreateCustomerInput',
    '... on Customer { id }',
    { name: 'Ada' },
    staff(),
  );
  customerId = String(created.id);
});
afterAll(() => tenant[Symbol.asyncDispose]());

describe('ADVANCED_CRM', () => {
  const crm = staff('ADVANCED_CRM');
  const add = (input: object, principal = crm) =>
    mutate(
      'addFollowUp',
      'AddFollowUpInput',
      `... on FollowUp { id what customer { name } } ${bundle}`,
      input,
      principal,
    );
  const complete = (input: object, principal = crm) =>
    mutate(
      'completeFollowUp',
      'CompleteFollowUpInput',
      `... on FollowUp { outcome doneBy } ${bundle} ${conflict}`,
      input,
      principal,
    );

  test('is what its fields ask for, by name', async () => {
    const other = staff('FIELD_OPERATIONS');
    const missing = { bundle: 'ADVANCED_CRM', code: 'BUNDLE_REQUIRED' };
    expect(await add({ customerId, what: 'Call', dueOn: '2026-12-01' }, other)).toMatchObject(missing);
    expect(await complete({ id: 'fup_x' }, other)).toMatchObject(missing);
    const { errors } = await ask('{ followUps(dueBy: "2027-01-01") { id } }', {}, other);
    expect(errors?.[0]?.extensions).toMatchObject(missing);
    const noScope = { ...principalWith('billing:read'), bundles: crm.bundles };
    expect(await add({ customerId, what: 'Call', dueOn: '2026-12-01' }, noScope)).toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  test('keeps what was promised until it is done, once', async () => {
    expect(await add({ customerId, what: ' ', dueOn: '2026-12-01' })).toMatchObject({ field: 'input.what' });
    expect(await add({ customerId: 'cus_none', what: 'x', dueOn: '2026-12-01' })).toMatchObject({
      code: 'NOT_FOUND',
    });
    await add({ customerId, what: 'Offer fibre', dueOn: '2026-12-05' });
    const first = await add({ customerId, what: 'Call back', dueOn: '2026-12-01' });
    expect(first).toMatchObject({ customer: { name: 'Ada' } });
    const open = async (dueBy: string) =>
      (await ask<{ followUps: { what: string }[] }>(`{ followUps(dueBy: "${dueBy}") { what } }`, {}, crm))
        .data?.followUps;
    expect(await open('2026-12-31')).toEqual([{ what: 'Call back' }, { what: 'Offer fibre' }]);
    expect(await complete({ id: first.id, outcome: 'Agreed' })).toMatchObject({ outcome: 'Agreed' });
    expect(await complete({ id: first.id })).toMatchObject({ reason: 'DONE' });
    expect(await complete({ id: 'fup_none' })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await open('2026-12-31')).toEqual([{ what: 'Offer fibre' }]);
  });
});

describe('FIELD_OPERATIONS', () => {
  const field = staff('FIELD_OPERATIONS');
  const create = (input: object, principal = field) =>
    mutate(
      'createWorkOrder',
      'CreateWorkOrderInput',
      `... on WorkOrder { id state next } ${bundle}`,
      input,
      principal,
    );
  const move = (input: object, principal = field) =>
    mutate(
      'moveWorkOrder',
      'MoveWorkOrderInput',
      `... on WorkOrder { state technician report } ${bundle} ${conflict}`,
      input,
      principal,
    );

  test('is what its fields ask for, by name', async () => {
    const other = staff('ADVANCED_CRM');
    const missing = { bundle: 'FIELD_OPERATIONS', code: 'BUNDLE_REQUIRED' };
    expect(await create({ customerId, what: 'Install' }, other)).toMatchObject(missing);
    expect(await move({ id: 'wko_x', state: 'ASSIGNED' }, other)).toMatchObject(missing);
    const { errors } = await ask('{ workOrders { id } }', {}, other);
    expect(errors?.[0]?.extensions).toMatchObject(missing);
  });

  test('takes a visit from the order to its report, and nowhere that does not follow', async () => {
    const { id, ...order } = await create({ customerId, what: 'Install ONT', plannedOn: '2026-12-02' });
    expect(order).toMatchObject({ state: 'PENDING', next: ['ASSIGNED', 'FAILED'] });
    expect(await move({ id, state: 'COMPLETED' })).toMatchObject({ reason: 'STATE' });
    expect(await move({ id, state: 'ASSIGNED' })).toMatchObject({ field: 'input.technician' });
    await move({ id, state: 'ASSIGNED', technician: 'Grace' });
    await move({ id, state: 'IN_PROGRESS' });
    expect(await move({ id, state: 'COMPLETED' })).toMatchObject({ field: 'input.report' });
    const of = async (technician: string) =>
      (
        await ask<{ workOrders: { id: string }[] }>(
          `{ workOrders(technician: "${technician}") { id } }`,
          {},
          field,
        )
      ).data?.workOrders;
    expect(await of('Grace')).toEqual([{ id }]);
    expect(await of('Alan')).toEqual([]);
    expect(await move({ id, state: 'COMPLETED', report: '-19 dBm at the ONT' })).toMatchObject({
      state: 'COMPLETED',
      technician: 'Grace',
    });
    expect(await move({ id, state: 'IN_PROGRESS' })).toMatchObject({ reason: 'STATE' });
    expect(await of('Grace')).toEqual([]);
  });
});
