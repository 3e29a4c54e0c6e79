import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PolicyAccess } from '../aaa/policy-access.ts';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';
import { TermKeeper } from './keeper.ts';
import { type LoginTerms, noTerms } from './rules.ts';

let isp: TestNetwork;
let serviceId: string;
beforeAll(async () => {
  isp = await startTestNetwork();
  // A month that has just begun holds no ten minutes yet.
  if (new Date().getUTCDate() === 1) await isp.tenant.services.advanceClock(86_400_000);
  const service = await isp.order();
  await isp.online(service);
  serviceId = service.serviceId;
  await isp.tenant.services.database
    .updateTable('network.session')
    .set({ startedAt: new Date(Date.now() - 600_000) })
    .where('serviceId', '=', serviceId)
    .execute();
});
afterAll(() => isp?.[Symbol.asyncDispose]());

const terms = { ...noTerms, monthSeconds: 300 };

/** A keeper of these services, none of which is known to a login policy elsewhere. */
function keeperOf(...serviceIds: string[]) {
  return new TermKeeper(isp.tenant.services, isp.tenant.services.clock, {
    withTerms: () => serviceIds.map((id) => ({ serviceId: id, terms, termsEnded: null }) as PolicyAccess),
    live: () => [],
    refresh: async () => {},
  });
}

describe('what a keeper knows of the use of quotas', () => {
  test('what somebody reads who is about to give terms stays while others are looked after', async () => {
    const keeper = keeperOf();
    await keeper.read([serviceId]);
    await keeper.look();
    expect(keeper.standing({ serviceId, terms, termsEnded: null }).reason).toBe('TIME_QUOTA_USED');
  });

  test('what is not read yet stands as it was judged last, if that was for its use', () => {
    const standing = (termsEnded: PolicyAccess['termsEnded'], of: LoginTerms = terms) =>
      keeperOf().standing({ serviceId, terms: of, termsEnded }).reason;
    expect(standing('TIME_QUOTA_USED')).toBe('TIME_QUOTA_USED');
    expect(standing('EXPIRED')).toBe(null);
    expect(standing(null)).toBe(null);
    expect(standing('TIME_QUOTA_USED', { ...terms, monthSeconds: null })).toBe(null);
  });

  test('every service is known once it has started, however many there are', async () => {
    const others = Array.from({ length: 4_000 }, (_, n) => `svc_none_${n}`);
    const keeper = keeperOf(...others, serviceId);
    const stop = new AbortController();
    await keeper.start(stop.signal);
    stop.abort();
    expect(keeper.standing({ serviceId, terms, termsEnded: null }).reason).toBe('TIME_QUOTA_USED');
  });
});
