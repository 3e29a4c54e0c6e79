import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { Day } from '../calendar/rules.ts';
import { idArray } from '../database/id-array.ts';
import { shippedComponents, withRecorded } from './rules-jurisdictions.ts';
import { quotedComponents } from './rules-quote.ts';
import type { TaxComponent, TaxExemption } from './rules-types.ts';
import { freshQuotes } from './store-quote.ts';

const shipped = shippedComponents();

interface RateRow {
  readonly jurisdiction: string;
  readonly name: string;
  readonly productClass: string;
  readonly percent: string | null;
  readonly perUnit: bigint | null;
  readonly category: string;
  readonly from: Day;
}

/** All tax components by jurisdiction: shipped ones, those of a rate service that hold now, and those that were recorded. */
export async function taxComponents(
  db: Executor<TenantDatabase>,
): Promise<ReadonlyMap<string, readonly TaxComponent[]>> {
  const { rows } = await sql<RateRow>`
    select jurisdiction, name, product_class as "productClass", trim_scale(percent)::text as percent,
      per_unit_minor as "perUnit", category, from_day - date '1970-01-01' as "from" from billing.tax_rate`.execute(
    db,
  );
  const recorded = rows.map(
    ({ jurisdiction, name, percent, perUnit, ...rate }): TaxComponent => ({
      ...rate,
      id: `${jurisdiction}/${name}`,
      jurisdiction,
      name,
      charge: percent === null ? { perUnit: perUnit ?? 0n } : { percent },
    }),
  );
  const quoted = (await freshQuotes(db)).flatMap(quotedComponents);
  return Map.groupBy(withRecorded([...shipped, ...quoted], recorded), ({ jurisdiction }) => jurisdiction);
}

export type TaxRate = Selectable<TenantDatabase['billing.taxRate']>;

/** @returns false when this component and class has a rate from that day on already. */
export async function insertTaxRate(
  transaction: Transaction<TenantDatabase>,
  rate: TaxRate,
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await transaction
    .insertInto('billing.taxRate')
    .values(rate)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

export const taxRates = (db: Executor<TenantDatabase>): Promise<TaxRate[]> =>
  db
    .selectFrom('billing.taxRate')
    .selectAll()
    .orderBy('jurisdiction')
    .orderBy('name')
    .orderBy('fromDay')
    .execute();

export type Exemption = Selectable<TenantDatabase['billing.taxExemption']>;

export async function insertExemption(
  transaction: Transaction<TenantDatabase>,
  exemption: Exemption,
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await transaction
    .insertInto('billing.taxExemption')
    .values(exemption)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

export const exemptionsOfCustomers = (
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<Exemption[]> =>
  db
    .selectFrom('billing.taxExemption')
    .selectAll()
    .where('customerId', 'in', customerIds)
    .orderBy('fromDay')
    .orderBy('id')
    .execute();

/** What frees these customers from taxes, as the rules read it. */
export async function exemptionsOf(
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<Map<string, TaxExemption[]>> {
  const { rows } = await sql<
    Omit<TaxExemption, 'reverseCharge'> & { customerId: string; reverseCharge: boolean }
  >`
    select customer_id as "customerId", evidence as certificate, jurisdiction, kind = 'REVERSE_CHARGE' as "reverseCharge",
      from_day - date '1970-01-01' as "from", to_day - date '1970-01-01' as "to"
    from billing.tax_exemption where customer_id = any(${idArray(customerIds)}) order by from_day, id`.execute(
    db,
  );
  return Map.groupBy(rows, ({ customerId }) => customerId);
}

/** What documents of some days would have had of a tax at another rate. Minor units, signed. */
export interface TaxChange {
  readonly customerId: string;
  readonly documents: bigint;
  readonly currency: string;
  readonly base: bigint;
  readonly tax: bigint;
  readonly taxThen: bigint;
}

/** By customer and currency, over documents issued on [from, to). What was promised with its tax stays what it is. */
export async function taxChange(
  db: Executor<TenantDatabase>,
  componentId: string,
  percent: string,
  days: { readonly from: string; readonly to: string },
): Promise<TaxChange[]> {
  const { rows } = await sql<TaxChange>`
    with inside as (
      select l.document_id, sum(l.net_minor) as net, sum(l.net_minor + l.tax_minor) as gross
      from billing.document_line l
      where l.tax_inclusive and l.tax_parts @> ${JSON.stringify([{ component: componentId }])}::jsonb
      group by l.document_id)
    select d.customer_id as "customerId", count(*) as documents, d.currency, sum(t.base_minor)::bigint as base,
      sum(t.tax_minor)::bigint as tax,
      sum(round((t.base_minor - coalesce(i.net, 0)) * ${percent}::numeric / 100
        + coalesce(i.gross, 0) * ${percent}::numeric / (100 + ${percent}::numeric)))::bigint as "taxThen"
    from billing.document_tax t join billing.document d on d.id = t.document_id
    left join inside i on i.document_id = d.id
    where t.component_id = ${componentId} and t.category = 'S'
      and d.issued_on >= ${days.from}::date and d.issued_on < ${days.to}::date
    group by d.customer_id, d.currency order by d.customer_id, d.currency`.execute(db);
  return rows;
}
