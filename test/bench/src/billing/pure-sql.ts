import type { TenantDatabase } from '@dotmac/migrations';
import { type Kysely, sql } from 'kysely';
import { runDate } from './seed.ts';

/**
 * The lower bound: the same rows as the billing run writes for these subscribers, by INSERT … SELECT alone, one
 * transaction per thousand. It knows its one case by heart (a lead-in and a full month in advance) and hashes
 * snapshots without chaining them.
 */
export async function billInSql(
  database: Kysely<TenantDatabase>,
  progress: (added: number) => void,
): Promise<void> {
  for (;;) {
    const count = await database.transaction().execute(async (transaction) => {
      const run = (statement: ReturnType<typeof sql>) => statement.execute(transaction);
      await run(sql`
        create temp table due on commit drop as
        select customer_id, name, email, 'inv_' || substr(customer_id, 5) as id, row_number() over (order by customer_id) as n
        from (select * from billing.account where next_bill_on <= ${runDate}::date
          order by next_bill_on, customer_id limit 1000 for update skip locked) a`);
      const { rows } = await sql<{ count: bigint }>`select count(*) as count from due`.execute(transaction);
      if (rows[0]?.count === 0n) return 0n;
      // Nobody else analyses a temporary table; without it the planner now and then joins all lines to all lines.
      await run(sql`analyze due`);
      await run(sql`
        create temp table line on commit drop as
        select due.id as document_id, row_number() over (partition by due.id order by l.id, p.period_from)::int as ordinal,
          plan.name as description, v.product_class, l.id as service_line_id, v.id as price_key, p.period_from, p.period_to,
          v.price_minor, p.from_day, p.to_day, p.to_day - p.from_day as days, p.period_to - p.period_from as of_days,
          round(v.price_minor * (p.to_day - p.from_day)::numeric / (p.period_to - p.period_from))::bigint as net
        from due join billing.service_line l on l.customer_id = due.customer_id
        join billing.service_event e on e.service_line_id = l.id
        join billing.plan_version v on v.id = e.plan_version_id join billing.plan on plan.id = v.plan_id
        cross join (values (date '2026-02-28', date '2026-03-31', date '2026-03-10', date '2026-03-31'),
          ('2026-03-31', '2026-04-30', '2026-03-31', '2026-04-30')) p (period_from, period_to, from_day, to_day)
        left join billing.document_line b on b.service_line_id = l.id and b.period_to > coalesce(l.settled_before, '-infinity')
        where b.id is null`);
      await run(sql`
        update billing.account a set next_bill_on = '2026-04-30' from due where a.customer_id = due.customer_id`);
      await run(sql`
        update billing.service_line l set settled_before = ${runDate}::date from due where l.customer_id = due.customer_id`);
      await run(sql`
        insert into billing.document_line (id, document_id, ordinal, kind, description, product_class, service_line_id, price_key,
          period_from, period_to, correction, price_numerator, price_denominator, day_count, from_day, to_day, days, of_days,
          net_minor, tax_minor, tax_parts, explanation)
        select document_id || '.' || ordinal, document_id, ordinal, 'recurring', description, product_class, service_line_id,
          price_key, period_from, period_to, 0, price_minor, 1, 'actual', from_day, to_day, days, of_days, net, 0, '[]',
          jsonb_build_object('rule', 'charge.covered-days', 'version', 1, 'inputs', jsonb_build_object('price', price_minor::text,
            'coveredDays', days::text, 'periodDays', of_days::text, 'billed', '0'),
            'formula', 'round(price * coveredDays / periodDays) - billed', 'facts', jsonb_build_object('serviceLine', service_line_id,
            'priceVersion', price_key, 'from', from_day, 'to', to_day, 'periodFrom', period_from, 'periodTo', period_to,
            'dayCount', 'actual', 'runDate', ${runDate}::date))
        from line`);
      await run(sql`
        insert into billing.ledger_transaction select 'invoice', id, 'USD', ${runDate}::date from due`);
      await run(sql`
        insert into billing.ledger_entry
        select 'invoice', due.id, 'receivable:' || due.customer_id, 'USD', sum(line.net) from due join line on line.document_id = due.id group by 1, 2, 3
        union all
        select 'invoice', document_id, 'revenue:' || product_class, 'USD', -sum(net) from line group by 1, 2, 3`);
      await run(sql`
        insert into billing.open_item select due.id, due.customer_id, 'USD', date '2026-04-14', sum(line.net)
        from due join line on line.document_id = due.id group by 1, 2`);
      await run(sql`select from billing.series where id = 'INVOICE' for update`);
      await run(sql`
        with total as (select document_id, sum(net)::bigint as net,
            jsonb_agg(jsonb_build_object('description', description, 'from', from_day, 'to', to_day,
              'price', jsonb_build_array(price_minor::text, '1'), 'days', days, 'ofDays', of_days, 'net', net::text, 'tax', '0') order by ordinal) as lines
          from line group by 1),
        said as (select due.*, total.net, s.next_number + n - 1 as sequence, 'INV-' || lpad((s.next_number + n - 1)::text, 6, '0') as number,
            jsonb_build_object('type', 'INVOICE', 'number', 'INV-' || lpad((s.next_number + n - 1)::text, 6, '0'),
              'issuedOn', ${runDate}::date, 'dueOn', '2026-04-14', 'seller', 'Bench', 'customer', jsonb_build_object('id', customer_id, 'name', name, 'email', email),
              'currency', 'USD', 'lines', total.lines, 'taxes', '[]'::jsonb, 'net', net::text, 'tax', '0', 'gross', net::text)::text as snapshot
          from due join total on total.document_id = due.id cross join (select next_number from billing.series where id = 'INVOICE') s)
        insert into billing.document (id, type, sequence, number, customer_id, currency, run_date, issued_on, due_on, net_minor, tax_minor,
          gross_minor, snapshot, hash, issued_at)
        select id, 'INVOICE', sequence, number, customer_id, 'USD', ${runDate}::date, ${runDate}::date, '2026-04-14', net, 0, net, snapshot,
          encode(sha256(convert_to(snapshot, 'UTF8')), 'hex'), now() from said`);
      await run(sql`
        insert into events.event (type, subject, payload, occurred_at, actor, trace_id)
        select 'invoice.issued', d.id, jsonb_build_object('invoiceId', d.id, 'number', d.number, 'customerId', d.customer_id,
          'grossMinor', d.gross_minor::text, 'currency', d.currency, 'dueOn', d.due_on), now(), 'bench', null
        from due join billing.document d on d.id = due.id`);
      await run(sql`
        update billing.series set next_number = next_number + (select count(*) from due), last_issued_on = ${runDate}::date where id = 'INVOICE'`);
      return rows[0]?.count ?? 0n;
    });
    if (count === 0n) return;
    progress(Number(count));
  }
}
