import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { linesOfDocuments } from '../document/store.ts';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { proveLedger } from '../ledger/proof.ts';
import { type BillingHarness, plusDays, startBilling } from '../testing.ts';
import { issueDrafts } from './issue.ts';
import { type Chunk, planRun, runBilling } from './run.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp[Symbol.asyncDispose]());

const act = () => ({ today: isp.today(), now: isp.tenant.services.clock.now(), actor: 'test' });
const run = (runDate = isp.today()) => runBilling(isp.tenant.services, runDate, act());
const proof = () => proveLedger(isp.tenant.services.database);

/** Customers with one service each, all due today. */
async function customers(count: number, minor = 3000n): Promise<string[]> {
  const plan = await isp.createPlan(minor);
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const id = await isp.createCustomer();
    await isp.activate(id, plan);
    ids.push(id);
  }
  return ids;
}

const documentsOf = async (customerId: string) =>
  isp.tenant.services.database
    .selectFrom('billing.document')
    .selectAll()
    .where('customerId', '=', customerId)
    .orderBy('issuedAt')
    .execute();

describe('a billing run', () => {
  test('bills everybody once, and writes nothing when it runs again', async () => {
    const ids = await customers(3);
    expect(await run()).toMatchObject({ documents: 3, problems: [] });
    expect(await run()).toMatchObject({ documents: 0, problems: [] });
    for (const id of ids) expect(await documentsOf(id)).toMatchObject([{ grossMinor: 3000n }]);
    expect((await proof()).findings).toEqual([]);
  });

  test('writes of those who are charged alike what each would have had alone', async () => {
    const ids = await customers(3);
    const { database } = isp.tenant.services;
    const alone = new Map<string, Awaited<ReturnType<typeof planRun>>['drafts'][number] | undefined>();
    for (const id of ids) alone.set(id, (await planRun(isp.tenant.services, isp.today(), id)).drafts.at(0));
    expect(await run()).toMatchObject({ documents: 3, problems: [] });
    for (const [id, draft] of alone) {
      const [document] = await documentsOf(id);
      const lines = await linesOfDocuments(database, [document?.id ?? '']);
      const own = draft?.lines.map((line) => [line.serviceLineId, line.net, line.explanation]);
      expect(own).toHaveLength(1);
      expect(lines.map((line) => [line.serviceLineId, line.netMinor, line.explanation])).toEqual(own);
    }
  });

  test('next to another one, and to a payment, bills everybody once', async () => {
    const ids = await customers(4);
    const payment = isp.ask(
      `mutation ($input: RecordPaymentInput!) { recordPayment(input: $input) { __typename } }`,
      {
        input: {
          customerId: ids[0],
          amount: { amount: '5000', currency: 'USD' },
          method: 'cash',
          reference: 'beside-a-run',
        },
      },
    );
    const [one, other] = await Promise.all([run(), run(), payment]);
    expect(one.documents + other.documents).toBe(4);
    for (const id of ids) expect(await documentsOf(id)).toHaveLength(1);
    expect((await proof()).findings).toEqual([]);
  });

  test('that works from what is billed meanwhile is refused by the database', async () => {
    const [id = ''] = await customers(1);
    const { services } = isp.tenant;
    const { drafts } = await planRun(services, isp.today(), id);
    const write = () =>
      services.database
        .transaction()
        .execute((transaction) => issueDrafts(transaction, services, drafts, act()));
    await write();
    await expect(write()).rejects.toMatchObject({ code: '23505' });
    expect(await documentsOf(id)).toHaveLength(1);
    expect((await proof()).findings).toEqual([]);
  });

  test('cut off again and again by the loss of its database connections ends as if nothing had happened', async () => {
    const ids = await customers(12);
    const { services } = isp.tenant;
    const { database } = services;
    const count = async () =>
      (await database.selectFrom('billing.document').select('id').where('customerId', 'in', ids).execute())
        .length;
    // The pool may give a connection that has just been ended, each once.
    const billed = async (attempts = 10): Promise<number> =>
      count().catch((error) => {
        if (attempts === 0 || !/terminat/.test(String(error))) throw error;
        return billed(attempts - 1);
      });
    for (let done = 0; done < ids.length; done = await billed()) {
      let ended = false;
      const attempt = runBilling(services, isp.today(), act(), { chunkSize: 2 })
        .catch((error: unknown) => error)
        .finally(() => {
          ended = true;
        });
      // As soon as a chunk is committed, whatever the next one is doing is lost.
      while (!ended && (await billed()) === done);
      await sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and query like '%billing.%' and pid <> pg_backend_pid()`.execute(
        database,
      );
      await attempt;
    }
    for (const id of ids) expect(await documentsOf(id)).toMatchObject([{ grossMinor: 3000n }]);
    expect(await run()).toMatchObject({ documents: 0 });
    expect((await proof()).findings).toEqual([]);
  });

  test('holds one chunk at a time, in its transaction and in memory', async () => {
    const ids = await customers(9);
    setFlagsFromString('--expose-gc');
    const collectGarbage: () => void = runInNewContext('gc');
    const chunks: { size: number; drafts: WeakRef<object>[] }[] = [];
    /** What is still held of a chunk when the second one after it is committed. */
    let held = 0;
    const onChunk = ({ documents }: Chunk) => {
      collectGarbage();
      for (const { drafts } of chunks.slice(0, -1))
        held += drafts.filter((one) => one.deref() !== undefined).length;
      chunks.push({ size: documents.length, drafts: documents.map(({ draft }) => new WeakRef(draft)) });
    };
    const { documents } = await runBilling(isp.tenant.services, isp.today(), act(), {
      chunkSize: 2,
      onChunk,
    });
    expect({ documents, chunks: chunks.map(({ size }) => size), held }).toEqual({
      documents: 9,
      chunks: [2, 2, 2, 2, 1],
      held: 0,
    });
    const { rows } = await sql<{ size: bigint }>`
      select count(*) as size from billing.document where customer_id = any(${ids}::text[])
      group by xmin order by min(sequence)`.execute(isp.tenant.services.database);
    expect(rows.map(({ size }) => Number(size))).toEqual([2, 2, 2, 2, 1]);
  });

  test('isolates an account that cannot be billed and names it', async () => {
    const [good = ''] = await customers(1);
    const bad = await isp.createCustomer('No such plan');
    await isp.activate(bad, 'pln_unknown');
    expect(await run()).toMatchObject({
      documents: 1,
      problems: [{ customerId: bad, message: expect.stringContaining('no published version') }],
    });
    expect(await documentsOf(good)).toHaveLength(1);
    expect(await isp.ask('{ billingProblems { customer { id } } }')).toEqual({
      billingProblems: [{ customer: { id: bad } }],
    });
  });

  test('isolates an account that the database refuses, and bills the rest of its chunk', async () => {
    const [refused = '', ...others] = await customers(4);
    const { database } = isp.tenant.services;
    await sql`
      alter table billing.open_item add constraint poison check (customer_id <> ${sql.lit(refused)}) not valid`.execute(
      database,
    );
    expect(await run()).toMatchObject({
      documents: 3,
      problems: [{ customerId: refused, message: expect.stringContaining('poison') }],
    });
    await sql`alter table billing.open_item drop constraint poison`.execute(database);
    for (const id of others) expect(await documentsOf(id)).toHaveLength(1);
    expect((await proof()).findings).toEqual([]);
  });
});

describe('what is charged', () => {
  test('by the day, after a change and a cancellation, ends where the days end; every amount is explained', async () => {
    const slow = await isp.createPlan(3100n, { name: 'Slow' });
    const fast = await isp.createPlan(6200n, { name: 'Fast' });
    const id = await isp.createCustomer();
    await isp.ask(
      `mutation ($input: UpdateBillingAccountInput!) { updateBillingAccount(input: $input) { __typename } }`,
      { input: { customerId: id, taxJurisdictions: ['CA', 'CA-QC'] } },
    );
    const service = await isp.activate(id, slow);
    await run();
    await isp.tenant.services.advanceClock(10 * 86_400_000);
    const { now } = act();
    const payload = { serviceId: service, customerId: id };
    await isp.append({
      type: 'service.plan.changed',
      subject: service,
      payload: { ...payload, fromPlanId: slow, planId: fast, on: isp.today() },
      occurredAt: now,
      actor: 'test',
    });
    await isp.settled();
    await run();
    await isp.tenant.services.advanceClock(5 * 86_400_000);
    await isp.append({
      type: 'service.cancelled',
      subject: service,
      payload: { ...payload, on: isp.today() },
      occurredAt: now,
      actor: 'test',
    });
    await isp.settled();
    await run();

    const documents = await documentsOf(id);
    expect(documents.map(({ type }) => type)).toEqual(['INVOICE', 'INVOICE', 'CREDIT_NOTE']);
    const { database } = isp.tenant.services;
    const lines = await database
      .selectFrom('billing.documentLine as line')
      .innerJoin('billing.document as document', 'document.id', 'line.documentId')
      .selectAll('line')
      .where('document.customerId', '=', id)
      .execute();
    const days = lines[0]?.ofDays ?? 0;
    const net = lines.reduce((sum, line) => sum + line.netMinor, 0n);
    const round = (price: number, covered: number) => BigInt(Math.round((price * covered) / days));
    expect(net).toBe(round(3100, 10) + round(6200, 5));
    for (const line of lines)
      expect(checkExplanation(line.explanation as never, line.netMinor)).toEqual({ outcome: 'AGREES' });
    const taxes = await database
      .selectFrom('billing.documentTax as tax')
      .innerJoin('billing.document as document', 'document.id', 'tax.documentId')
      .selectAll('tax')
      .where('document.customerId', '=', id)
      .execute();
    expect(taxes.length).toBe(6);
    for (const tax of taxes)
      expect(checkExplanation(tax.explanation as never, tax.taxMinor)).toEqual({ outcome: 'AGREES' });
    expect((await proof()).findings).toEqual([]);
  });

  test('goes on month after month from the day of the first service', async () => {
    const [id = ''] = await customers(1);
    const start = isp.today();
    await run();
    await isp.tenant.services.advanceClock(65 * 86_400_000);
    const documents = await documentsOf(id);
    expect(documents.map((one) => one.issuedOn)).toEqual(
      [0, 1, 2].map((months) => Temporal.PlainDate.from(start).add({ months }).toString()),
    );
    expect(documents[0]?.dueOn).toBe(plusDays(start, 14));
    expect((await proof()).findings).toEqual([]);
  });
});

test('a ledger transaction that does not sum to zero is refused', async () => {
  const { database } = isp.tenant.services;
  await expect(
    database.transaction().execute(async (transaction) => {
      await transaction
        .insertInto('billing.ledgerTransaction')
        .values({ kind: 'refund', ref: 'unbalanced', currency: 'USD', postedOn: '2026-01-01' })
        .execute();
      await transaction
        .insertInto('billing.ledgerEntry')
        .values({ kind: 'refund', ref: 'unbalanced', account: 'suspense', currency: 'USD', amountMinor: 1 })
        .execute();
    }),
  ).rejects.toThrow('not to 0');
});
