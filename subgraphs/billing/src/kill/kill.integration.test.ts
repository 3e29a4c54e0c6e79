import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startTestPostgres } from '@dotmac/harness';
import { migrate, type TenantDatabase } from '@dotmac/migrations';
import { type Kysely, sql } from 'kysely';
import { expect, test } from 'vitest';
import { proveLedger } from '../ledger/proof.ts';
import { postVoucherSale } from '../ledger/rules-postings.ts';
import { post } from '../ledger/store.ts';
import { voucherHash } from '../voucher/rules.ts';
import { insertBatch } from '../voucher/store.ts';
import { codeOf, monthBegun, monthsWithVoucher, openWork, work } from './work.ts';

/** 200 in the long run of this test. */
const kills = Number(process.env.DOTMAC_KILLS ?? 20);
const customers = 5;

async function seeded(connectionString: string): Promise<string> {
  await migrate({ connectionString, kind: 'tenant' });
  const database = openWork(connectionString);
  await sql`insert into billing.plan values ('pln', 'Fibre', 'ACCESS', now())`.execute(database);
  await sql`
    insert into billing.plan_version (id, plan_id, version, effective_from, currency, price_minor, interval_unit,
      interval_count, timing, product_class, published_at)
    values ('plv', 'pln', 1, '2026-01-01', 'USD', 3000, 'month', 1, 'inAdvance', 'internetAccess', now())`.execute(
    database,
  );
  await sql`
    insert into billing.account (customer_id, name, currency, anchor_day, next_bill_on, tax_jurisdictions, opened_at)
    select 'cus_' || n, 'Customer ' || n, 'USD', 1, '2027-01-01', '{CA,CA-QC}', now()
    from generate_series(1, ${customers}::int) n`.execute(database);
  await sql`insert into billing.service_line (id, customer_id) select 'svc_' || customer_id, customer_id from billing.account`.execute(
    database,
  );
  await sql`
    insert into billing.service_event (service_line_id, ordinal, type, effective_on, plan_id, plan_version_id)
    select id, 1, 'start', '2027-01-01', 'pln', 'plv' from billing.service_line`.execute(database);
  const batch = {
    id: 'vcb',
    name: 'Each month one',
    currency: 'USD',
    amountMinor: 300n,
    count: monthsWithVoucher,
    expiresOn: null,
    createdOn: '2027-01-01',
    planId: null,
    seconds: null,
    octets: null,
  };
  const vouchers = Array.from({ length: monthsWithVoucher }, (_, month) => ({
    id: `vch_${month}`,
    hash: voucherHash(codeOf(month)) ?? '',
  }));
  const amount = batch.amountMinor * BigInt(monthsWithVoucher);
  await database.transaction().execute(async (transaction) => {
    await insertBatch(transaction, batch, vouchers);
    const sale = postVoucherSale({ ref: batch.id, currency: 'USD', amount, gateway: 'cash' });
    await post(transaction, [sale], batch.createdOn, new Date(`${batch.createdOn}T12:00:00Z`));
  });
  await database.destroy();
  return connectionString;
}

/** Everything that money is about, whatever ids and numbers it got. */
async function checksum(database: Kysely<TenantDatabase>): Promise<string> {
  const { rows } = await sql`
    select 'document' as what, d.customer_id || ' ' || d.run_date as key, net_minor || ' ' || tax_minor || ' ' || due_on as value
    from billing.document d
    union all select 'line', l.service_line_id || ' ' || l.period_from || ' ' || l.correction, l.net_minor || ' ' || l.tax_minor
    from billing.document_line l
    union all select 'open', d.customer_id || ' ' || d.run_date, o.open_minor::text
    from billing.open_item o join billing.document d on d.id = o.document_id
    union all select 'payment', reference, amount_minor::text from billing.payment
    union all select 'voucher', r.voucher_id, p.customer_id || ' ' || p.amount_minor
    from billing.voucher_redemption r join billing.payment p on p.id = r.payment_id
    union all select 'return', reference, amount_minor::text from billing.payment_return
    union all select 'balance', account, sum(amount_minor)::text from billing.ledger_entry group by account
    union all select 'event', type, count(*)::text from events.event group by type
    union all select 'number', id, next_number::text from billing.series
    order by 1, 2, 3`.execute(database);
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex');
}

/** A process that works once it is told to, and can be killed. */
class Worker implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #exited: Promise<unknown>;
  readonly #connections: AsyncIterator<string>;
  #complaint = '';

  constructor(connectionString: string) {
    this.#child = spawn(
      process.execPath,
      [fileURLToPath(new URL('work.ts', import.meta.url)), connectionString],
      {
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    );
    this.#child.stderr.on('data', (text) => {
      this.#complaint += text;
    });
    this.#exited = once(this.#child, 'exit');
    this.#connections = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  begin(): void {
    this.#child.stdin.write('begin\n');
  }

  /** Its next connection to the database: process ids. @throws when it failed by itself. */
  async connected(): Promise<{ readonly backend: number; readonly server: number }> {
    const { value, done } = await this.#connections.next();
    if (done === true) throw new Error(`The work failed by itself: ${this.#complaint}`);
    return JSON.parse(value);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

/** @returns false when there is no such process any more. */
function killed(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

test(`killed ${kills} times, Node, its backend or the server, it ends as if nothing had happened`, {
  timeout: 60_000 + kills * 10_000,
}, async () => {
  const server = await startTestPostgres({ durable: true });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => server.close());
  const disturbed = await seeded(await server.createDatabase());
  // The next one is loaded while this one works.
  const hire = () => stack.use(new Worker(disturbed));
  let [worker, next] = [hire(), hire()];
  worker.begin();
  for (let kill = 0; kill < kills; ) {
    const { backend, server: postmaster } = await worker.connected();
    await pause(Math.random() * 80);
    const victim = kill % 10 === 9 ? 'SERVER' : Math.random() < 0.5 ? 'NODE' : 'BACKEND';
    if (victim === 'NODE') {
      await worker.kill();
      [worker, next] = [next, hire()];
      worker.begin();
    } else if (victim === 'BACKEND') {
      // It may have ended in order meanwhile: the next connection is looked for.
      if (!killed(backend)) continue;
    } else {
      process.kill(postmaster, 'SIGKILL');
      // Nothing is left to be stopped; it waits until the process is gone.
      await server.suspend();
      await server.resume();
    }
    kill += 1;
  }
  // It lives, and is not needed any more.
  await worker.connected();
  await worker.kill();
  const database = openWork(disturbed);
  stack.defer(() => database.destroy());
  const months = (await monthBegun(database)) + 1;
  await work(database, months);
  expect((await proveLedger(database)).findings).toEqual([]);
  const undisturbed = openWork(await seeded(await server.createDatabase()));
  stack.defer(() => undisturbed.destroy());
  await work(undisturbed, months);
  expect(await checksum(database)).toBe(await checksum(undisturbed));
});
