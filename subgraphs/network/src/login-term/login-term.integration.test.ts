import { principalWith } from '@dotmac/harness';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';
import type { TestService } from '../testing/subscribers.ts';

let isp: TestNetwork;
beforeAll(async () => {
  isp = await startTestNetwork();
  // A month that has just begun holds no ten minutes yet.
  if (new Date().getUTCDate() === 1) await isp.tenant.services.advanceClock(86_400_000);
});
afterAll(() => isp?.[Symbol.asyncDispose]());

const selection = '... on SetLoginTermsResult { terms mode fingerprint change { id } live { id } }';

async function terms({ serviceId }: TestService, wanted: object) {
  const input = { serviceId, ...wanted };
  const plan = await isp.mutate('setLoginTerms', { ...input, mode: 'PLAN' }, selection);
  const { fingerprint } = plan;
  return isp.mutate('setLoginTerms', { ...input, mode: 'APPLY', fingerprint }, selection);
}
async function rule(wanted: { reason: string; admitted: boolean; [more: string]: unknown }) {
  const told = '... on SetGardenRuleResult { fingerprint affectedServices rule { admitted } }';
  const { fingerprint } = await isp.mutate('setGardenRule', { ...wanted, mode: 'PLAN' }, told);
  return isp.mutate('setGardenRule', { ...wanted, mode: 'APPLY', fingerprint }, told);
}
const login = async (service: TestService, mac = service.mac) => {
  const answer = await isp.nas.login(service.username, service.password, { mac });
  const sent = Object.fromEntries(answer.attributes.map(({ name, value }) => [name, value]));
  return { ...answer, sent };
};

describe('terms of a login', () => {
  test('the nearest end is the Session-Timeout, and the interval of accounting stays jittered', async () => {
    const service = await isp.order();
    await isp.online(service);
    const { now } = isp.tenant.services.clock;
    const validUntil = new Date(now() + 3_600_000).toISOString();
    expect(await terms(service, { validUntil, sessionSeconds: 7200 })).toMatchObject({
      terms: `valid until ${validUntil}, 7200 s a session`,
      mode: 'OPEN',
      change: null,
    });
    const { sent } = await login(service);
    expect(Number(sent['Session-Timeout'])).toBeGreaterThan(3_000);
    expect(Number(sent['Session-Timeout'])).toBeLessThanOrEqual(3_600);
    expect(Number(sent['Acct-Interim-Interval'])).toBeGreaterThanOrEqual(270);
    expect((await isp.explain(service.username)).steps.map((step) => step.fact).join()).toContain(
      'validity ends first',
    );
  });

  test('what is over leads the live session into the walled garden, the next login too, and out again', async () => {
    const service = await isp.order();
    const { session } = await isp.online(service);
    await rule({
      reason: 'EXPIRED',
      admitted: true,
      redirectUrl: 'https://pay.example.net/',
      filterId: 'pay',
    });
    await terms(service, { validUntil: new Date(isp.tenant.services.clock.now() - 1).toISOString() });
    expect(await isp.settled(service.serviceId, 1)).toMatchObject({
      state: 'VERIFIED',
      mode: 'WALLED_GARDEN',
    });
    expect(isp.nas.sessions.get(session.id)?.addressList).toBe('dotmac-suspended');
    const { accepted, sent, session: again } = await login(service);
    expect({ accepted, sent }).toMatchObject({
      accepted: true,
      sent: {
        'Reply-Message': 'EXPIRED',
        'Filter-Id': 'pay',
        'WISPr-Redirection-URL': 'https://pay.example.net/',
        'Mikrotik-Address-List': 'dotmac-suspended',
      },
    });
    expect(await isp.explain(service.username)).toMatchObject({
      decision: 'WALLED_GARDEN',
      reason: 'EXPIRED',
    });
    // Accounting knows its service although the token names the garden.
    expect((await isp.accessOf(service.serviceId))?.session?.live).toBe(true);
    await terms(service, {});
    expect(await isp.settled(service.serviceId, 2)).toMatchObject({ state: 'VERIFIED', mode: 'OPEN' });
    expect(isp.nas.sessions.get(again?.id ?? '')?.addressList).toBe('dotmac-active');
  });

  test('a reason that is not admitted refuses, and ends the live session although its NAS keeps no timeout', async () => {
    const service = await isp.order();
    const { session } = await isp.online(service);
    await rule({ reason: 'TIME_QUOTA_USED', admitted: false });
    // The session is some minutes old for its NAS: more than the quota.
    await isp.tenant.services.database
      .updateTable('network.session')
      .set({ startedAt: new Date(Date.now() - 600_000) })
      .where('serviceId', '=', service.serviceId)
      .execute();
    await terms(service, { monthSeconds: 300 });
    expect(await isp.settled(service.serviceId, 1)).toMatchObject({ state: 'VERIFIED', mode: 'BLOCKED' });
    expect(isp.nas.sessions.has(session.id)).toBe(false);
    expect((await login(service)).accepted).toBe(false);
    expect(await isp.explain(service.username)).toMatchObject({
      decision: 'REJECT',
      reason: 'TIME_QUOTA_USED',
    });
    expect(await rule({ reason: 'TIME_QUOTA_USED', admitted: true })).toMatchObject({ affectedServices: 1 });
    expect((await login(service)).sent['Reply-Message']).toBe('TIME_QUOTA_USED');
    await rule({ reason: 'TIME_QUOTA_USED', admitted: false });
  });

  test('an end is noticed by itself, and brought to the session', async () => {
    const service = await isp.order();
    await isp.online(service);
    const validUntil = new Date(isp.tenant.services.clock.now() + 86_400_000).toISOString();
    await rule({ reason: 'EXPIRED', admitted: true });
    await terms(service, { validUntil });
    expect(await isp.changesOf(service.serviceId)).toEqual([]);
    await isp.tenant.services.advanceClock(86_400_001);
    expect(await isp.settled(service.serviceId, 1)).toMatchObject({
      mode: 'WALLED_GARDEN',
      state: 'VERIFIED',
    });
  });

  test('unpaid is refused when the tenant wants it so', async () => {
    const service = await isp.order();
    await isp.online(service);
    await isp.lock(service, ['BILLING']);
    expect(await isp.settled(service.serviceId, 1)).toMatchObject({ mode: 'WALLED_GARDEN' });
    expect((await login(service)).sent['Reply-Message']).toBe('UNPAID');
    expect(await rule({ reason: 'UNPAID', admitted: false })).toMatchObject({ affectedServices: 1 });
    expect(await isp.settled(service.serviceId, 2)).toMatchObject({ mode: 'BLOCKED', state: 'VERIFIED' });
    expect((await login(service)).accepted).toBe(false);
    expect(await isp.explain(service.username)).toMatchObject({ decision: 'REJECT', reason: 'UNPAID' });
    await rule({ reason: 'UNPAID', admitted: true });
    expect((await login(service)).accepted).toBe(true);
  });

  test('a strange line stays out, or is let into the garden and teaches nothing', async () => {
    const service = await isp.order();
    const limits = { serviceId: service.serviceId, macLimit: 1, macs: [service.mac] };
    const told = '... on SetLoginLimitsResult { fingerprint }';
    const { fingerprint } = await isp.mutate('setLoginLimits', { ...limits, mode: 'PLAN' }, told);
    await isp.mutate('setLoginLimits', { ...limits, mode: 'APPLY', fingerprint }, told);
    expect((await login(service, 'aa:aa:aa:aa:aa:01')).accepted).toBe(false);
    await rule({ reason: 'MAC_NOT_ALLOWED', admitted: true });
    expect((await login(service, 'aa:aa:aa:aa:aa:01')).sent['Reply-Message']).toBe('MAC_NOT_ALLOWED');
    await rule({ reason: 'MAC_NOT_ALLOWED', admitted: false });
  });

  test('nobody without the scope changes either', async () => {
    const { serviceId } = await isp.order();
    for (const [field, input, type] of [
      ['setLoginTerms', { serviceId, mode: 'PLAN' }, 'SetLoginTermsInput'],
      ['setGardenRule', { reason: 'EXPIRED', admitted: true, mode: 'PLAN' }, 'SetGardenRuleInput'],
    ] as const) {
      const { errors } = await isp.tenant.ask(
        'network',
        `mutation ($input: ${type}!) { ${field}(input: $input) { __typename } }`,
        { input },
        principalWith('network:read'),
      );
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
    }
  });

  test.each([
    [{ hoursFrom: '08:00' }, 'input.hoursTo'],
    [{ daySeconds: 5 }, 'input.daySeconds'],
  ])('%o is refused', async (wrong, field) => {
    const { serviceId } = await isp.order();
    const answer = await isp.mutate(
      'setLoginTerms',
      { serviceId, mode: 'PLAN', ...wrong },
      `... on ValidationError { field } ${selection}`,
    );
    expect(answer).toMatchObject({ __typename: 'ValidationError', field });
  });
});
