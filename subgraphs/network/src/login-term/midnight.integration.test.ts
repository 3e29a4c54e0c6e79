import { describe, expect, onTestFinished, test } from 'vitest';
import type { LoginPolicy } from '../aaa/policy.ts';
import { startTestNetwork } from '../testing/network.ts';

/** An ISP in a zone, whose business clock stands where it is set and then goes on. */
async function ispIn(timeZone: string) {
  let ahead = 0;
  const clock = { now: () => Date.now() + ahead };
  const isp = await startTestNetwork((services) => ({
    ...services,
    clock,
    tenant: services.tenant === null ? null : { ...services.tenant, timeZone },
  }));
  onTestFinished(() => isp[Symbol.asyncDispose]());
  const set = (instant: string) => {
    ahead = Date.parse(instant) - Date.now();
  };
  return { isp, set, terms: (isp.module.policy as LoginPolicy).terms };
}

describe('a volume quota begins anew with the local day, on the live session', () => {
  test.each([
    {
      day: 'of 25 hours',
      zone: 'America/Toronto',
      uses: '2027-11-08T03:30:00Z',
      // 24 hours after the day began: 23:10 on the wall.
      stillUsed: '2027-11-08T04:10:00Z',
      renewed: '2027-11-08T05:00:00Z',
      uses2: '2027-11-08T05:10:00Z',
    },
    {
      day: 'of 23 hours',
      zone: 'America/Toronto',
      uses: '2027-03-15T03:00:00Z',
      stillUsed: '2027-03-15T03:40:00Z',
      renewed: '2027-03-15T04:00:00Z',
      uses2: '2027-03-15T04:10:00Z',
    },
    {
      day: 'before one that has no midnight and begins at one',
      zone: 'America/Santiago',
      uses: '2027-09-05T03:00:00Z',
      stillUsed: '2027-09-05T03:40:00Z',
      renewed: '2027-09-05T04:00:00Z',
      uses2: '2027-09-05T04:10:00Z',
    },
  ])('a day $day', async ({ zone, uses, stillUsed, renewed, uses2 }) => {
    const { isp, set, terms } = await ispIn(zone);
    set(uses);
    const service = await isp.order();
    const { session } = await isp.online(service);
    const input = { serviceId: service.serviceId, dayOctets: '1000000' };
    const told = '... on SetLoginTermsResult { fingerprint }';
    const { fingerprint } = await isp.mutate('setLoginTerms', { ...input, mode: 'PLAN' }, told);
    await isp.mutate('setLoginTerms', { ...input, mode: 'APPLY', fingerprint }, told);
    const use = async (downstream: bigint) => {
      isp.nas.advance(session.id, { upstream: 0n, downstream });
      expect(await isp.nas.interim(session.id)).toBe(1);
    };
    const shown = () => {
      const live = isp.nas.sessions.get(session.id);
      return [live?.addressList, live?.shaping?.downstream.bitsPerSecond];
    };

    await use(2_000_000n);
    expect(await isp.settled(service.serviceId, 1)).toMatchObject({
      state: 'VERIFIED',
      mode: 'WALLED_GARDEN',
    });
    expect(shown()[0]).toBe('dotmac-suspended');
    set(stillUsed);
    await terms.look();
    expect((await isp.explain(service.username)).reason).toBe('VOLUME_QUOTA_USED');
    expect(await isp.changesOf(service.serviceId)).toHaveLength(1);

    const before = isp.nas.coaReceived;
    set(renewed);
    expect(await isp.settled(service.serviceId, 2)).toMatchObject({ state: 'VERIFIED', mode: 'OPEN' });
    // The same session, by one CoA.
    expect([isp.nas.coaReceived, [...isp.nas.sessions.keys()]]).toEqual([before + 1, [session.id]]);
    expect(shown()).toEqual(['dotmac-active', 50_000_000n]);

    set(uses2);
    await use(2_000_000n);
    expect(await isp.settled(service.serviceId, 3)).toMatchObject({
      state: 'VERIFIED',
      mode: 'WALLED_GARDEN',
    });
    expect(isp.nas.sessions.has(session.id)).toBe(true);
  });
});
