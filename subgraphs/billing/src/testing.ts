import { startTestRuntime, type TestRuntime, testTenant } from '@dotmac/harness';
import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, type NewEvent, newId, type TenantSettings } from '@dotmac/platform';
import { anonymous, type Principal, type TenantEvents } from '@dotmac/schema';
import { sql } from 'kysely';
import { billing } from './index.ts';
import type { ProviderOptions } from './provider/providers.ts';

/** A tenant's runtime with billing alone; what other subgraphs would say is appended as their events. */
export interface BillingHarness extends AsyncDisposable {
  readonly tenant: TestRuntime<TenantDatabase, TenantEvents>;
  ask<Data>(query: string, variables?: Record<string, unknown>): Promise<Data>;
  append(...events: NewEvent<TenantEvents>[]): Promise<void>;
  today(): string;
  createPlan(minor: bigint, more?: { name?: string; terms?: Record<string, unknown> }): Promise<string>;
  /** What a payment provider would post. */
  webhook(name: string, message: { body: string; headers: Record<string, string> }): Promise<string>;
  /** A customer with an account. */
  createCustomer(name?: string): Promise<string>;
  /** A service that billing knows of, active from a day on. */
  activate(customerId: string, planId: string, on?: string): Promise<string>;
  /** Accounting tells what a service used on a day. */
  use(serviceId: string, day: string, octets: bigint, complete?: boolean): Promise<void>;
  /** Resolves when every consumer has handled all events so far. */
  settled(): Promise<void>;
}

export async function startBilling(
  settings: TenantSettings = testTenant,
  options: ProviderOptions = {},
): Promise<BillingHarness> {
  let module: ReturnType<typeof billing> | undefined;
  const tenant = await startTestRuntime<TenantDatabase, TenantEvents>(
    'tenant',
    (services) => {
      module = billing(services, options);
      return [module];
    },
    settings,
  );
  const { services } = tenant;
  const harness: BillingHarness = {
    tenant,
    ask: (query, variables) => tenant.data('billing', query, variables),
    append: (...events) =>
      services.database
        .transaction()
        .execute((transaction) => appendEvents<TenantEvents>(transaction, events)),
    today: () =>
      Temporal.Instant.fromEpochMilliseconds(services.clock.now())
        .toZonedDateTimeISO(settings.timeZone)
        .toPlainDate()
        .toString(),
    async createPlan(minor, { name = 'Fibre 100', terms = {} } = {}) {
      const speed = { speedBitsPerSecond: '100000000' };
      const { createPlan } = await harness.ask<{ createPlan: { id: string } }>(
        `mutation ($input: CreatePlanInput!) { createPlan(input: $input) { __typename ... on Plan { id } ... on Failure { message } } }`,
        {
          input: {
            name,
            terms: {
              price: { amount: `${minor}`, currency: settings.currency },
              shaping: { downstream: speed, upstream: speed },
              ...terms,
            },
          },
        },
      );
      return createPlan.id;
    },
    async webhook(name, { body, headers }) {
      return (await module?.webhooks?.receive(name, Buffer.from(body), headers)) ?? '';
    },
    async createCustomer(name = 'Ada') {
      const customerId = newId('cus', services.clock);
      await harness.append({
        type: 'customer.created',
        subject: customerId,
        payload: { customerId, name, email: null },
        occurredAt: services.clock.now(),
        actor: 'test',
      });
      await harness.settled();
      return customerId;
    },
    async activate(customerId, planId, on = harness.today()) {
      const serviceId = newId('svc', services.clock);
      await harness.append({
        type: 'service.activated',
        subject: serviceId,
        payload: { serviceId, customerId, planId, on },
        occurredAt: services.clock.now(),
        actor: 'test',
      });
      await harness.settled();
      return serviceId;
    },
    async use(serviceId, day, octets, complete = true) {
      await harness.append({
        type: 'usage.recorded',
        subject: serviceId,
        payload: { serviceId, day, downstreamOctets: `${octets}`, upstreamOctets: '0', complete },
        occurredAt: services.clock.now(),
        actor: 'test',
      });
      await harness.settled();
    },
    async settled() {
      await services.events.flush();
      const consumers = module?.consumers ?? [];
      const heard = consumers.flatMap(({ name, types }) => types.map((type) => ({ name, type })));
      await tenant.eventually(
        async () => {
          const { rows } = await sql<{ waiting: bigint }>`
            select count(*) + ${consumers.length}::int - (select count(*) from events.consumer
              where name = any(${consumers.map(({ name }) => name)})) as waiting from events.event e
            join events.consumer c on e.position is null or e.position > c.position
            where (c.name, e.type) in (
              select * from unnest(${heard.map(({ name }) => name)}::text[], ${heard.map(({ type }) => type)}::text[]))`.execute(
            services.database,
          );
          return rows[0]?.waiting;
        },
        (waiting) => waiting === 0n,
      );
    },
    [Symbol.asyncDispose]: () => tenant[Symbol.asyncDispose](),
  };
  return harness;
}

/** A subscriber signed in to his portal. */
export const subscriber = (customerId: string): Principal => ({
  ...anonymous,
  kind: 'subscriber',
  id: customerId,
  customerId,
  roles: ['SUBSCRIBER'],
});

/** The day so many days after an ISO date. */
export const plusDays = (date: string, days: number): string =>
  Temporal.PlainDate.from(date).add({ days }).toString();
