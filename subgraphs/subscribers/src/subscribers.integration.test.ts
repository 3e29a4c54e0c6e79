import { principalWith, startTestRuntime, type TestRuntime } from '@dotmac/harness';
import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, generateSigningKey } from '@dotmac/platform';
import { anonymous, type TenantEvents } from '@dotmac/schema';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { subscribers } from './index.ts';

let tenant: TestRuntime<TenantDatabase, TenantEvents>;
beforeAll(async () => {
  tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => [
    subscribers(services, { signingKey: generateSigningKey('test').key }),
  ]);
});
afterAll(() => tenant[Symbol.asyncDispose]());

const createCustomer = `mutation ($input: CreateCustomerInput!) {
  createCustomer(input: $input) { __typename ... on Customer { id number name email } ... on Failure { code message } }
}`;
interface Created {
  createCustomer: { __typename: string; id: string; number: string; name: string; code: string };
}
const create = async (input: object) =>
  (await tenant.data<Created>('subscribers', createCustomer, { input })).createCustomer;

const orderService = `mutation ($input: OrderServiceInput!) {
  orderService(input: $input) { __typename ... on Service { id state } ... on Failure { code } }
}`;
const order = async (customerId: string) => {
  const data = await tenant.data<{ orderService: { id: string; state: string; code: string } }>(
    'subscribers',
    orderService,
    {
      input: { customerId, planId: 'pln_1' },
    },
  );
  return data.orderService;
};
const serviceState = async (id: string) => {
  const query = '{ service(id: "$id") { state locks { reason because } activatedOn } }'.replace('$id', id);
  return (
    await tenant.data<{
      service: { state: string; locks: { reason: string }[]; activatedOn: string | null };
    }>('subscribers', query)
  ).service;
};
const append = (event: Parameters<typeof appendEvents<TenantEvents>>[1][number]) =>
  tenant.services.database
    .transaction()
    .execute((transaction) => appendEvents<TenantEvents>(transaction, [event]));

describe('customers', () => {
  test('two with one e-mail address are a conflict that says so', async () => {
    expect(await create({ name: 'Ada', email: 'ada@example.net' })).toMatchObject({
      __typename: 'Customer',
      name: 'Ada',
    });
    expect(await create({ name: 'Imposter', email: 'ADA@example.net' })).toMatchObject({
      __typename: 'ConflictError',
      code: 'CONFLICT',
    });
  });

  test('the list pages by number in both directions and finds by part of a name', async () => {
    for (const name of ['Page One', 'Page Two', 'Page Three']) await create({ name });
    const query = `query ($first: Int, $after: String, $last: Int) { customers(first: $first, after: $after, last: $last, search: "page") {
      edges { node { name } } pageInfo { hasNextPage endCursor } } }`;
    interface Page {
      customers: {
        edges: { node: { name: string } }[];
        pageInfo: { hasNextPage: boolean; endCursor: string };
      };
    }
    const names = (page: Page) => page.customers.edges.map((edge) => edge.node.name);
    const first = await tenant.data<Page>('subscribers', query, { first: 2 });
    expect(names(first)).toEqual(['Page One', 'Page Two']);
    expect(first.customers.pageInfo.hasNextPage).toBe(true);
    const rest = await tenant.data<Page>('subscribers', query, {
      first: 2,
      after: first.customers.pageInfo.endCursor,
    });
    expect(names(rest)).toEqual(['Page Three']);
    expect(names(await tenant.data<Page>('subscribers', query, { last: 1 }))).toEqual(['Page Three']);
  });

  test('a search is text, not a pattern', async () => {
    const query = '{ customers(search: "%") { edges { node { id } } } }';
    expect(await tenant.data('subscribers', query)).toEqual({ customers: { edges: [] } });
  });
});

describe('services', () => {
  test('one becomes active when its access is confirmed, once', async () => {
    const customer = await create({ name: 'Active' });
    const service = await order(customer.id);
    expect(service.state).toBe('ORDERED');
    const ready = {
      type: 'access.ready',
      subject: service.id,
      payload: { serviceId: service.id, username: 'u', address: null, deviceId: null },
      occurredAt: tenant.services.clock.now(),
      actor: 'system:network',
    } as const;
    await append(ready);
    await append(ready);
    await tenant.eventually(
      () => serviceState(service.id),
      (answer) => answer.state === 'ACTIVE',
    );
    await tenant.services.events.flush();
    const activations = (await tenant.services.events.read(0n, { types: ['service.activated'] })).filter(
      (event) => event.subject === service.id,
    );
    expect(activations).toHaveLength(1);
  });

  test("locks are by reason: lifting billing's leaves another", async () => {
    const customer = await create({ name: 'Locked' });
    const service = await order(customer.id);
    await append({
      type: 'access.ready',
      subject: service.id,
      payload: { serviceId: service.id, username: 'u', address: null, deviceId: null },
      occurredAt: 0,
      actor: 'system:network',
    });
    const lock = `mutation ($input: LockServiceInput!) { lockService(input: $input) { __typename ... on Failure { code } } }`;
    await tenant.data('subscribers', lock, {
      input: { serviceId: service.id, reason: 'ABUSE', because: 'spam' },
    });
    const billing = (type: 'billing.lock.requested' | 'billing.lock.lifted') =>
      append({
        type,
        subject: customer.id,
        payload: { customerId: customer.id, because: 'unpaid' },
        occurredAt: 0,
        actor: 'system:billing',
      });
    await billing('billing.lock.requested');
    await tenant.eventually(
      () => serviceState(service.id),
      (answer) => answer.locks.length === 2,
    );
    await billing('billing.lock.lifted');
    const left = await tenant.eventually(
      () => serviceState(service.id),
      (answer) => answer.locks.length === 1,
    );
    expect(left).toMatchObject({ state: 'SUSPENDED', locks: [{ reason: 'ABUSE' }] });
  });

  test('a lock that slows down leaves the service active, becomes one that closes, and is lifted as one', async () => {
    const customer = await create({ name: 'Slowed' });
    const service = await order(customer.id);
    const about = { subject: customer.id, occurredAt: 0, actor: 'system:billing' };
    const { id: customerId } = customer;
    await append({
      ...about,
      type: 'access.ready',
      subject: service.id,
      payload: { serviceId: service.id, username: 'u', address: null, deviceId: null },
    });
    const to = { downstream: { bitsPerSecond: '1000000' }, upstream: { bitsPerSecond: '512000' } };
    const locks = async () =>
      (
        await tenant.data<{ service: { state: string; locks: unknown[] } }>(
          'subscribers',
          'query ($id: ID!) { service(id: $id) { state locks { reason closes downstreamAtMost upstreamAtMost } } }',
          { id: service.id },
        )
      ).service;
    await append({
      ...about,
      type: 'billing.slow.requested',
      payload: { customerId, because: 'step slow', to },
    });
    const slowed = await tenant.eventually(
      locks,
      ({ locks: [lock], state }) => lock !== undefined && state !== 'ORDERED',
    );
    expect(slowed).toEqual({
      state: 'ACTIVE',
      locks: [{ reason: 'BILLING', closes: false, downstreamAtMost: '1000000', upstreamAtMost: '512000' }],
    });
    await append({ ...about, type: 'billing.lock.requested', payload: { customerId, because: 'unpaid' } });
    expect(await tenant.eventually(locks, ({ state }) => state === 'SUSPENDED')).toMatchObject({
      locks: [{ reason: 'BILLING', closes: true, downstreamAtMost: null }],
    });
    await append({ ...about, type: 'billing.lock.lifted', payload: { customerId, because: 'paid' } });
    await tenant.eventually(locks, ({ locks: { length } }) => length === 0);
    await tenant.services.events.flush();
    const told = (await tenant.services.events.read(0n, { types: ['service.locks.changed'] }))
      .filter(({ subject }) => subject === service.id)
      .map(({ payload }) => payload);
    expect(told).toMatchObject([
      { locks: [], slowed: { reason: 'BILLING', to } },
      { locks: ['BILLING'], slowed: null },
      { locks: [], slowed: null },
    ]);
  });

  test('what a customer orders while billing keeps him closed or slow begins so, in one transaction with its order', async () => {
    const customer = await create({ name: 'In arrears' });
    const { id: customerId } = customer;
    const first = await order(customerId);
    const about = { subject: customerId, occurredAt: 0, actor: 'system:billing' };
    const to = { downstream: { bitsPerSecond: '1000000' }, upstream: { bitsPerSecond: '512000' } };
    const lockOf = async (serviceId: string) =>
      (
        await tenant.data<{ service: { locks: object[] } }>(
          'subscribers',
          'query ($id: ID!) { service(id: $id) { locks { reason closes downstreamAtMost } } }',
          { id: serviceId },
        )
      ).service.locks;
    await append({ ...about, type: 'billing.slow.requested', payload: { customerId, because: 'slow', to } });
    await tenant.eventually(
      () => lockOf(first.id),
      ({ length }) => length === 1,
    );
    const slow = await order(customerId);
    expect(await lockOf(slow.id)).toEqual([
      { reason: 'BILLING', closes: false, downstreamAtMost: '1000000' },
    ]);
    // Nobody has a service that shows it: the lock is the customer's.
    for (const { id } of [first, slow])
      await tenant.data(
        'subscribers',
        `mutation { cancelService(input: { serviceId: "${id}" }) { __typename } }`,
      );
    await append({ ...about, type: 'billing.lock.requested', payload: { customerId, because: 'unpaid' } });
    await tenant.eventually(
      () =>
        tenant.services.database
          .selectFrom('subscribers.billingLock')
          .selectAll()
          .where('customerId', '=', customerId)
          .executeTakeFirst(),
      (lock) => lock !== undefined && lock.slowTo === null,
    );
    const closed = await order(customerId);
    expect(await lockOf(closed.id)).toEqual([{ reason: 'BILLING', closes: true, downstreamAtMost: null }]);
    await tenant.services.events.flush();
    const told = (
      await tenant.services.events.read(0n, { types: ['service.ordered', 'service.locks.changed'] })
    ).filter(({ subject }) => subject === slow.id || subject === closed.id);
    expect(told.map(({ type, subject }) => [type, subject])).toEqual([
      ['service.ordered', slow.id],
      ['service.locks.changed', slow.id],
      ['service.ordered', closed.id],
      ['service.locks.changed', closed.id],
    ]);
    expect(told.map(({ payload }) => payload)).toMatchObject([
      {},
      { locks: [], slowed: { reason: 'BILLING', to, because: 'slow' } },
      {},
      { locks: ['BILLING'], because: 'unpaid' },
    ]);
    await append({ ...about, type: 'billing.lock.lifted', payload: { customerId, because: 'paid' } });
    await tenant.eventually(
      () => lockOf(closed.id),
      ({ length }) => length === 0,
    );
    expect(await lockOf((await order(customerId)).id)).toEqual([]);
  });

  test('the end of dunning ends every service of the customer, once', async () => {
    const [debtor, other] = [await create({ name: 'Debtor' }), await create({ name: 'Other' })];
    const services = [await order(debtor.id), await order(debtor.id)];
    const kept = await order(other.id);
    const requested = () =>
      append({
        type: 'billing.termination.requested',
        subject: debtor.id,
        payload: { customerId: debtor.id, on: '2026-11-02', because: 'invoices are overdue' },
        occurredAt: 0,
        actor: 'system:billing',
      });
    await requested();
    await requested();
    for (const { id } of services)
      await tenant.eventually(
        () => serviceState(id),
        ({ state }) => state === 'CANCELLED',
      );
    expect((await serviceState(kept.id)).state).toBe('ORDERED');
    await tenant.services.events.flush();
    const told = await tenant.services.events.read(0n, { types: ['service.cancelled'] });
    const ids = services.map(({ id }) => id);
    expect(told.filter(({ subject }) => ids.includes(subject)).map(({ payload }) => payload)).toEqual(
      ids.map((serviceId) => ({ serviceId, customerId: debtor.id, on: '2026-11-02' })),
    );
  });

  test('a plan that was ordered is that of the service, told once however often the order comes', async () => {
    const customer = await create({ name: 'Upgraded' });
    const service = await order(customer.id);
    const orderPlan = (planId: string) =>
      append({
        type: 'service.plan.change.ordered',
        subject: service.id,
        payload: { serviceId: service.id, customerId: customer.id, planId, on: '2026-11-02' },
        occurredAt: 0,
        actor: 'system:billing',
      });
    await orderPlan('pln_2');
    await orderPlan('pln_2');
    await orderPlan('pln_3');
    const changes = await tenant.eventually(
      async () => {
        const events = await tenant.services.events.read(0n, { types: ['service.plan.changed'] });
        return events.filter(({ subject }) => subject === service.id).map(({ payload }) => payload);
      },
      (told) => told.length >= 2,
    );
    const { id: serviceId } = service;
    expect(changes).toEqual([
      { serviceId, customerId: customer.id, fromPlanId: 'pln_1', planId: 'pln_2', on: '2026-11-02' },
      { serviceId, customerId: customer.id, fromPlanId: 'pln_2', planId: 'pln_3', on: '2026-11-02' },
    ]);
  });

  test('nobody sets a billing lock by hand', async () => {
    const customer = await create({ name: 'By hand' });
    const service = await order(customer.id);
    const lock = `mutation ($input: LockServiceInput!) { lockService(input: $input) { __typename ... on ValidationError { field } } }`;
    expect(
      await tenant.data('subscribers', lock, {
        input: { serviceId: service.id, reason: 'BILLING', because: 'x' },
      }),
    ).toEqual({
      lockService: { __typename: 'ValidationError', field: 'input.reason' },
    });
  });
});

describe('access', () => {
  test('without the scope nothing is read, entities included, and the refusal names the scope', async () => {
    const customer = await create({ name: 'Private' });
    for (const principal of [anonymous, principalWith('billing:read')]) {
      const list = await tenant.ask('subscribers', '{ customers { edges { node { id } } } }', {}, principal);
      expect(list.errors?.[0]?.extensions).toMatchObject({
        code: 'FORBIDDEN',
        missingScope: 'customers:read',
      });
      const entity = await tenant.ask(
        'subscribers',
        'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Customer { name } } }',
        { r: [{ __typename: 'Customer', id: customer.id }] },
        principal,
      );
      expect(JSON.stringify(entity)).not.toContain('Private');
    }
  });

  test('a subscriber reaches himself and nobody else', async () => {
    const own = await create({ name: 'Own' });
    const other = await create({ name: 'Other' });
    const me = {
      ...anonymous,
      kind: 'subscriber',
      id: own.id,
      customerId: own.id,
      roles: ['SUBSCRIBER'],
    } as const;
    const query = `query ($r: [_Any!]!) { viewerCustomer { name } _entities(representations: $r) { ... on Customer { name } } }`;
    const mine = await tenant.ask('subscribers', query, { r: [{ __typename: 'Customer', id: own.id }] }, me);
    expect(mine).toEqual({ data: { viewerCustomer: { name: 'Own' }, _entities: [{ name: 'Own' }] } });
    const theirs = await tenant.ask(
      'subscribers',
      query,
      { r: [{ __typename: 'Customer', id: other.id }] },
      me,
    );
    expect(JSON.stringify(theirs)).not.toContain('Other');
  });
});
