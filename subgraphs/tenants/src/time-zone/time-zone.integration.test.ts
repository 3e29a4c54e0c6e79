import { principalWith, startTestRuntime, type TestRuntime } from '@dotmac/harness';
import type { PlatformDatabase } from '@dotmac/migrations';
import { generateSigningKey } from '@dotmac/platform';
import type { PlatformEvents } from '@dotmac/schema';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTenant, tenants } from '../index.ts';

let now = Date.parse('2026-11-30T12:00:00Z');
let platform: TestRuntime<PlatformDatabase, PlatformEvents>;
let ids: Record<'one' | 'two', string>;
beforeAll(async () => {
  platform = await startTestRuntime<PlatformDatabase, PlatformEvents>('platform', (services) => [
    tenants({ ...services, clock: { now: () => now } }, { identityKey: generateSigningKey('identity').key }),
  ]);
  const create = (slug: string) =>
    platform.services.database.transaction().execute(async (transaction) => {
      const input = { slug, name: slug, timeZone: 'America/Toronto', currency: 'CAD', country: 'CA' };
      const owned = { ...input, ownerEmail: `owner@${slug}.example` };
      return (await createTenant(platform.services, transaction, owned, 'usr_test')).id;
    });
  ids = { one: await create('one'), two: await create('two') };
});
afterAll(() => platform?.[Symbol.asyncDispose]());

async function change(
  tenantId: string,
  input: object,
  scope: 'tenant:write' | 'tenant:read' = 'tenant:write',
) {
  const { data, errors } = await platform.ask<{ changeTenantTimeZone: Record<string, unknown> }>(
    'tenants',
    `mutation ($input: ChangeTenantTimeZoneInput!) { changeTenantTimeZone(input: $input) { __typename
      ... on Failure { code message }
      ... on TenantTimeZoneChange { done today todayThen nextDayAt fingerprint } } }`,
    { input },
    { ...principalWith(scope), tenantId },
  );
  return errors?.[0]?.extensions ?? data?.changeTenantTimeZone ?? {};
}
const zoneOf = async (id: string) =>
  (
    await platform.services.database
      .selectFrom('tenants.tenant')
      .select('timeZone')
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
  ).timeZone;

describe('the zone of a tenant', () => {
  test('is changed as planned, with an event, and nobody else’s with it', async () => {
    const wanted = { timeZone: 'Europe/Berlin' };
    const plan = await change(ids.one, { ...wanted, mode: 'PLAN' });
    expect(plan).toMatchObject({
      done: false,
      today: '2026-11-30',
      todayThen: '2026-11-30',
      nextDayAt: '2026-11-30T23:00:00.000Z',
    });
    expect(await zoneOf(ids.one)).toBe('America/Toronto');
    const { fingerprint } = plan;
    const apply = { mode: 'APPLY', fingerprint };
    for (const [tenantId, input] of [
      [ids.two, { ...wanted, ...apply }],
      [ids.one, { timeZone: 'Europe/Paris', ...apply }],
    ] as const)
      expect(await change(tenantId, input)).toMatchObject({ __typename: 'StalePlanError' });
    expect(await change(ids.one, { ...wanted, ...apply })).toMatchObject({ done: true });
    expect([await zoneOf(ids.one), await zoneOf(ids.two)]).toEqual(['Europe/Berlin', 'America/Toronto']);
    await platform.services.events.flush();
    const events = await platform.services.events.read(0n, { types: ['tenant.timeZone.changed'] });
    expect(events.map(({ payload }) => payload)).toEqual([
      { tenantId: ids.one, from: 'America/Toronto', to: 'Europe/Berlin' },
    ]);
  });

  test('waits while a day would come twice, also between plan and apply', async () => {
    const wanted = { timeZone: 'America/Denver' };
    const { fingerprint } = await change(ids.two, { ...wanted, mode: 'PLAN' });
    now = Date.parse('2026-12-01T05:30:00Z');
    for (const mode of [{ mode: 'PLAN' }, { mode: 'APPLY', fingerprint }])
      expect(await change(ids.two, { ...wanted, ...mode })).toMatchObject({
        __typename: 'ConflictError',
        message: expect.stringContaining('from 2026-12-01T07:00:00.000Z on'),
      });
    expect(await zoneOf(ids.two)).toBe('America/Toronto');
  });

  test.each([
    [{ timeZone: 'Mars/Olympus', mode: 'PLAN' }, 'ValidationError'],
    [{ timeZone: 'Asia/Tokyo', mode: 'APPLY' }, 'ValidationError'],
  ])('%o is a typed error', async (input, type) => {
    expect(await change(ids.two, input)).toMatchObject({ __typename: type });
  });

  test('needs the scope, and a tenant', async () => {
    const input = { timeZone: 'Asia/Tokyo', mode: 'PLAN' };
    expect(await change(ids.two, input, 'tenant:read')).toMatchObject({ code: 'FORBIDDEN' });
    expect(await change('ten_of_nobody', input)).toMatchObject({ __typename: 'NotFoundError' });
  });
});
