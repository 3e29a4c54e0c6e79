import { createHash } from 'node:crypto';
import { principalWith, testTenant } from '@dotmac/harness';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BillingHarness, plusDays, startBilling, subscriber } from '../testing.ts';
import { meteringDigest } from './rules-digest.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling({ ...testTenant, timeZone: 'America/Toronto' });
});
afterAll(() => isp[Symbol.asyncDispose]());

const nextDay = () => isp.tenant.services.advanceClock(86_400_000);

async function service(customerId: string, planId: string) {
  const serviceId = await isp.activate(customerId, planId);
  const said = { subject: serviceId, occurredAt: isp.tenant.services.clock.now(), actor: 'test' };
  const payload = { serviceId, customerId };
  const at = () => ({ ...said, occurredAt: isp.tenant.services.clock.now() });
  return {
    id: serviceId,
    lock: (...locks: 'BILLING'[]) =>
      isp.append({ type: 'service.locks.changed', payload: { ...payload, locks, because: 'test' }, ...at() }),
    cancel: (on: string) => isp.append({ type: 'service.cancelled', payload: { ...payload, on }, ...at() }),
  };
}

interface Day {
  readonly localDate: string;
  readonly activeSubscribers: number;
  readonly digest: string;
}

/** The days as they are told, and everybody of each, page by page. */
async function counted(from: string, to: string): Promise<(Day & { readonly ids: string[] })[]> {
  const { meteredDays } = await isp.ask<{ meteredDays: Day[] }>(
    'query ($from: LocalDate!, $to: LocalDate!) { meteredDays(from: $from, to: $to) { localDate activeSubscribers digest } }',
    { from, to },
  );
  const days = [];
  for (const day of meteredDays) {
    const ids: string[] = [];
    for (let after: string | null = null; ; ) {
      type Page = {
        meteredDays: {
          subscribers: {
            edges: { node: { id: string } }[];
            pageInfo: { hasNextPage: boolean; endCursor: string };
          };
        }[];
      };
      const {
        meteredDays: [page],
      }: Page = await isp.ask<Page>(
        `query ($from: LocalDate!, $to: LocalDate!, $after: String) { meteredDays(from: $from, to: $to) {
          subscribers(first: 2, after: $after) { edges { node { id } } pageInfo { hasNextPage endCursor } } } }`,
        { from: day.localDate, to: plusDays(day.localDate, 1), after },
      );
      ids.push(...(page?.subscribers.edges.map(({ node }) => node.id) ?? []));
      if (page?.subscribers.pageInfo.hasNextPage !== true) break;
      after = page.subscribers.pageInfo.endCursor;
    }
    days.push({ ...day, ids });
  }
  return days;
}

test('each day counts who had an open service at its close, once, and proves whom', async () => {
  const planId = await isp.createPlan(3000n);
  const customers = [];
  for (let n = 0; n < 5; n += 1) customers.push(await isp.createCustomer());
  const [stays = '', locked = '', leaves = '', two = '', never = ''] = customers;
  const day0 = isp.today();
  const stayer = await service(stays, planId);
  const debtor = await service(locked, planId);
  const leaver = await service(leaves, planId);
  // Two services are one subscriber, and one that is locked does not take him out.
  await (await service(two, planId)).lock('BILLING');
  const open = await service(two, planId);
  await (await service(never, planId)).lock('BILLING');

  await nextDay();
  await debtor.lock('BILLING');
  await leaver.cancel(isp.today());
  await nextDay();
  await debtor.lock();
  await nextDay();
  await nextDay();

  const days = await counted(day0, plusDays(day0, 4));
  const all = [stays, locked, leaves, two];
  const without = all.filter((id) => id !== locked && id !== leaves);
  const back = all.filter((id) => id !== leaves);
  expect(days.map(({ localDate, ids }) => [localDate, ids])).toEqual([
    [day0, all.toSorted()],
    [plusDays(day0, 1), without.toSorted()],
    [plusDays(day0, 2), back.toSorted()],
    [plusDays(day0, 3), back.toSorted()],
  ]);
  for (const { localDate, activeSubscribers, digest, ids } of days) {
    expect(activeSubscribers).toBe(ids.length);
    const text = `${localDate}\n${ids.map((id) => `${id}\n`).join('')}`;
    expect(digest).toBe(createHash('sha256').update(text).digest('hex'));
  }
  // Each with what made him count: of two services the one that is not locked.
  const { meteredDays } = await isp.ask<{
    meteredDays: { subscribers: { edges: { node: { id: string }; services: { id: string }[] }[] } }[];
  }>(
    'query ($from: LocalDate!, $to: LocalDate!) { meteredDays(from: $from, to: $to) { subscribers { edges { node { id } services { id } } } } }',
    { from: plusDays(day0, 1), to: plusDays(day0, 2) },
  );
  const reasons = Object.fromEntries(
    meteredDays[0]?.subscribers.edges.map(({ node, services }) => [node.id, services.map(({ id }) => id)]) ??
      [],
  );
  expect(reasons).toEqual({ [stays]: [stayer.id], [two]: [open.id] });
  // What is told of it later: the operator hears who should not have been counted, and the proof of the rest.
  await open.cancel(plusDays(day0, 3));
  await nextDay();
  const { recountedDay } = await isp.ask<{ recountedDay: object }>(
    'query ($day: LocalDate!) { recountedDay(localDate: $day) { activeSubscribers digest added removed } }',
    { day: plusDays(day0, 3) },
  );
  const left = back.filter((id) => id !== two).toSorted();
  expect(recountedDay).toEqual({
    activeSubscribers: left.length,
    digest: meteringDigest(plusDays(day0, 3), left),
    added: [],
    removed: [two],
  });
  expect((await counted(plusDays(day0, 3), plusDays(day0, 4)))[0]?.ids).toEqual(back.toSorted());
  // A day that is counted is not counted again, whatever is told of it afterwards.
  await expect(
    isp.tenant.services.database.updateTable('billing.meteredDay').set({ activeSubscribers: 0 }).execute(),
  ).rejects.toThrow('append-only');
});

test('is read with the scope of billing, in bounded portions', async () => {
  const { tenant } = isp;
  const query = (from: string, to: string, first = 1) =>
    `{ meteredDays(from: "${from}", to: "${to}") { digest subscribers(first: ${first}) { edges { node { id } } } } }`;
  const today = isp.today();
  for (const somebody of [principalWith('network:read', 'customers:read'), subscriber('cus_1')]) {
    const { data, errors } = await tenant.ask('billing', query(plusDays(today, -5), today), {}, somebody);
    expect(data?.meteredDays ?? null).toBeNull();
    expect(errors?.[0]?.extensions?.code).toBe('FORBIDDEN');
  }
  const ask = async (text: string) => (await tenant.ask('billing', text)).errors?.[0]?.message;
  expect(await ask(query(plusDays(today, -63), today))).toContain('more than 62 days');
  const { data } = await tenant.ask<{ meteredDays: { subscribers: { edges: unknown[] } }[] }>(
    'billing',
    query(plusDays(today, -1), today, 1_000_000),
  );
  expect(data?.meteredDays[0]?.subscribers.edges.length).toBeLessThanOrEqual(1000);
});
