import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startTestPostgres } from '@dotmac/harness';
import { migrate, type TenantDatabase } from '@dotmac/migrations';
import { type Kysely, sql } from 'kysely';
import { expect, test } from 'vitest';
import { proveLedger } from '../ledger/proof.ts';
import { openWork, work } from './work.ts';

/** 200 in the long run of this test. */
const kills = Number(process.env.DOTMAC_KILLS ?? 20);
const customers = 20;
const months = Math.ceil(kills / 2);

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
    union all select 'return', reference, amount_minor::text from billing.payment_return
    union all select 'balance', account, sum(amount_minor)::text from billing.ledger_entry group by account
    union all select 'event', type, count(*)::text from events.event group by type
    union all select 'number', id, next_number::text from billing.series
    order by 1, 2, 3`.execute(database);
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex');
}

/** Starts the work and kills it at a random point: Node, or its backend. Whether the work had ended by itself. */
async function killed(connectionString: string): Promise<'KILLED' | 'ENDED' | 'NEVER_STARTED'> {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('work.ts', import.meta.url)), connectionString, `${months}`],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const exited = once(child, 'exit');
  let backend: number | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    backend = Number(line);
    break;
  }
  if (backend === undefined) {
    await exited;
    return 'NEVER_STARTED';
  }
  const victim = Math.random() < 0.5 ? child.pid : backend;
  const timer = setTimeout(() => {
    if (victim !== undefined && child.exitCode === null) process.kill(victim, 'SIGKILL');
  }, Math.random() * 60);
  const [code, signal] = await exited;
  clearTimeout(timer);
  if (code === 0) return 'ENDED';
  // Without its backend it fails as it should; when it was to be killed itself, a failure of its own is none of ours.
  if (victim === child.pid && signal === null) throw new Error(`The work failed by itself with code ${code}`);
  return 'KILLED';
}

test(`killed ${kills} times, Node or its backend, it ends as if nothing had happened`, {
  timeout: 60_000 + kills * 10_000,
}, async () => {
  const server = await startTestPostgres({ durable: true });
  try {
    const disturbed = await seeded(await server.createDatabase());
    const outcomes = { KILLED: 0, ENDED: 0, NEVER_STARTED: 0 };
    // A server that recovers lets nobody in for a while.
    for (let attempt = 0; outcomes.KILLED < kills && outcomes.ENDED === 0 && attempt < kills * 10; attempt++)
      outcomes[await killed(disturbed)] += 1;
    expect(outcomes).toMatchObject({ KILLED: kills, ENDED: 0 });
    const database = openWork(disturbed);
    // After the last kill the server may still be recovering; the work itself takes the time it takes.
    await expect
      .poll(() => sql`select 1`.execute(database).then(() => 'answers', String), { timeout: 60_000 })
      .toBe('answers');
    await work(database, months);
    expect((await proveLedger(database)).findings).toEqual([]);
    const undisturbed = openWork(await seeded(await server.createDatabase()));
    await work(undisturbed, months);
    expect(await checksum(database)).toBe(await checksum(undisturbed));
    await database.destroy();
    await undisturbed.destroy();
  } finally {
    await server.close();
  }
});
