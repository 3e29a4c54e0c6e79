import { migrate, type TenantDatabase } from '@dotmac/migrations';
import { openDatabase } from '@dotmac/platform';
import { type Kysely, sql } from 'kysely';

/** The local day that is billed: far enough for no other work to be due. */
export const runDate = '2026-03-31';

/** A migrated tenant database with so many subscribers of two lines each (access and a second service), all due. */
export async function seed(connectionString: string, subscribers: number): Promise<Kysely<TenantDatabase>> {
  await migrate({ connectionString, kind: 'tenant' });
  const database = openDatabase<TenantDatabase>({
    connectionString,
    max: 2,
    applicationName: 'dotmac bench',
    onConnectionError: (error) => {
      throw error;
    },
  });
  await sql`insert into billing.plan values ('pln_1', 'Fibre 100', 'ACCESS', now()), ('pln_2', 'Voice', 'ACCESS', now())`.execute(
    database,
  );
  await sql`
    insert into billing.plan_version (id, plan_id, version, effective_from, currency, price_minor, interval_unit, interval_count,
      timing, product_class, downstream_bits_per_second, upstream_bits_per_second, published_at)
    values ('plv_1', 'pln_1', 1, '2026-01-01', 'USD', 4999, 'month', 1, 'inAdvance', 'internetAccess', 100000000, 20000000, now()),
      ('plv_2', 'pln_2', 1, '2026-01-01', 'USD', 995, 'month', 1, 'inAdvance', 'voice', 1000000, 1000000, now())`.execute(
    database,
  );
  await sql`
    insert into billing.account (customer_id, name, email, currency, anchor_day, next_bill_on, opened_at)
    select 'cus_' || lpad(n::text, 26, '0'), 'Customer ' || n, 'c' || n || '@example.net', 'USD', 31, ${runDate}, now()
    from generate_series(1, ${subscribers}::int) n`.execute(database);
  await sql`
    insert into billing.service_line (id, customer_id)
    select 'svc_' || lpad(n::text, 25, '0') || k, 'cus_' || lpad(n::text, 26, '0')
    from generate_series(1, ${subscribers}::int) n, generate_series(1, 2) k order by n, k`.execute(database);
  // From the 10th: the lead-in is prorated, so that the arithmetic is more than a copy of the price.
  await sql`
    insert into billing.service_event (service_line_id, ordinal, type, effective_on, plan_id, plan_version_id)
    select id, 1, 'start', '2026-03-10', 'pln_' || right(id, 1), 'plv_' || right(id, 1) from billing.service_line`.execute(
    database,
  );
  await sql`vacuum analyze`.execute(database);
  return database;
}
