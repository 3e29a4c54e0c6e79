import { localDateAt } from '@dotmac/platform';
import type { UsagePayload } from '@dotmac/schema';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';
import type { TestService } from '../testing/subscribers.ts';
import { UsageRecorder } from './recorder.ts';

let isp: TestNetwork;
beforeAll(async () => {
  isp = await startTestNetwork();
});
afterAll(() => isp?.[Symbol.asyncDispose]());

interface Day {
  readonly day: string;
  readonly downstreamOctets: string;
  readonly upstreamOctets: string;
  readonly complete: boolean;
  readonly hours: readonly { readonly downstreamOctets: string }[];
}
const usageOf = async ({ serviceId }: TestService) =>
  (
    await isp.tenant.data<{ _entities: [{ access: { usage: Day[] } }] }>(
      'network',
      `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Service { access { usage {
        day downstreamOctets upstreamOctets complete hours { hour downstreamOctets } } } } } }`,
      { r: [{ __typename: 'Service', id: serviceId }] },
    )
  )._entities[0].access.usage;
const total = (days: readonly Day[]) => days.reduce((sum, day) => sum + BigInt(day.downstreamOctets), 0n);
const told = async ({ serviceId }: TestService): Promise<UsagePayload[]> =>
  (await isp.tenant.services.events.read(0n, { types: ['usage.recorded'] }))
    .filter((event) => event.subject === serviceId)
    .map((event) => event.payload as UsagePayload);

test('octets of a session count once, by day and hour, and the event log hears when a day is over', async () => {
  const service = await isp.order();
  const { session } = await isp.online(service);
  isp.nas.advance(session.id, { upstream: 7n, downstream: 3n * 2n ** 32n });
  await isp.nas.interim(session.id);
  // Told twice: it counts once.
  await isp.nas.interim(session.id);
  const days = await isp.tenant.eventually(
    () => usageOf(service),
    (list) => total(list) > 0n,
  );
  expect(total(days)).toBe(3n * 2n ** 32n);
  expect(
    days.flatMap((day) => day.hours).reduce((sum, hour) => sum + BigInt(hour.downstreamOctets), 0n),
  ).toBe(3n * 2n ** 32n);
  isp.nas.advance(session.id, { upstream: 1n, downstream: 5n });
  await isp.nas.logout(session.id);
  await isp.tenant.eventually(
    () => usageOf(service),
    (list) => total(list) === 3n * 2n ** 32n + 5n,
  );
  // The first word of a day is told at once, growth only now and then.
  expect(await told(service)).toHaveLength(days.length);
  await isp.tenant.services.advanceClock(86_400_000);
  await new UsageRecorder(isp.tenant.services, { now: () => Date.now() }).count();
  const last = (
    await isp.tenant.eventually(
      () => told(service),
      (list) => list.at(-1)?.complete === true,
    )
  ).at(-1);
  expect(last?.day).not.toBe(localDateAt(isp.tenant.services.clock.now(), 'America/Toronto'));
});

test('what a crash left uncounted is counted by the next process, and by two at once only once', async () => {
  const service = await isp.order();
  const { session } = await isp.online(service);
  isp.nas.advance(session.id, { upstream: 0n, downstream: 1_000n });
  await isp.nas.logout(session.id);
  const sessions = await isp.tenant.services.database
    .selectFrom('network.session')
    .selectAll()
    .where('serviceId', '=', service.serviceId)
    .execute();
  const recorders = [1, 2, 3].map(() => new UsageRecorder(isp.tenant.services, { now: () => Date.now() }));
  for (const recorder of recorders) recorder.note(sessions as never);
  await Promise.all(recorders.map((recorder) => recorder.count()));
  expect(total(await usageOf(service))).toBe(1_000n);
});

test('a used-up data cap slows the live session down without dropping it, the next login too, and ends with a top-up', async () => {
  const service = await isp.order();
  const { session } = await isp.online(service);
  const about = { serviceId: service.serviceId, customerId: service.customerId };
  const slow = { downstream: { bitsPerSecond: '2000000' }, upstream: { bitsPerSecond: '1000000' } };
  await isp.append({
    ...isp.about(service.serviceId),
    type: 'usage.allowance.changed',
    payload: { ...about, state: 'THROTTLED', shaping: slow, because: '100 GB are used up' },
  });
  expect(await isp.settled(service.serviceId, 1)).toMatchObject({ state: 'VERIFIED', mode: 'OPEN' });
  expect(isp.nas.sessions.get(session.id)?.shaping?.downstream.bitsPerSecond).toBe(2_000_000n);
  const again = await isp.nas.login(service.username, service.password, { mac: service.mac });
  expect(again.session?.shaping?.downstream.bitsPerSecond).toBe(2_000_000n);
  const explained = await isp.explain(service.username);
  expect(explained.steps.map((step) => step.fact).join()).toContain('The used-up data cap gives 2000000');
  // Another plan meanwhile: the cap holds.
  await isp.append({
    ...isp.about(service.serviceId),
    type: 'service.plan.changed',
    payload: { ...about, planId: 'pln_100', fromPlanId: 'pln_50', on: '2026-11-28' },
  });
  await isp.append({
    ...isp.about(service.serviceId),
    type: 'usage.allowance.changed',
    payload: { ...about, state: 'BLOCKED', shaping: null, because: '200 GB are used up' },
  });
  expect(await isp.settled(service.serviceId, 2)).toMatchObject({ state: 'VERIFIED', mode: 'WALLED_GARDEN' });
  await isp.append({
    ...isp.about(service.serviceId),
    type: 'usage.allowance.changed',
    payload: { ...about, state: 'WITHIN', shaping: null, because: 'topped up' },
  });
  expect(await isp.settled(service.serviceId, 3)).toMatchObject({ state: 'VERIFIED', mode: 'OPEN' });
  expect(isp.nas.sessions.get(again.session?.id ?? '')?.shaping?.downstream.bitsPerSecond).toBe(100_000_000n);
});

test('a lock that slows down reaches the live session and the next login, beside a throttle as the slower, and lifts at once', async () => {
  const service = await isp.order();
  const { session } = await isp.online(service);
  const { serviceId, customerId } = service;
  const speed = (bits: string) => ({
    downstream: { bitsPerSecond: bits },
    upstream: { bitsPerSecond: bits },
  });
  const slow = {
    reason: 'BILLING',
    to: speed('1000000'),
    because: 'invoices are overdue, step slow-1m',
  } as const;
  const locks = (slowed: typeof slow | null, closing: 'BILLING'[] = []) =>
    isp.append({
      ...isp.about(serviceId),
      type: 'service.locks.changed',
      payload: { serviceId, customerId, locks: closing, slowed, because: slow.because },
    });
  const rateOf = (id: string) => isp.nas.sessions.get(id)?.shaping?.downstream.bitsPerSecond;
  await locks(slow);
  expect(await isp.settled(serviceId, 1)).toMatchObject({ state: 'VERIFIED', mode: 'OPEN' });
  expect(rateOf(session.id)).toBe(1_000_000n);
  const again = await isp.nas.login(service.username, service.password, { mac: service.mac });
  expect(again.session?.shaping?.downstream.bitsPerSecond).toBe(1_000_000n);
  const facts = (await isp.explain(service.username)).steps.map((step) => step.fact).join();
  expect(facts).toContain('The plan, slowed by dunning to 1000000 down / 1000000 up bit/s');
  expect(facts).toContain('step slow-1m');
  // A used-up cap that leaves more changes nothing; one that leaves less does.
  const throttle = (bits: string) =>
    isp.append({
      ...isp.about(serviceId),
      type: 'usage.allowance.changed',
      payload: { serviceId, customerId, state: 'THROTTLED', shaping: speed(bits), because: 'used up' },
    });
  await throttle('2000000');
  await throttle('500000');
  expect(await isp.settled(serviceId, 2)).toMatchObject({ state: 'VERIFIED', mode: 'OPEN' });
  expect(rateOf(again.session?.id ?? '')).toBe(500_000n);
  await locks(null, ['BILLING']);
  expect(await isp.settled(serviceId, 3)).toMatchObject({ state: 'VERIFIED', mode: 'WALLED_GARDEN' });
  await locks(null);
  expect(await isp.settled(serviceId, 4)).toMatchObject({ state: 'VERIFIED', mode: 'OPEN' });
  expect(rateOf(again.session?.id ?? '')).toBe(500_000n);
});
