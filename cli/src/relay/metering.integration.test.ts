import { startTestRuntime, type TestRuntime, testTenant } from '@dotmac/harness';
import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, localDateAt } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import { billing } from '@dotmac/subgraph-billing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { meterTenant } from './metering.ts';

type Runtime = TestRuntime<TenantDatabase, TenantEvents>;
let isp: Runtime;
let zero: Runtime;
beforeAll(async () => {
  const start = (id: string) =>
    startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => [billing(services)], {
      ...testTenant,
      id,
      slug: id.slice(4),
      timeZone: 'UTC',
    });
  [isp, zero] = await Promise.all([start('ten_alpha'), start('ten_zero')]);
});
afterAll(async () => {
  await isp[Symbol.asyncDispose]();
  await zero[Symbol.asyncDispose]();
});

const asking = (runtime: Runtime) => ({
  ask: <Data>(query: string, variables?: Record<string, unknown>) =>
    runtime.data<Data>('billing', query, variables),
});
const today = (runtime: Runtime) => localDateAt(runtime.services.clock.now(), 'UTC');

/** What subscribers and customers would tell. */
async function tell(runtime: Runtime, ...events: Parameters<typeof appendEvents<TenantEvents>>[1]) {
  await runtime.services.database
    .transaction()
    .execute((transaction) => appendEvents<TenantEvents>(transaction, events));
}

async function subscribers(count: number): Promise<void> {
  const common = { occurredAt: isp.services.clock.now(), actor: 'test' };
  for (let n = 0; n < count; n += 1) {
    const [customerId, serviceId] = [`cus_${n}`, `svc_${n}`];
    const payload = { serviceId, customerId, planId: 'pln_unknown', on: today(isp) };
    await tell(isp, { type: 'service.activated', subject: serviceId, payload, ...common });
  }
}

test('the days an ISP counted stand in the books of tenant zero, once, with their proof', async () => {
  const books = asking(zero);
  await books.ask(
    `mutation { createPlan(input: { name: "Card", kind: RATE_CARD, terms: { price: { amount: "0", currency: "USD" }, productClass: "other",
      bands: [{ unitPrice: "150" }] } }) { __typename } }`,
  );
  const customerId = 'cus_alpha';
  await tell(zero, {
    type: 'customer.created',
    subject: customerId,
    payload: { customerId, name: 'Alpha Net', email: null },
    occurredAt: zero.services.clock.now(),
    actor: 'test',
  });
  const from = today(isp);
  const carry = () => meterTenant(asking(isp), books, 'ten_alpha', today(isp));
  // Without an account there is nobody to bill.
  expect(await carry()).toBe(0);
  await zero.eventually(
    () =>
      books.ask<{ openPlatformAccount: { __typename: string } }>(
        `mutation { openPlatformAccount(input: { tenantId: "ten_alpha", customerId: "${customerId}" }) { __typename } }`,
      ),
    (answer) => answer.openPlatformAccount.__typename === 'PlatformAccount',
  );

  await subscribers(3);
  await isp.services.advanceClock(2 * 86_400_000);
  expect(await carry()).toBe(2);
  expect(await carry()).toBe(0);
  // A demo ahead of everybody else's time, over more than one portion.
  await isp.services.advanceClock(70 * 86_400_000);
  expect(await meterTenant(asking(isp), books, 'ten_alpha', from)).toBe(70);

  const to = today(isp);
  type Told = { localDate: string; activeSubscribers: number; digest: string };
  const { platformAccount } = await books.ask<{ platformAccount: { days: Told[] } }>(
    `{ platformAccount(tenantId: "ten_alpha") { days(from: "${from}", to: "${to}") { localDate activeSubscribers digest } } }`,
  );
  expect(platformAccount.days).toHaveLength(72);
  expect(platformAccount.days.every((day) => day.activeSubscribers === 3)).toBe(true);
  const { meteredDays } = await asking(isp).ask<{ meteredDays: Told[] }>(
    `{ meteredDays(from: "${from}", to: "${Temporal.PlainDate.from(from).add({ days: 62 })}") { localDate activeSubscribers digest } }`,
  );
  expect(platformAccount.days.slice(0, 62)).toEqual(meteredDays);
});

test('a count that contradicts what is recorded is refused and named', async () => {
  const books = asking(zero);
  const forged = {
    ask: async <Data>() =>
      ({
        meteredDays: [
          {
            localDate: Temporal.PlainDate.from(today(isp)).toString(),
            activeSubscribers: 1,
            digest: 'f'.repeat(64),
          },
        ],
      }) as Data,
  };
  let asked = 0;
  const once = {
    ask: <Data>() => (asked++ === 0 ? forged.ask<Data>() : Promise.resolve({ meteredDays: [] } as Data)),
  };
  expect(await meterTenant(once, books, 'ten_alpha', today(isp))).toBe(1);
  await expect(
    books.ask<{ recordTenantDay: { reason?: string } }>(
      `mutation ($input: RecordTenantDayInput!) { recordTenantDay(input: $input) { ... on ConflictError { reason } } }`,
      {
        input: {
          tenantId: 'ten_alpha',
          localDate: today(isp),
          activeSubscribers: 1,
          digest: 'e'.repeat(64),
          eventId: `ten_alpha:${today(isp)}`,
        },
      },
    ),
  ).resolves.toEqual({ recordTenantDay: { reason: 'DAY_RECORDED' } });
});
