import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { ShapingPayload } from '@dotmac/schema';
import { sql, type Transaction } from 'kysely';
import type { Day } from '../calendar/rules.ts';
import { insertRows } from '../database/insert-rows.ts';
import type { Campaign, DunningAccount, DunningStep, OverdueInvoice, Shield } from './rules.ts';

/** The campaign that holds for everybody. */
export async function defaultCampaign(db: Executor<TenantDatabase>): Promise<Campaign | null> {
  const campaign = await db
    .selectFrom('billing.campaign')
    .select('id')
    .where('isDefault', '=', true)
    .executeTakeFirst();
  if (campaign === undefined) return null;
  const steps = await db
    .selectFrom('billing.dunningStep')
    .selectAll()
    .where('campaignId', '=', campaign.id)
    .orderBy('ordinal')
    .execute();
  const thresholds = await db
    .selectFrom('billing.campaignThreshold')
    .selectAll()
    .where('campaignId', '=', campaign.id)
    .execute();
  return {
    id: campaign.id,
    thresholds: Object.fromEntries(thresholds.map((row) => [row.currency, row.minimumMinor])),
    steps: steps.map((row) => ({
      id: row.id,
      daysAfterDue: row.daysAfterDue,
      action: row.action as DunningStep['action'],
      minimumDaysAfterPrevious: row.minimumDaysAfterPrevious,
      ...(row.slowTo === null ? {} : { slowTo: row.slowTo as unknown as ShapingPayload }),
    })),
  };
}

/** Customers after `after` with something overdue on a local day (ISO), in order, locked. */
export async function claimOverdue(
  transaction: Transaction<TenantDatabase>,
  today: string,
  after: string,
  limit: number,
): Promise<string[]> {
  const { rows } = await sql<{ customerId: string }>`
    select customer_id as "customerId" from billing.account a
    where customer_id > ${after} and exists (
      select from billing.open_item o where o.customer_id = a.customer_id and o.open_minor > 0 and o.due_on < ${today}::date)
    order by customer_id limit ${limit} for update`.execute(transaction);
  return rows.map((row) => row.customerId);
}

/** Customers with something overdue on a local day (ISO). */
export async function overdueCustomers(db: Executor<TenantDatabase>, today: string): Promise<string[]> {
  const { rows } = await sql<{ customerId: string }>`
    select distinct customer_id as "customerId" from billing.open_item
    where open_minor > 0 and due_on < ${today}::date`.execute(db);
  return rows.map((row) => row.customerId);
}

/** What dunning decides on, read in one go. Under the accounts' locks the evidence is complete. */
export async function dunningAccounts(
  transaction: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<(DunningAccount & { readonly cycles: ReadonlyMap<string, string> })[]> {
  const { rows: invoices } = await sql<OverdueInvoice & { customerId: string }>`
    select document_id as id, customer_id as "customerId", currency, due_on - date '1970-01-01' as "dueOn", open_minor as open
    from billing.open_item where customer_id = any(${customerIds}::text[]) and open_minor > 0`.execute(
    transaction,
  );
  const { rows: shields } = await sql<{
    customerId: string;
    kind: Shield['kind'];
    from: Day;
    until: Day | null;
    invoiceIds: string[] | null;
  }>`
    select customer_id as "customerId", kind, from_day - date '1970-01-01' as "from",
      until_day - date '1970-01-01' as until, invoice_ids as "invoiceIds"
    from billing.shield where customer_id = any(${customerIds}::text[]) and lifted_at is null`.execute(
    transaction,
  );
  // Money that is on its way is as good as a proof under review: what the provider has not said is never a no.
  const { rows: underWay } = await sql<{ customerId: string; invoiceId: string }>`
    select customer_id as "customerId", document_id as "invoiceId" from billing.charge_attempt
    where customer_id = any(${customerIds}::text[]) and state in ('sent', 'pending')`.execute(transaction);
  const { rows: cycles } = await sql<{
    id: string;
    customerId: string;
    currency: string;
    cycle: string;
    stepId: string | null;
    on: Day | null;
  }>`
    select c.id, c.customer_id as "customerId", c.currency, c.oldest_due_on::text as cycle, t.step_id as "stepId",
      t.taken_on - date '1970-01-01' as "on"
    from billing.dunning_cycle c left join billing.dunning_taken t on t.cycle_id = c.id
    where c.customer_id = any(${customerIds}::text[]) and c.closed_on is null`.execute(transaction);
  const of = <T extends { customerId: string }>(rows: readonly T[]) =>
    Map.groupBy(rows, (row) => row.customerId);
  const [invoicesOf, shieldsOf, cyclesOf] = [of(invoices), of(shields), of(cycles)];
  const underWayOf = of(underWay);
  return customerIds.map((id) => ({
    id,
    invoices: invoicesOf.get(id) ?? [],
    shields: [
      ...(shieldsOf.get(id) ?? []).map(({ kind, from, until, invoiceIds }) => ({
        kind,
        from,
        ...(until === null ? {} : { until }),
        ...(invoiceIds === null ? {} : { invoiceIds }),
      })),
      ...(underWayOf.get(id) ?? []).map(({ invoiceId }) => ({
        kind: 'paymentProofUnderReview' as const,
        from: Number.NEGATIVE_INFINITY,
        invoiceIds: [invoiceId],
      })),
    ],
    evidenceComplete: true,
    taken: (cyclesOf.get(id) ?? []).flatMap(({ currency, stepId, on, cycle }) =>
      stepId === null || on === null ? [] : [{ currency, stepId, on, cycle }],
    ),
    cycles: new Map((cyclesOf.get(id) ?? []).map((row) => [row.currency, row.id])),
  }));
}

export async function openCycles(
  transaction: Transaction<TenantDatabase>,
  cycles: readonly {
    readonly id: string;
    readonly customerId: string;
    readonly campaignId: string;
    readonly currency: string;
    readonly oldestDueOn: string;
  }[],
): Promise<void> {
  await insertRows(
    transaction,
    'billing.dunning_cycle',
    { id: 'text', customer_id: 'text', campaign_id: 'text', currency: 'text', oldest_due_on: 'date' },
    cycles.map((cycle) => ({
      id: cycle.id,
      customer_id: cycle.customerId,
      campaign_id: cycle.campaignId,
      currency: cycle.currency,
      oldest_due_on: cycle.oldestDueOn,
    })),
  );
}

export async function insertTaken(
  transaction: Transaction<TenantDatabase>,
  taken: readonly {
    readonly cycleId: string;
    readonly stepId: string;
    readonly takenOn: string;
    readonly overdue: bigint;
  }[],
): Promise<void> {
  await insertRows(
    transaction,
    'billing.dunning_taken',
    { cycle_id: 'text', step_id: 'text', taken_on: 'date', overdue_minor: 'bigint' },
    taken.map(({ cycleId, stepId, takenOn, overdue }) => ({
      cycle_id: cycleId,
      step_id: stepId,
      taken_on: takenOn,
      overdue_minor: overdue,
    })),
  );
}

export async function closeCycles(
  transaction: Transaction<TenantDatabase>,
  customerId: string,
  today: string,
): Promise<void> {
  await transaction
    .updateTable('billing.dunningCycle')
    .set({ closedOn: today })
    .where('customerId', '=', customerId)
    .where('closedOn', 'is', null)
    .execute();
}

/** Forgets the hardest that the open cycles did to the services, so that it comes back when its shield is gone. */
export async function forgetLockStep(
  transaction: Transaction<TenantDatabase>,
  customerId: string,
): Promise<void> {
  await sql`
    with hardest as (
      select distinct on (c.id) c.id as cycle_id, s.ordinal, s.campaign_id
      from billing.dunning_cycle c join billing.dunning_taken t on t.cycle_id = c.id
        join billing.dunning_step s on s.campaign_id = c.campaign_id and s.id = t.step_id
      where c.customer_id = ${customerId} and c.closed_on is null and s.action in ('slow', 'walledGarden')
      order by c.id, s.ordinal desc)
    delete from billing.dunning_taken t using hardest h, billing.dunning_step s
    where t.cycle_id = h.cycle_id and s.campaign_id = h.campaign_id and s.id = t.step_id and s.ordinal >= h.ordinal`.execute(
    transaction,
  );
}
