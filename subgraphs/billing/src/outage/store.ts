import type { TenantDatabase } from '@dotmac/migrations';
import { type Executor, type Page, pageBy } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { ChargedTime, OutagePolicy } from './rules.ts';

export const creditStates = ['PROPOSED', 'APPROVED', 'REJECTED'] as const;
type CreditState = (typeof creditStates)[number];
export type OutageCredit = Omit<Selectable<TenantDatabase['billing.outageCredit']>, 'state'> & {
  readonly state: CreditState;
};

export async function outagePolicy(db: Executor<TenantDatabase>): Promise<OutagePolicy> {
  const { minimumMinutes, percent } = await db
    .selectFrom('billing.outagePolicy')
    .select(['minimumMinutes', sql<string>`trim_scale(percent)::text`.as('percent')])
    .executeTakeFirstOrThrow();
  return { minimumMinutes, percent };
}

export async function updateOutagePolicy(
  transaction: Transaction<TenantDatabase>,
  policy: OutagePolicy,
): Promise<void> {
  await transaction.updateTable('billing.outagePolicy').set(policy).execute();
}

/** Credits of a service that are not rejected. */
export async function creditsOfService(
  db: Executor<TenantDatabase>,
  serviceLineId: string,
): Promise<OutageCredit[]> {
  return (await db
    .selectFrom('billing.outageCredit')
    .selectAll()
    .where('serviceLineId', '=', serviceLineId)
    .where('state', '<>', 'REJECTED')
    .execute()) as OutageCredit[];
}

/** Proposes a credit, once for an incident and service. */
export async function insertCredit(
  transaction: Transaction<TenantDatabase>,
  credit: Pick<
    OutageCredit,
    'id' | 'incidentId' | 'serviceLineId' | 'customerId' | 'summary' | 'fromAt' | 'toAt' | 'downSeconds'
  >,
): Promise<void> {
  await transaction
    .insertInto('billing.outageCredit')
    .values(credit)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Credits, locked, so that none is decided twice. */
export async function lockCredits(
  transaction: Transaction<TenantDatabase>,
  ids: readonly string[],
): Promise<void> {
  await sql`select from billing.outage_credit where id = any(${ids}::text[]) order by id for update`.execute(
    transaction,
  );
}

export async function creditsById(
  db: Executor<TenantDatabase>,
  ids: readonly string[],
): Promise<OutageCredit[]> {
  if (ids.length === 0) return [];
  return (await db
    .selectFrom('billing.outageCredit')
    .selectAll()
    .where('id', 'in', ids)
    .orderBy('id')
    .execute()) as OutageCredit[];
}

export async function creditsOfIncidents(
  db: Executor<TenantDatabase>,
  incidentIds: readonly string[],
): Promise<OutageCredit[]> {
  return (await db
    .selectFrom('billing.outageCredit')
    .selectAll()
    .where('incidentId', 'in', incidentIds)
    .orderBy('id')
    .execute()) as OutageCredit[];
}

/** A page of credits, newest first by id. */
export async function creditPage(
  db: Executor<TenantDatabase>,
  page: Page & {
    readonly state?: CreditState | null | undefined;
  },
): Promise<OutageCredit[]> {
  let query = pageBy(db.selectFrom('billing.outageCredit').selectAll(), 'id', 'desc', page);
  if (page.state != null) query = query.where('state', '=', page.state);
  return (await query.execute()) as OutageCredit[];
}

export async function decideCredit(
  transaction: Transaction<TenantDatabase>,
  id: string,
  decision: {
    readonly state: 'APPROVED' | 'REJECTED';
    readonly decidedBy: string;
    readonly decidedAt: Date;
    readonly because: string;
    readonly creditNoteId: string | null;
  },
): Promise<void> {
  await transaction.updateTable('billing.outageCredit').set(decision).where('id', '=', id).execute();
}

/** What was charged for the period that a local day lies in, and the line which a credit is taken off. */
export interface ChargedPeriod extends ChargedTime {
  readonly invoiceId: string;
  readonly lineId: string;
  /** Of that line, less what was credited of it. */
  readonly left: bigint;
  /** Its price includes its tax, and so do these amounts. */
  readonly gross: boolean;
}

/** @returns null while no invoice charges a service for that day. */
export async function chargedPeriod(
  db: Executor<TenantDatabase>,
  serviceLineId: string,
  day: string,
): Promise<ChargedPeriod | null> {
  const { rows } = await sql<ChargedPeriod>`
    with own as (
      select l.*, case when l.tax_inclusive then l.net_minor + l.tax_minor else l.net_minor end as amount, d.type from billing.document_line l join billing.document d on d.id = l.document_id
      where (l.service_line_id = ${serviceLineId} or starts_with(l.service_line_id, ${`${serviceLineId}/`}))
        and l.kind <> 'usage' and l.period_from <= ${day}::date and l.period_to > ${day}::date),
    charged as (
      select line.id, line.document_id, line.tax_inclusive, line.amount + coalesce((select sum(a.amount) from own a
          where a.kind = 'adjustment' and a.explanation->'facts'->>'line' = line.id), 0) as rest
      from own line
      where line.service_line_id = ${serviceLineId} and line.kind = 'recurring' and line.type = 'INVOICE'
        and line.from_day <= ${day}::date and line.to_day > ${day}::date)
    select c.document_id as "invoiceId", c.id as "lineId", greatest(c.rest, 0)::bigint as left,
      c.tax_inclusive as gross,
      (select sum(amount) from own)::bigint as charged,
      (select sum(case kind when 'credit' then -days when 'recurring' then days else 0 end) from own
        where service_line_id = ${serviceLineId})::int as days
    from charged c order by c.rest desc, c.id limit 1`.execute(db);
  const [row] = rows;
  return row === undefined || row.days <= 0 ? null : row;
}
