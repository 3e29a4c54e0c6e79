import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { sql } from 'kysely';
import { dayOfText } from '../run/run.ts';
import { priceWithoutTax } from '../tax/rules-price.ts';
import { exemptionsOf, taxComponents } from '../tax/store.ts';
import { monthly, type ServiceValue } from './rules.ts';

/**
 * What every service is worth at the start of two local days (ISO): by the version it was bought at, less no discount,
 * and without the tax that is in its price on that day.
 * @param only these and what is sold beside them; all when left out.
 */
export async function serviceValues(
  db: Executor<TenantDatabase>,
  from: string,
  to: string,
  only: readonly string[] | null = null,
): Promise<ServiceValue[]> {
  interface Row {
    readonly serviceId: string;
    readonly customerId: string;
    readonly currency: string;
    readonly at: 'opening' | 'closing';
    readonly price: bigint;
    readonly unit: 'day' | 'week' | 'month' | 'year';
    readonly count: number;
    readonly productClass: string;
    readonly taxInclusive: boolean;
    readonly jurisdictions: string[];
  }
  const { rows } = await sql<Row>`
    select l.id as "serviceId", l.customer_id as "customerId", v.currency, t.at, v.price_minor as price,
      v.interval_unit as unit, v.interval_count as count, v.product_class as "productClass",
      coalesce(a.prices_include_tax, v.tax_inclusive) as "taxInclusive", a.tax_jurisdictions as jurisdictions
    from (values ('opening', ${from}::date), ('closing', ${to}::date)) t (at, day)
    cross join billing.service_line l
    join billing.account a on a.customer_id = l.customer_id
    cross join lateral (select type, plan_id, plan_version_id from billing.service_event e
      where e.service_line_id = l.id and e.effective_on < t.day order by effective_on desc, ordinal desc limit 1) e
    join billing.plan_version v on v.id = coalesce(e.plan_version_id,
      (select id from billing.plan_version f where f.plan_id = e.plan_id and f.version = 1))
    where e.type <> 'cancel' and (${only}::text[] is null or l.id = any(${only}::text[]) or split_part(l.id, ':', 2) = any(${only}::text[]))`.execute(
    db,
  );
  const values = new Map<string, { -readonly [K in keyof ServiceValue]: ServiceValue[K] }>();
  const inclusive = rows.filter(({ taxInclusive }) => taxInclusive);
  const components = inclusive.length === 0 ? new Map() : await taxComponents(db);
  const exemptions = await exemptionsOf(db, [...new Set(inclusive.map(({ customerId }) => customerId))]);
  const netOf = (row: Row): bigint =>
    priceWithoutTax(row, components, {
      jurisdictions: row.jurisdictions,
      exemptions: exemptions.get(row.customerId) ?? [],
      on: dayOfText(row.at === 'opening' ? from : to),
    });
  for (const row of rows) {
    const { serviceId, customerId, currency, at, unit, count } = row;
    const price = row.taxInclusive ? netOf(row) : row.price;
    const value = values.get(serviceId) ?? { serviceId, customerId, currency, opening: null, closing: null };
    value[at] = monthly(price, unit, count);
    values.set(serviceId, value);
  }
  return [...values.values()];
}

/** What a number of a report is the sum of: a document, or what was posted, and its share. Minor units. */
interface ReportRows {
  readonly rowIds: string[];
  readonly rowAmounts: bigint[];
}

export interface AgingBucket extends ReportRows {
  readonly bucket: string;
  readonly currency: string;
  readonly open: bigint;
}

/** What is open on a local day (ISO) by days overdue. */
export async function aging(db: Executor<TenantDatabase>, today: string): Promise<AgingBucket[]> {
  const { rows } = await sql<AgingBucket>`
    select case when ${today}::date <= due_on then 'NOT_DUE' when ${today}::date - due_on <= 30 then 'DAYS_1_30'
        when ${today}::date - due_on <= 60 then 'DAYS_31_60' when ${today}::date - due_on <= 90 then 'DAYS_61_90'
        else 'OVER_90' end as bucket,
      currency, sum(open_minor)::bigint as open, array_agg(document_id order by due_on, document_id) as "rowIds",
      array_agg(open_minor order by due_on, document_id) as "rowAmounts"
    from billing.open_item where open_minor > 0 group by 1, 2 order by 2, min(due_on) desc`.execute(db);
  return rows;
}

export interface RevenueRow extends ReportRows {
  readonly month: string;
  readonly description: string;
  readonly productClass: string;
  readonly currency: string;
  readonly net: bigint;
}

/** Net of documents issued on [from, to), by month of issue and what was sold. */
export async function revenue(db: Executor<TenantDatabase>, from: string, to: string): Promise<RevenueRow[]> {
  const { rows } = await sql<RevenueRow>`
    select month, description, "productClass", currency, sum(net)::bigint as net,
      array_agg(id order by id) as "rowIds", array_agg(net order by id) as "rowAmounts"
    from (
      select to_char(d.issued_on, 'YYYY-MM') as month, coalesce(p.name, l.description) as description,
        l.product_class as "productClass", d.currency, d.id, sum(l.net_minor)::bigint as net
      from billing.document d
      join billing.document_line l on l.document_id = d.id
      left join billing.plan_version v on v.id = split_part(l.price_key, '/', 1)
      left join billing.plan p on p.id = v.plan_id
      where d.issued_on >= ${from}::date and d.issued_on < ${to}::date
      group by 1, 2, 3, 4, 5
    ) by_document
    group by 1, 2, 3, 4 order by 1, 2, 3, 4`.execute(db);
  return rows;
}

export interface TaxRow extends ReportRows {
  readonly name: string;
  readonly componentId: string;
  readonly category: string;
  readonly percent: string | null;
  readonly currency: string;
  readonly base: bigint;
  readonly tax: bigint;
}

/** Taxes of documents issued on [from, to). */
export async function taxes(db: Executor<TenantDatabase>, from: string, to: string): Promise<TaxRow[]> {
  const { rows } = await sql<TaxRow>`
    select t.name, t.component_id as "componentId", t.category, trim_scale(t.percent)::text as percent, d.currency,
      sum(t.base_minor)::bigint as base, sum(t.tax_minor)::bigint as tax, array_agg(d.id order by d.id) as "rowIds",
      array_agg(t.tax_minor order by d.id) as "rowAmounts"
    from billing.document_tax t join billing.document d on d.id = t.document_id
    where d.issued_on >= ${from}::date and d.issued_on < ${to}::date
    group by t.name, t.component_id, t.category, t.percent, d.currency order by 2, 4, 5`.execute(db);
  return rows;
}

export interface CashRow extends ReportRows {
  /** What the money came or went by: the method of its payments. */
  readonly method: string;
  /** Of its postings, such as payment or refund. */
  readonly kind: string;
  readonly currency: string;
  readonly amount: bigint;
}

/** Money in (above zero) and out on [from, to), by method and kind: the entries of the ledger's clearing accounts. */
export async function cash(db: Executor<TenantDatabase>, from: string, to: string): Promise<CashRow[]> {
  const { rows } = await sql<CashRow>`
    select substr(e.account, length('clearing:') + 1) as method, e.kind, e.currency, sum(e.amount_minor)::bigint as amount,
      array_agg(e.ref order by t.posted_on, e.ref) as "rowIds",
      array_agg(e.amount_minor order by t.posted_on, e.ref) as "rowAmounts"
    from billing.ledger_entry e join billing.ledger_transaction t using (kind, ref)
    where starts_with(e.account, 'clearing:') and t.posted_on >= ${from}::date and t.posted_on < ${to}::date
    group by 1, 2, 3 order by 1, 2, 3`.execute(db);
  return rows;
}
