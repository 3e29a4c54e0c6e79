import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';
import { startSpooling } from '../testing/spooling.ts';

let isp: TestNetwork;
beforeAll(async () => {
  isp = await startTestNetwork();
});
afterAll(() => isp?.[Symbol.asyncDispose]());

test('PostgreSQL stops during accounting: every record is answered, and the octets reconcile to zero difference', async () => {
  await using door = await startSpooling(isp, mkdtempSync(join(tmpdir(), 'dotmac-outage-')));
  const { nas } = door;
  const services = await Promise.all(Array.from({ length: 4 }, () => isp.order()));
  const [before, stays, ends, late] = services;
  if (before === undefined || stays === undefined || ends === undefined || late === undefined)
    throw new Error('orders are missing');
  for (const { username, password } of services)
    await isp.tenant.eventually(
      () => isp.explain(username, password),
      (answer) => answer.decision === 'ACCEPT',
    );
  const login = async ({ username, password, mac }: (typeof services)[number]) => {
    const { session, reason } = await nas.login(username, password, { mac });
    if (session === null) throw new Error(`The login was ${reason}`);
    return session.id;
  };
  const sessions = new Map<(typeof services)[number], string>();
  for (const service of [before, stays, ends]) sessions.set(service, await login(service));
  const idOf = (service: (typeof services)[number]) => sessions.get(service) ?? '';
  const octets = new Map(services.map(({ username }) => [username, 0n]));
  const use = async (service: (typeof services)[number], downstream: bigint) => {
    nas.advance(idOf(service), { upstream: 1n, downstream });
    octets.set(service.username, (octets.get(service.username) ?? 0n) + downstream);
    expect(await nas.interim(idOf(service))).toBe(1);
  };
  await use(before, 2n ** 33n);

  await isp.tenant.postgres.suspend();
  sessions.set(late, await login(late));
  for (let round = 0; round < 5; round++)
    for (const service of [before, stays, ends, late]) await use(service, 1_000_003n);
  expect(await nas.logout(idOf(ends))).toBe(true);
  expect(door.spooling()).toBe(true);
  await isp.tenant.postgres.resume();
  // What comes while the rest is being handed over is neither lost nor counted twice.
  for (const service of [before, stays, late]) await use(service, 7n);

  await isp.tenant.eventually(
    async () => door.spooling(),
    (spooling) => !spooling,
  );
  // What is handed over at once may be journalled before it is in the sessions.
  const byName = (a: { username: string }, b: { username: string }) => a.username.localeCompare(b.username);
  const stored = async () =>
    (
      await isp.tenant.services.database
        .selectFrom('network.session')
        .select(['username', 'downstreamOctets', 'stoppedAt'])
        .execute()
    )
      .map(({ username, downstreamOctets, stoppedAt }) => ({
        username,
        downstream: BigInt(downstreamOctets),
        stopped: stoppedAt !== null,
      }))
      .sort(byName);
  const told = services
    .map((service) => ({
      username: service.username,
      downstream: octets.get(service.username),
      stopped: service === ends,
    }))
    .sort(byName);
  await expect.poll(stored, { timeout: 20_000 }).toEqual(told);
  expect(door.lost).toEqual([]);
});
