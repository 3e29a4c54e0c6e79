import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type RawBuilder, sql } from 'kysely';

/** What a customer owes, or who pays for him, as dunning looks at it. */
interface Exposure {
  /** As much as is dunned is overdue, shielded or not: his cycle goes on. */
  readonly overdue: boolean;
  /** As much as is dunned is overdue and no shield covers it, or was given up, or his balance is used up: his lock stands. */
  readonly exposed: boolean;
}

/**
 * A row per customer of a set `who (customer_id, of)`, by what the customers `of` owe on a local day (ISO). A shield covers
 * the debts of whose it is, and over his whole account those of his payer as far as he is concerned.
 */
const exposures = (who: RawBuilder<unknown>, today: string) => sql`
  with who as (${who}),
  shield as (
    select s.customer_id, s.invoice_ids from (select customer_id from who union select of from who) person
    join billing.shield s on s.customer_id = person.customer_id
    where s.lifted_at is null and s.from_day <= ${today}::date and (s.until_day is null or s.until_day > ${today}::date)),
  whole as (select distinct customer_id from shield where invoice_ids is null),
  named as (select distinct customer_id, unnest(invoice_ids) as document_id from shield),
  covered as (
    select who.customer_id, who.of, own.customer_id is not null or payer.customer_id is not null as by_whole
    from who left join whole own on own.customer_id = who.customer_id
    left join whole payer on payer.customer_id = who.of),
  threshold as (
    select t.currency, t.minimum_minor from billing.campaign_threshold t
    join billing.campaign c on c.id = t.campaign_id where c.is_default),
  item as (
    select c.customer_id, c.of, o.currency, o.open_minor, c.by_whole or n.customer_id is not null as shielded
    from covered c join billing.open_item o on o.customer_id = c.of
    left join named n on n.customer_id = c.of and n.document_id = o.document_id
    where o.open_minor > 0 and o.due_on < ${today}::date),
  owed as (
    select i.customer_id, sum(i.open_minor) >= coalesce(t.minimum_minor, 1) as overdue,
      coalesce(sum(i.open_minor) filter (where not i.shielded), 0) >= coalesce(t.minimum_minor, 1) as exposed
    from item i left join threshold t on t.currency = i.currency
    group by i.customer_id, i.of, i.currency, t.minimum_minor
    union all
    select c.customer_id, true, not c.by_whole and n.customer_id is null
    from covered c join billing.write_off w on w.customer_id = c.of
    left join named n on n.customer_id = c.of and n.document_id = w.document_id
    group by c.customer_id, c.of, c.by_whole, w.document_id, n.customer_id having sum(w.amount_minor) > 0
    union all
    select who.customer_id, true, true from who
    join billing.prepaid p on p.customer_id = who.of and p.expired_on is not null)
  select who.customer_id as "customerId", coalesce(bool_or(owed.overdue), false) as overdue,
    coalesce(bool_or(owed.exposed), false) as exposed
  from (select distinct customer_id from who) who left join owed using (customer_id)
  group by who.customer_id`;

/** What dunning holds against a customer on a local day (ISO). */
export async function exposureOf(
  db: Executor<TenantDatabase>,
  customerId: string,
  today: string,
): Promise<Exposure> {
  const who = sql`
    select ${customerId}::text as customer_id, ${customerId}::text as of
    union select customer_id, payer_id from billing.account where customer_id = ${customerId} and payer_id is not null`;
  const { rows } = await sql<Exposure>`${exposures(who, today)}`.execute(db);
  return rows[0] ?? { overdue: false, exposed: false };
}

/** Customers who are dunned although not enough of theirs is overdue any more, or locked although nothing of it is exposed. */
export async function relievedCustomers(db: Executor<TenantDatabase>, today: string): Promise<string[]> {
  const dunned = sql`
    select customer_id from billing.dunning_cycle where closed_on is null union select customer_id from billing.lock`;
  const who = sql`
    select customer_id, customer_id as of from (${dunned}) d
    union select a.customer_id, a.payer_id from (${dunned}) d
      join billing.account a using (customer_id) where a.payer_id is not null`;
  const { rows } = await sql<{ customerId: string }>`
    select "customerId" from (${exposures(who, today)}) e
    where not e.overdue or (not e.exposed and "customerId" in (select customer_id from billing.lock))
    order by "customerId"`.execute(db);
  return rows.map(({ customerId }) => customerId);
}
