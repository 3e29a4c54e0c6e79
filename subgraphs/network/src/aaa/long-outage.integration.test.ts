import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packetCodes, RadiusClient, sharedSecret } from '@dotmac/radius';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { radiusSecret } from '../testing/access-router.ts';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';
import { type Spooling, startSpooling } from '../testing/spooling.ts';
import type { TestService } from '../testing/subscribers.ts';

const minute = 60_000;
/** So far the clock of everybody is ahead of the machine's. */
let ahead = 0;
const clock = { now: () => Date.now() + ahead };

const folder = mkdtempSync(join(tmpdir(), 'dotmac-long-outage-'));
let isp: TestNetwork;
let door: Spooling;
/** Lends five addresses. */
let poolId: string;
const planned = '... on SetLoginTermsResult { fingerprint }';

beforeAll(async () => {
  isp = await startTestNetwork((services) => ({ ...services, clock }), {
    sessionClock: clock,
    reapIntervalSeconds: 0.05,
    leaseFolder: folder,
  });
  const created = await isp.mutate(
    'createAddressPool',
    { name: 'lent', cidr: '100.70.0.0/29', assignment: 'SESSION' },
    '... on AddressPool { id total }',
  );
  expect(created.total).toBe(5);
  poolId = String(created.id);
  door = await startSpooling(isp, folder, clock);
});
afterAll(async () => {
  await isp?.[Symbol.asyncDispose]();
  await door?.[Symbol.asyncDispose]();
});

/** A service whose address the pool lends, once a login would be. */
async function orderLent(): Promise<TestService> {
  const service = await isp.order();
  const input = { serviceId: service.serviceId, poolId };
  const told = '... on AssignAddressResult { fingerprint }';
  const { fingerprint } = await isp.mutate('assignAddress', { ...input, mode: 'PLAN' }, told);
  await isp.mutate('assignAddress', { ...input, mode: 'APPLY', fingerprint }, told);
  await decided(service, 'ACCEPT');
  return service;
}

const decided = ({ username, password }: TestService, decision: string) =>
  isp.tenant.eventually(
    () => isp.explain(username, password),
    (answer) => answer.decision === decision,
  );

/** What a NAS has told, by session. */
const told = new Map<string, { username: string; octets: bigint; stopped: boolean }>();

async function login({ username, password, mac }: TestService) {
  const { session, attributes, reason } = await door.nas.login(username, password, { mac });
  const sent = Object.fromEntries(attributes.map(({ name, value }) => [name, value]));
  if (session !== null) told.set(session.id, { username, octets: 0n, stopped: false });
  return { reason, sent, id: session?.id ?? '', address: session?.address ?? null };
}

async function use(id: string): Promise<void> {
  door.nas.advance(id, { upstream: 1n, downstream: 1_000_003n });
  expect(await door.nas.interim(id)).toBe(1);
  const session = told.get(id);
  if (session !== undefined) session.octets += 1_000_003n;
}

async function logout(id: string): Promise<void> {
  expect(await door.nas.logout(id)).toBe(true);
  const session = told.get(id);
  if (session !== undefined) session.stopped = true;
}

/** A login whose session nobody ever tells of. */
async function loginUntold({ username, password, mac }: TestService): Promise<boolean> {
  const client = new RadiusClient();
  const { reply } = await client.exchange({
    host: '127.0.0.1',
    port: door.authPort,
    secret: sharedSecret(radiusSecret),
    code: packetCodes['Access-Request'],
    replyCodes: [packetCodes['Access-Accept'], packetCodes['Access-Reject']],
    attributes: [
      { name: 'User-Name', value: username },
      { name: 'User-Password', value: password },
      { name: 'Calling-Station-Id', value: mac },
    ],
    messageAuthenticator: true,
    waitsMs: [2_000, 2_000, 2_000],
  });
  await client.close();
  return reply?.code === packetCodes['Access-Accept'];
}

test('PostgreSQL is away for half an hour: who is entitled gets in all the time with an address of his own, who is not does not, and every octet is there in the end', async () => {
  const [entitled, suspended, limited] = [await isp.order(), await isp.order(), await isp.order()];
  const [stays, leaves, comes, untold, fifth, sixth, seventh] = [
    await orderLent(),
    await orderLent(),
    await orderLent(),
    await orderLent(),
    await orderLent(),
    await orderLent(),
    await orderLent(),
  ];
  await isp.lock(suspended, ['ABUSE']);
  const until = clock.now() + 10 * minute;
  const terms = { serviceId: limited.serviceId, validUntil: new Date(until).toISOString() };
  const { fingerprint } = await isp.mutate('setLoginTerms', { ...terms, mode: 'PLAN' }, planned);
  await isp.mutate('setLoginTerms', { ...terms, mode: 'APPLY', fingerprint }, planned);
  await decided(suspended, 'REJECT');
  await isp.tenant.eventually(
    async () => (await isp.explain(limited.username)).steps.map(({ fact }) => fact).join(),
    (facts) => facts.includes('validity ends first'),
  );
  const online = new Map<TestService, Awaited<ReturnType<typeof login>>>();
  const begin = async (service: TestService) => {
    const answer = await login(service);
    expect(answer.reason).toBe('ACCEPTED');
    online.set(service, answer);
  };
  await begin(stays);
  await begin(leaves);

  await isp.tenant.postgres.suspend();
  const refusals: string[] = [];
  for (let minutes = 1; minutes <= 30; minutes++) {
    ahead += minute;
    const guest = await login(entitled);
    expect(guest.reason).toBe('ACCEPTED');
    await use(guest.id);
    await logout(guest.id);
    expect((await login(suspended)).reason).toBe('REJECTED');

    const left = (until - clock.now()) / 1_000;
    const { sent, id } = await login(limited);
    if (left > 0) expect(Number(sent['Session-Timeout'])).toBeLessThanOrEqual(left + 1);
    expect(sent['Reply-Message']).toBe(left > 0 ? undefined : 'EXPIRED');
    await logout(id);

    for (const { id: up } of online.values()) await use(up);
    if (minutes === 2) await begin(comes);
    if (minutes === 3) {
      await logout(online.get(leaves)?.id ?? '');
      online.delete(leaves);
    }
    if (minutes === 4) expect(await loginUntold(untold)).toBe(true);
    if (minutes === 5) await begin(fifth);
    // Nothing is unused any more: what was given back goes to the next.
    if (minutes === 6) await begin(sixth);
    // And then what nobody told of, when its time is over.
    if (minutes > 6 && !online.has(seventh)) {
      const answer = await login(seventh);
      if (answer.reason === 'ACCEPTED') online.set(seventh, answer);
      else refusals.push(`${minutes}`);
    }
    if (minutes === 15) {
      // What is on disk stays for whoever answers next.
      await door.restart();
    }
  }
  expect(refusals.slice(0, 2)).toEqual(['7', '8']);
  // The look for such leases goes by the real clock, which the loop may outrun.
  await expect
    .poll(
      async () => {
        if (!online.has(seventh)) {
          const answer = await login(seventh);
          if (answer.reason === 'ACCEPTED') online.set(seventh, answer);
        }
        return online.has(seventh);
      },
      { timeout: 20_000 },
    )
    .toBe(true);
  const addresses = [...online.values()].map(({ address }) => address);
  expect(addresses).toHaveLength(5);
  expect(new Set(addresses).size).toBe(5);
  // However often it was tried to write leases down.
  expect(readdirSync(folder).filter((file) => file.startsWith('leases.')).length).toBeLessThan(20);

  await isp.tenant.postgres.resume();
  for (const { id } of online.values()) await use(id);
  await isp.tenant.eventually(
    async () => door.spooling(),
    (spooling) => !spooling,
  );
  const stored = async () => {
    const rows = await isp.tenant.services.database
      .selectFrom('network.session')
      .select(['nativeId', 'username', 'downstreamOctets', 'terminateCause'])
      .execute();
    return new Map(
      rows.map(({ nativeId, username, downstreamOctets, terminateCause }) => [
        nativeId,
        { username, octets: BigInt(downstreamOctets), stopped: terminateCause === 'User-Request' },
      ]),
    );
  };
  // What is handed over at once may be journalled before it is in the sessions.
  await expect.poll(stored, { timeout: 20_000 }).toEqual(told);
  const ended = await isp.tenant.services.events.read(0n, { types: ['session.stopped'] });
  expect(ended.filter(({ payload }) => JSON.stringify(payload).includes('Stale'))).toEqual([]);
  expect(door.lost).toEqual([]);

  const lent = async () => {
    const rows = await isp.tenant.services.database
      .selectFrom('network.lease')
      .select('serviceId')
      .where('releasedAt', 'is', null)
      .execute();
    return rows.map(({ serviceId }) => serviceId).sort();
  };
  const holders = [...online.keys()].map(({ serviceId }) => serviceId).sort();
  await isp.tenant.eventually(lent, (rows) => JSON.stringify(rows) === JSON.stringify(holders));

  // From now on silence is silence again: by its schedule the reaper ends who falls silent, and nobody else.
  const [heard, silent] = [online.get(stays)?.id ?? '', online.get(comes)?.id ?? ''];
  for (let minutes = 0; minutes < 32; minutes += 4) {
    ahead += 4 * minute;
    for (const { id } of online.values()) if (id !== silent) await use(id);
    // Minutes pass here in milliseconds: what was said must be in the sessions before the next ones do.
    await expect.poll(stored, { timeout: 20_000 }).toEqual(told);
  }
  const causes = () =>
    isp.tenant.services.database
      .selectFrom('network.session')
      .select(['nativeId', 'terminateCause'])
      .where('nativeId', 'in', [heard, silent])
      .execute();
  const reaped = await isp.tenant.eventually(causes, (rows) =>
    rows.some((row) => row.terminateCause !== null),
  );
  expect(new Map(reaped.map((row) => [row.nativeId, row.terminateCause]))).toEqual(
    new Map([
      [heard, null],
      [silent, 'Stale'],
    ]),
  );
});
