import type { TenantDatabase } from '@dotmac/migrations';
import { openDatabase } from '@dotmac/platform';
import { sql } from 'kysely';

/** Devices in a tree: a gateway, towers below it, sectors below those; subscribers are spread over the sectors. */
const towers = 20;
const sectorsPerTower = 9;

/**
 * Adds subscribers to a running tenant's database: customers, services, accounts, lines on a plan, accesses, live sessions, and
 * where each is connected. @returns their services.
 */
export async function addSubscribers(connectionString: string, count: number): Promise<string[]> {
  const database = openDatabase<TenantDatabase>({
    connectionString,
    max: 1,
    applicationName: 'dotmac bench',
    onConnectionError: (error) => {
      throw error;
    },
  });
  try {
    await database.transaction().execute(async (transaction) => {
      const run = (query: ReturnType<typeof sql>) => query.execute(transaction);
      const key = (prefix: string) => sql.raw(`'${prefix}_bench' || lpad(n::text, 6, '0')`);
      const all = sql`generate_series(1, ${count}::int) n`;
      const [plan] = (
        await sql<{ id: string; version: string }>`
          select p.id, v.id as version from billing.plan p join billing.plan_version v on v.plan_id = p.id
          where p.kind = 'ACCESS' and v.published_at is not null order by p.id limit 1`.execute(transaction)
      ).rows;
      if (plan === undefined) throw new Error('The tenant sells no plan');
      await run(sql`
        insert into subscribers.customer (id, name, email, state, created_at)
        select ${key('cus')}, 'Customer ' || n, 'bench' || n || '@example.net', 'ACTIVE', now() from ${all}`);
      await run(sql`
        insert into subscribers.service (id, customer_id, plan_id, state, ordered_at, activated_on)
        select ${key('svc')}, ${key('cus')}, ${plan.id}, 'ACTIVE', now(), current_date from ${all}`);
      await run(sql`
        insert into billing.account (customer_id, name, currency, anchor_day, opened_at)
        select ${key('cus')}, 'Customer ' || n, 'USD', 1, now() from ${all}`);
      await run(sql`
        insert into billing.service_line (id, customer_id) select ${key('svc')}, ${key('cus')} from ${all}`);
      await run(sql`
        insert into billing.service_event (service_line_id, ordinal, type, effective_on, plan_id, plan_version_id)
        select ${key('svc')}, 1, 'start', current_date, ${plan.id}, ${plan.version} from ${all}`);
      await run(sql`
        insert into network.device (id, name, state, state_source, state_evidence, state_since, seen_at, polled_at, created_at)
        select id, id, 'ONLINE', 'poll over snmp', 'it answers', now(), now(), now(), now() from (
          select 'dev_bench_core' as id union all select 'dev_bench_t' || t from generate_series(1, ${towers}::int) t
          union all select 'dev_bench_t' || t || '_' || s from generate_series(1, ${towers}::int) t, generate_series(1, ${sectorsPerTower}::int) s
        ) d`);
      await run(sql`
        insert into network.device_link (child_id, parent_id, source, created_at)
        select 'dev_bench_t' || t, 'dev_bench_core', 'MANUAL', now() from generate_series(1, ${towers}::int) t
        union all select 'dev_bench_t' || t || '_' || s, 'dev_bench_t' || t, 'MANUAL', now()
        from generate_series(1, ${towers}::int) t, generate_series(1, ${sectorsPerTower}::int) s`);
      await run(sql`
        insert into network.nas (id, name, device_id, source_address, secret, vendor_profile, coa_port, created_at)
        values ('nas_bench', 'bench', 'dev_bench_core', '192.0.2.77', '\\x00'::bytea, 'mikrotik', 3799, now())`);
      await run(sql`
        insert into network.access (service_id, customer_id, plan_id, username, password, device_id, mode, created_at)
        select ${key('svc')}, ${key('cus')}, ${plan.id}, 'bench' || n, '\\x00'::bytea, 'dev_bench_core', 'OPEN', now() from ${all}`);
      await run(sql`
        insert into network.session (id, nas_id, native_id, username, service_id, device_id, mac, started_at, updated_at)
        select ${key('ses')}, 'nas_bench', 'bench' || n, 'bench' || n, ${key('svc')}, 'dev_bench_core',
          '02:be:' || substr(lpad(to_hex(n), 8, '0'), 1, 2) || ':' || substr(lpad(to_hex(n), 8, '0'), 3, 2) || ':' ||
            substr(lpad(to_hex(n), 8, '0'), 5, 2) || ':' || substr(lpad(to_hex(n), 8, '0'), 7, 2), now(), now() from ${all}`);
      await run(sql`
        insert into network.service_place (service_id, device_id, port_name, via, source, observed_at)
        select ${key('svc')}, 'dev_bench_t' || (n % ${towers}::int + 1) || '_' || (n % ${sectorsPerTower}::int + 1), 'wlan1', 'WIRELESS',
          'snmp:registrations', now() from ${all}`);
    });
    await sql`analyze`.execute(database);
    return Array.from({ length: count }, (_, i) => `svc_bench${String(i + 1).padStart(6, '0')}`);
  } finally {
    await database.destroy();
  }
}
