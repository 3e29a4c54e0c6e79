import { everyScope, startTestRuntime, type TestRuntime } from '@dotmac/harness';
import type { PlatformDatabase } from '@dotmac/migrations';
import type { PlatformEvents, Principal } from '@dotmac/schema';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { partners } from './index.ts';
import { actingFor, partnersAtWork } from './testing.ts';

let platform: TestRuntime<PlatformDatabase, PlatformEvents>;
beforeAll(async () => {
  platform = await startTestRuntime<PlatformDatabase, PlatformEvents>('platform', (services) => [
    partners(services),
  ]);
});
afterAll(() => platform[Symbol.asyncDispose]());

const { ask, registerPartner, registerLead, approveLead, tenantCameToLife, pay, takeBack } = partnersAtWork(
  () => platform,
);

const partnerOfTenant = (tenantId: string) =>
  ask<{ _entities: [{ partner: { id: string } | null }] }>(
    'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Tenant { partner { id } } } }',
    { r: [{ __typename: 'Tenant', id: tenantId }] },
    everyScope,
  ).then((data) => data._entities[0].partner?.id ?? null);

interface Explained {
  readonly amount: { readonly amount: string };
  readonly explain: { readonly inputs: readonly { readonly name: string; readonly value: string }[] };
}

/** From what is told alone, by an arithmetic of its own. */
function recomputed({ inputs }: Explained['explain']): string {
  const { baseBefore, base, rateBasisPoints, earnedBefore } = Object.fromEntries(
    inputs.map(({ name, value }) => [name, Number(value)]),
  ) as Record<'baseBefore' | 'base' | 'rateBasisPoints' | 'earnedBefore', number>;
  const share = ((baseBefore + base) * rateBasisPoints) / 10_000;
  return `${Math.sign(share) * Math.floor(Math.abs(share) + 0.5) - earnedBefore}`;
}

describe('from a lead to commission', () => {
  test('an approved lead that becomes a tenant earns by each payment, once', async () => {
    const partnerId = await registerPartner('one@partner.example');
    const lead = await registerLead(partnerId, 'charlie@isp.example');
    expect(await approveLead(lead.id)).toMatchObject({ state: 'APPROVED' });
    await tenantCameToLife('ten_charlie', lead.id);
    await platform.eventually(
      () => partnerOfTenant('ten_charlie'),
      (id) => id === partnerId,
    );
    const stream = await platform.subscribe(
      'partners',
      'subscription { commissionEvents { cursor entry { amount { amount currency } tenant { id } } } }',
      {},
      actingFor(partnerId),
    );
    // The first-year window opens with the second event, which the consumer may still have before it.
    await platform.eventually(
      () => pay('pay_1', 'ten_charlie', '20000'),
      (amount) => amount === '3000',
    );
    expect(await pay('pay_1', 'ten_charlie', '20000')).toBeNull();
    expect(await pay('pay_2', 'ten_charlie', '-20000')).toBe('-3000');
    const first = await stream.next();
    expect(first.value.data.commissionEvents.entry).toEqual({
      amount: { amount: '3000', currency: 'USD' },
      tenant: { id: 'ten_charlie' },
    });
    expect((await stream.next()).value.data.commissionEvents.entry.amount.amount).toBe('-3000');
    await stream.return?.();
    // Somebody who begins now hears of both, in order, and no other partner's.
    const standing = await platform.subscribe(
      'partners',
      'subscription { commissionEvents(initial: true) { snapshot { number of } entry { amount { amount } } } }',
      {},
      actingFor(partnerId),
    );
    for (const [number, amount] of [
      [1, '3000'],
      [2, '-3000'],
    ] as const) {
      expect((await standing.next()).value.data.commissionEvents).toEqual({
        snapshot: { number, of: 2 },
        entry: { amount: { amount } },
      });
    }
    await standing.return?.();
  });

  test('what goes back takes back what it earned, to the cent and once, also after the first year', async () => {
    const partnerId = await registerPartner('claw@partner.example');
    const lead = await registerLead(partnerId, 'hotel@isp.example');
    await approveLead(lead.id);
    await tenantCameToLife('ten_hotel', lead.id);
    await platform.eventually(
      () => pay('pay_h1', 'ten_hotel', '10001'),
      (amount) => amount !== null,
    );
    await pay('pay_h2', 'ten_hotel', '3333');
    // 15 % of 133.34 is 20.00; of 100.01, 15.00.
    expect(await takeBack('rfd_1', 'pay_h2', '1111')).toBe('-167');
    await Promise.all(['a', 'b', 'c'].map(() => takeBack('cbk_2', 'pay_h2', '2222')));
    expect(await takeBack('cbk_2', 'pay_h2', '2222')).toBeNull();
    const sums = async () => {
      const { rows } = await sql<{ base: string; amount: string; lines: number }>`
        select sum(base_minor)::text as base, sum(amount_minor)::text as amount, count(*)::int as lines
        from partners.commission_entry where tenant_id = 'ten_hotel'`.execute(platform.services.database);
      return rows[0];
    };
    expect(await sums()).toEqual({ base: '10001', amount: '1500', lines: 4 });
    const balances = (of: string) =>
      ask<{ commissionBalances: object[] }>(
        '{ commissionBalances { earned { amount } held { amount } available { amount } } }',
        {},
        actingFor(of),
      ).then((data) => data.commissionBalances);
    // What was earned is held for a while; what was taken back counts at once.
    const of = (earned: string, held: string, available: string) => ({
      earned: { amount: earned },
      held: { amount: held },
      available: { amount: available },
    });
    expect(await balances(partnerId)).toEqual([of('1500', '2000', '-500')]);
    expect(await balances(await registerPartner('other@partner.example'))).toEqual([]);
    // Paid ahead, earned when it paid an invoice, taken back whole.
    expect(await pay('pay_h4', 'ten_hotel', '0')).toBe('0');
    expect(await pay('pay_h4:inv_1', 'ten_hotel', '2000')).toBe('300');
    expect(await pay('pay_h4:inv_1', 'ten_hotel', '2000')).toBeNull();
    expect(await takeBack('rfd_h4', 'pay_h4', '2000')).toBe('-300');
    expect(await takeBack('rfd_3', 'pay_never', '100')).toBeNull();
    await platform.services.advanceClock(400 * 86_400_000);
    expect(await balances(partnerId)).toEqual([of('1500', '0', '1500')]);
    expect(await pay('pay_h3', 'ten_hotel', '5000')).toBeNull();
    expect(await takeBack('rfd_4', 'pay_h3', '5000')).toBeNull();
    expect(await takeBack('rfd_5', 'pay_h1', '10001')).toBe('-1500');
    expect(await sums()).toEqual({ base: '0', amount: '0', lines: 8 });
    const { commissions } = await ask<{ commissions: Explained[] }>(
      '{ commissions { amount { amount } explain { rule version arithmetic inputs { name value } } } }',
      {},
      actingFor(partnerId),
    );
    expect(commissions.map(({ explain }) => recomputed(explain))).toEqual(
      commissions.map(({ amount }) => amount.amount),
    );
    expect(commissions.find(({ amount }) => amount.amount === '-167')?.explain).toEqual({
      rule: 'commission.share-of-all-cash',
      version: 1,
      arithmetic: 'round((13334 + (-1111)) * 1500 / 10000) - 2000',
      inputs: [
        { name: 'baseBefore', value: '13334' },
        { name: 'base', value: '-1111' },
        { name: 'rateBasisPoints', value: '1500' },
        { name: 'earnedBefore', value: '2000' },
      ],
    });
  });

  test('a tenant that nobody brought earns nobody anything', async () => {
    await tenantCameToLife('ten_alone', null);
    expect(await pay('pay_3', 'ten_alone', '20000')).toBeNull();
  });

  test('a lead that was never approved attributes nothing', async () => {
    const partnerId = await registerPartner('two@partner.example');
    const lead = await registerLead(partnerId, 'delta@isp.example');
    await tenantCameToLife('ten_delta', lead.id);
    // Another lead's effect shows that the consumer has passed this one.
    const other = await registerLead(partnerId, 'echo@isp.example');
    await approveLead(other.id);
    await tenantCameToLife('ten_echo', other.id);
    await platform.eventually(
      () => partnerOfTenant('ten_echo'),
      (id) => id === partnerId,
    );
    expect(await partnerOfTenant('ten_delta')).toBeNull();
  });

  test('two partners cannot register one ISP', async () => {
    const first = await registerPartner('three@partner.example');
    const second = await registerPartner('four@partner.example');
    await registerLead(first, 'foxtrot@isp.example');
    expect(await registerLead(second, 'FOXTROT@isp.example')).toMatchObject({
      __typename: 'ConflictError',
      reason: 'ALREADY_REGISTERED',
    });
  });
});

describe('access', () => {
  test('a partner sees its own leads and commission only', async () => {
    const first = await registerPartner('five@partner.example');
    const second = await registerPartner('six@partner.example');
    await registerLead(first, 'golf@isp.example');
    const leads = (principal: Principal) =>
      ask<{ leads: unknown[] }>('{ leads { id } }', {}, principal).then((data) => data.leads.length);
    expect(await leads(actingFor(first))).toBe(1);
    expect(await leads(actingFor(second))).toBe(0);
  });

  test('only the relay records payments, only operators approve', async () => {
    const input = {
      paymentId: 'pay_x',
      tenantId: 'ten_charlie',
      netAmount: '1',
      currency: 'USD',
      receivedAt: '2026-11-22T12:00:00Z',
    };
    const record =
      'mutation ($input: RecordTenantPaymentInput!) { recordTenantPayment(input: $input) { id } }';
    for (const principal of [everyScope, actingFor('par_x')]) {
      expect(
        (await platform.ask('partners', record, { input }, principal)).errors?.[0]?.extensions?.code,
      ).toBe('FORBIDDEN');
    }
    const approve = 'mutation { approveLead(input: { leadId: "led_1" }) { __typename } }';
    expect(
      (await platform.ask('partners', approve, {}, actingFor('par_x'))).errors?.[0]?.extensions?.missingScope,
    ).toBe('platform:write');
  });
});
