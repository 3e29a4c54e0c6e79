import { testTenant } from '@dotmac/harness';
import { localDateAt } from '@dotmac/platform';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { proveLedger } from '../ledger/proof.ts';
import { type BillingHarness, plusDays, startBilling } from '../testing.ts';
import { runBilling } from './run.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling({ ...testTenant, timeZone: 'Pacific/Kiritimati' });
});
afterAll(() => isp[Symbol.asyncDispose]());

const actIn = (timeZone: string) => {
  const now = isp.tenant.services.clock.now();
  return { today: localDateAt(now, timeZone), now, actor: 'test' };
};
/** One account per transaction: as many moments as can be for somebody else to come between. */
const run = (timeZone = 'Pacific/Kiritimati') => {
  const act = actIn(timeZone);
  return runBilling(isp.tenant.services, act.today, act, { chunkSize: 1 });
};
const linesOf = (customerId: string) =>
  isp.tenant.services.database
    .selectFrom('billing.documentLine as line')
    .innerJoin('billing.document as document', 'document.id', 'line.documentId')
    .selectAll('line')
    .select(['document.sequence', 'document.issuedOn', 'document.type'])
    .where('document.customerId', '=', customerId)
    .orderBy('line.periodFrom')
    .execute();
const findings = async () => (await proveLedger(isp.tenant.services.database)).findings;

test('plans that change while two runs work are charged as if they had changed before', async () => {
  const slow = await isp.createPlan(3100n, { name: 'Slow' });
  const fast = await isp.createPlan(6200n, { name: 'Fast' });
  const customers: { customerId: string; serviceId: string }[] = [];
  for (let n = 0; n < 8; n += 1) {
    const customerId = await isp.createCustomer();
    customers.push({ customerId, serviceId: await isp.activate(customerId, slow) });
  }
  const change = ({ customerId, serviceId }: { customerId: string; serviceId: string }) =>
    isp.append({
      type: 'service.plan.changed',
      subject: serviceId,
      payload: { serviceId, customerId, fromPlanId: slow, planId: fast, on: isp.today() },
      occurredAt: isp.tenant.services.clock.now(),
      actor: 'test',
    });
  await Promise.all([run(), ...customers.map(change), isp.settled(), run()]);
  await isp.settled();
  // What was billed before its change is repaired by the next run, what came after it is right already.
  await run();
  expect(await run()).toMatchObject({ documents: 0, problems: [] });
  for (const { customerId } of customers) {
    const lines = await linesOf(customerId);
    expect(lines.reduce((sum, line) => sum + line.netMinor, 0n)).toBe(6200n);
  }
  expect(await findings()).toEqual([]);
});

test('a tenant whose zone moves a day back between runs bills no day twice and numbers nothing earlier', async () => {
  const customerId = await isp.createCustomer();
  await isp.activate(customerId, await isp.createPlan(3000n));
  const first = await run();
  const [billed] = await linesOf(customerId);
  // It is yesterday again in the new zone, the day is not over there when the old one would have begun the next.
  const { services } = isp.tenant;
  const moved = 'Pacific/Honolulu'; // 24 hours behind Kiritimati, at every hour of every day
  expect(first.documents).toBe(1);
  expect(localDateAt(services.clock.now(), moved)).toBe(plusDays(isp.today(), -1));
  expect(await run(moved)).toMatchObject({ documents: 0, problems: [] });
  // Somebody new is billed on what is still yesterday: his number takes the day of the last one.
  const late = await isp.createCustomer();
  await isp.activate(late, await isp.createPlan(3000n), localDateAt(services.clock.now(), moved));
  expect(await run(moved)).toMatchObject({ documents: 1, problems: [] });
  const [lateLine] = await linesOf(late);
  expect(lateLine?.issuedOn).toBe(billed?.issuedOn);

  const ends = billed?.periodTo ?? '';
  const days = Temporal.PlainDate.from(localDateAt(services.clock.now(), moved)).until(ends).days;
  // The runtime's own daily work is still in the old zone: both bill the same days.
  await services.advanceClock(days * 86_400_000);
  await run(moved);
  const lines = await linesOf(customerId);
  expect(lines.map((line) => [line.fromDay, line.toDay])).toEqual([
    [billed?.fromDay, ends],
    [ends, lines[1]?.periodTo],
  ]);
  expect(lines.every((line) => line.type === 'INVOICE')).toBe(true);
  expect(await findings()).toEqual([]);
});
