import { createHash } from 'node:crypto';
import type { NetworkEvents } from '@dotmac/schema';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';

let isp: TestNetwork;
beforeAll(async () => {
  isp = await startTestNetwork();
});
afterAll(() => isp?.[Symbol.asyncDispose]());

let issued = 0;

/** A voucher as billing issues it; it is let in when this resolves. */
async function issue(
  code: string,
  { expiresOn = null, planId = 'pln_50' }: { expiresOn?: string | null; planId?: string } = {},
) {
  const voucherId = `vch_${++issued}`;
  const codeHash = createHash('sha256').update(code.replaceAll('-', '')).digest('hex');
  await isp.append({
    ...isp.about(voucherId),
    type: 'voucher.issued',
    payload: {
      voucherId,
      batchId: 'vcb_1',
      codeHash,
      amountMinor: '500',
      currency: 'USD',
      expiresOn,
      grants: { planId, seconds: 3600, octets: null },
    },
  });
  await isp.tenant.eventually(
    async () => isp.explain(code),
    ({ steps }) => steps.some(({ fact }) => fact.includes('voucher')),
  );
  return voucherId;
}
const login = async (username: string, password: string, mac: string, method: 'pap' | 'chap' = 'pap') => {
  const answer = await isp.nas.login(username, password, { mac, method });
  const sent = Object.fromEntries(answer.attributes.map(({ name, value }) => [name, value]));
  return { ...answer, sent };
};
/** Ids of the vouchers whose time runs. */
const used = async () =>
  (
    await isp.tenant.services.database
      .selectFrom('network.voucher')
      .select('id')
      .where('usedAt', 'is not', null)
      .execute()
  ).map(({ id }) => id);
const told = async () =>
  (await isp.tenant.services.events.read(0n, { types: ['voucher.used'] })).map(
    ({ payload }) => payload as NetworkEvents['voucher.used'],
  );

test('the first login begins its time, the same line comes back as it likes, and a used-up one is in the garden', async () => {
  const code = 'AB12-CD34-EF56-GH78';
  const voucherId = await issue(code);
  expect(await isp.explain(code)).toMatchObject({ decision: 'ACCEPT', reason: null });
  expect(await used()).toEqual([]);
  const mac = 'cc:2d:e0:11:00:01';
  const first = await login(code, code, mac);
  expect(first.sent).toMatchObject({ 'Mikrotik-Rate-Limit': '10M/50M' });
  expect(Number(first.sent['Session-Timeout'])).toBeGreaterThan(3_500);
  expect(Number(first.sent['Session-Timeout'])).toBeLessThanOrEqual(3_600);
  expect(await used()).toEqual([voucherId]);
  // In another notation, with an empty password: it is the same voucher.
  const again = await login('ab12cd34ef56gh78', '', mac, 'chap');
  expect(again.accepted).toBe(true);
  expect((await login(code, code, 'cc:2d:e0:11:00:02')).accepted).toBe(false);
  expect(await isp.explain(code)).toMatchObject({ decision: 'ACCEPT' });
  await isp.tenant.services.advanceClock(3_600_001);
  const over = await login(code, code, mac);
  expect(over.sent).toMatchObject({
    'Reply-Message': 'VOUCHER_USED',
    'Mikrotik-Address-List': 'dotmac-suspended',
  });
  expect(await isp.explain(code)).toMatchObject({ decision: 'WALLED_GARDEN', reason: 'VOUCHER_USED' });
  // Its session that was up is led there too, under the name by which its NAS knows it.
  expect(await isp.settled(voucherId, 1)).toMatchObject({ mode: 'WALLED_GARDEN', state: 'VERIFIED' });
  expect(await isp.tenant.eventually(told, (events) => events.length > 0)).toEqual([
    { voucherId, mac, until: expect.any(String) },
  ]);
});

test('a name with the code as password is let in; a wrong password beside a code is not', async () => {
  const code = '1111-2222-3333-4444';
  await issue(code);
  expect((await login('a guest', '1111-2222-3333-4445', 'cc:2d:e0:12:00:01')).accepted).toBe(false);
  expect((await login(code, 'guess', 'cc:2d:e0:12:00:01')).accepted).toBe(false);
  expect(await used()).toHaveLength(1);
  const { accepted, session } = await login('a guest', code, 'cc:2d:e0:12:00:01');
  expect(accepted).toBe(true);
  expect(isp.nas.sessions.get(session?.id ?? '')?.username).toBe('a guest');
  expect(await used()).toHaveLength(2);
});

test('of many lines that use one code at once, one is let in', async () => {
  const code = 'RACE-RACE-RACE-RACE';
  await issue(code);
  const before = (await used()).length;
  const lines = Array.from({ length: 8 }, (_, index) => `cc:2d:e0:13:00:0${index}`);
  const answers = await Promise.all(lines.map((mac) => login(code, code, mac)));
  expect(answers.filter(({ accepted }) => accepted)).toHaveLength(1);
  expect(await used()).toHaveLength(before + 1);
});

test('an unused voucher is worth nothing from its last day on', async () => {
  const code = 'EXPR-EXPR-EXPR-EXPR'.replaceAll('E', '5');
  await issue(code, { expiresOn: '2001-01-01' });
  expect((await login(code, code, 'cc:2d:e0:14:00:01')).accepted).toBe(false);
  expect(await isp.explain(code)).toMatchObject({ decision: 'REJECT', reason: 'VOUCHER_EXPIRED' });
});

test('before its plan is known here, no time runs', async () => {
  const code = 'PLAN-PLAN-PLAN-PLAN'.replaceAll('L', '7');
  const voucherId = await issue(code, { planId: 'pln_late' });
  expect((await login(code, code, 'cc:2d:e0:17:00:01')).accepted).toBe(false);
  expect(await used()).not.toContain(voucherId);
  const shaping = { downstream: { bitsPerSecond: '7000000' }, upstream: { bitsPerSecond: '7000000' } };
  await isp.append({
    ...isp.about('pln_late'),
    type: 'plan.published',
    payload: { planId: 'pln_late', versionId: 'plv_late', name: 'Late', shaping },
  });
  const { sent } = await isp.tenant.eventually(
    () => login(code, code, 'cc:2d:e0:17:00:01'),
    ({ accepted }) => accepted,
  );
  expect(sent).toMatchObject({ 'Mikrotik-Rate-Limit': '7M/7M' });
  expect(await used()).toContain(voucherId);
});

test('without the database a new voucher waits, and no line gets in by it unrecorded', async () => {
  const code = 'DOWN-DOWN-DOWN-DOWN'.replaceAll('O', '0').replaceAll('U', '7');
  await issue(code.replaceAll('W', '8'));
  const typed = code.replaceAll('W', '8');
  const before = (await used()).length;
  await isp.tenant.postgres.suspend();
  const down = await login(typed, typed, 'cc:2d:e0:15:00:01');
  expect(down.accepted).toBe(false);
  await isp.tenant.postgres.resume();
  await isp.tenant.eventually(
    () => login(typed, typed, 'cc:2d:e0:15:00:01'),
    ({ accepted }) => accepted,
  );
  expect(await used()).toHaveLength(before + 1);
});

test.each(['voucher.revoked', 'voucher.redeemed'] as const)(
  'after %s nobody logs in with it, and whoever is online is led out',
  async (type) => {
    const code = type === 'voucher.revoked' ? 'REV0-REV0-REV0-REV0' : 'PAY0-PAY0-PAY0-PAY0';
    const other = type === 'voucher.revoked' ? 'REV1-REV1-REV1-REV1' : 'PAY1-PAY1-PAY1-PAY1';
    const [voucherId, unused] = [await issue(code), await issue(other)];
    const mac = 'cc:2d:e0:16:00:01';
    const { session } = await login(code, code, mac);
    for (const id of [voucherId, unused])
      await isp.append({
        ...isp.about(id),
        type,
        payload: {
          voucherId: id,
          batchId: 'vcb_1',
          because: 'stolen',
          customerId: 'cus_1',
          paymentId: 'pay_1',
          amountMinor: '500',
          currency: 'USD',
          grants: { planId: 'pln_50', seconds: 3600, octets: null },
        },
      } as never);
    expect(await isp.settled(voucherId, 1)).toMatchObject({ mode: 'WALLED_GARDEN', state: 'VERIFIED' });
    expect(isp.nas.sessions.get(session?.id ?? '')?.addressList).toBe('dotmac-suspended');
    expect((await login(code, code, mac)).sent['Reply-Message']).toBe('VOUCHER_USED');
    expect((await login(other, other, mac)).accepted).toBe(false);
  },
);
