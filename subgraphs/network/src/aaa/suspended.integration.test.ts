import { isDatabaseOutage } from '@dotmac/platform';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';
import type { LoginPolicy } from './policy.ts';

let isp: TestNetwork;
beforeAll(async () => {
  isp = await startTestNetwork();
});
afterAll(() => isp?.[Symbol.asyncDispose]());

test('a suspension that is committed the moment before PostgreSQL stops is kept for as long as it is away, and after', async () => {
  const { services, postgres } = isp.tenant;
  const [suspended, reopened, entitled] = await Promise.all([isp.order(), isp.order(), isp.order()]);
  await isp.lock(reopened, ['ABUSE']);
  const policy = isp.module.policy as LoginPolicy;
  const answer = ({ username, password }: typeof suspended) =>
    policy.explain({ username, password, nas: { address: '127.0.0.1' }, mac: null });
  const becomes = (service: typeof suspended, decision: string) =>
    isp.tenant.eventually(
      async () => answer(service).decision,
      (now) => now === decision,
    );
  await Promise.all([becomes(suspended, 'ACCEPT'), becomes(reopened, 'REJECT'), becomes(entitled, 'ACCEPT')]);

  // The rows can be neither written nor read from here on: what is known of the locks is what their COMMIT told.
  const locked = Promise.withResolvers<void>();
  const holding = services.database
    .transaction()
    .execute(async (transaction) => {
      await sql`lock table network.access in access exclusive mode`.execute(transaction);
      locked.resolve();
      await sql`select pg_sleep(3600)`.execute(transaction);
    })
    .catch((error: unknown) => error);
  await locked.promise;
  const changed = (service: typeof suspended, locks: 'ABUSE'[]) => ({
    ...isp.about(service.serviceId),
    type: 'service.locks.changed' as const,
    payload: { serviceId: service.serviceId, customerId: 'cus_1', locks, because: 'abuse' },
  });
  await isp.append(changed(suspended, ['ABUSE']), changed(reopened, []));
  await Promise.all([becomes(suspended, 'REJECT'), becomes(reopened, 'ACCEPT')]);
  await postgres.suspend();
  expect(isDatabaseOutage(await holding)).toBe(true);

  const login = async ({ username, password, mac }: typeof suspended) =>
    (await isp.nas.login(username, password, { mac })).session === null ? 'REJECT' : 'ACCEPT';
  expect(await Promise.all([suspended, reopened, entitled].map(login))).toEqual([
    'REJECT',
    'ACCEPT',
    'ACCEPT',
  ]);
  expect(answer(suspended).reason).toBe('BLOCKED');

  await postgres.resume();
  // At every moment until the rows have followed, and then.
  await isp.tenant.eventually(
    async () => {
      expect(answer(suspended).decision).toBe('REJECT');
      expect(answer(reopened).decision).toBe('ACCEPT');
      return [await isp.accessOf(suspended.serviceId), await isp.accessOf(reopened.serviceId)];
    },
    ([a, b]) => a?.mode === 'BLOCKED' && b?.mode === 'OPEN',
  );
  expect(answer(suspended).decision).toBe('REJECT');
  expect(answer(reopened).decision).toBe('ACCEPT');
});
