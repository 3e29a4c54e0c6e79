import type { PlatformDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { EarnedSoFar } from './rules.ts';

export type CommissionEntry = Selectable<PlatformDatabase['partners.commissionEntry']>;

/** Who earns from a tenant, locked so that two payments are counted one after the other. */
export async function lockedAttribution(transaction: Transaction<PlatformDatabase>, tenantId: string) {
  return transaction
    .selectFrom('partners.attribution as attribution')
    .innerJoin('partners.agreement as agreement', 'agreement.id', 'attribution.agreementId')
    .select([
      'attribution.partnerId',
      'attribution.role',
      'attribution.liveAt',
      'agreement.salesRateBasisPoints',
      'agreement.holdDays',
    ])
    .where('attribution.tenantId', '=', tenantId)
    .where('attribution.role', '=', 'SALES')
    .forUpdate('attribution')
    .executeTakeFirst();
}

export async function earnedSoFar(
  db: Executor<PlatformDatabase>,
  partnerId: string,
  tenantId: string,
  currency: string,
): Promise<EarnedSoFar> {
  const { baseMinor, amountMinor } = await db
    .selectFrom('partners.commissionEntry')
    .select([
      sql<bigint>`coalesce(sum(base_minor), 0)::bigint`.as('baseMinor'),
      sql<bigint>`coalesce(sum(amount_minor), 0)::bigint`.as('amountMinor'),
    ])
    .where('partnerId', '=', partnerId)
    .where('tenantId', '=', tenantId)
    .where('currency', '=', currency)
    .executeTakeFirstOrThrow();
  return { baseMinor, amountMinor };
}

/** What a payment earned first, when it came in or when its credit paid an invoice: `<payment>:<invoice>`. */
export async function entryOfPayment(
  db: Executor<PlatformDatabase>,
  tenantId: string,
  paymentId: string,
): Promise<CommissionEntry | undefined> {
  return db
    .selectFrom('partners.commissionEntry')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .where('sourceKind', '=', 'PAYMENT')
    .where(sql<boolean>`(source_id = ${paymentId} or starts_with(source_id, ${`${paymentId}:`}))`)
    .orderBy('earnedAt')
    .executeTakeFirst();
}

/** What had been earned before each of these entries, by its id. */
export async function earnedBefore(
  db: Executor<PlatformDatabase>,
  ids: readonly string[],
): Promise<(EarnedSoFar & { readonly id: string })[]> {
  const { rows } = await sql<EarnedSoFar & { id: string }>`
    select entry.id, coalesce(sum(earlier.base_minor), 0)::bigint as "baseMinor",
      coalesce(sum(earlier.amount_minor), 0)::bigint as "amountMinor"
    from partners.commission_entry entry
    left join partners.commission_entry earlier on earlier.ordinal < entry.ordinal and
      (earlier.partner_id, earlier.tenant_id, earlier.currency) = (entry.partner_id, entry.tenant_id, entry.currency)
    where entry.id = any(${ids}) group by entry.id`.execute(db);
  return rows;
}

/** @returns null when the payment has earned already. */
export async function insertEntry(
  db: Executor<PlatformDatabase>,
  entry: Omit<CommissionEntry, 'ordinal'>,
): Promise<CommissionEntry | null> {
  const row = await db
    .insertInto('partners.commissionEntry')
    .values(entry)
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
  return row ?? null;
}

export function entriesById(
  db: Executor<PlatformDatabase>,
  ids: readonly string[],
): Promise<CommissionEntry[]> {
  return db.selectFrom('partners.commissionEntry').selectAll().where('id', 'in', ids).execute();
}

export function entriesOfPartner(
  db: Executor<PlatformDatabase>,
  partnerId: string,
): Promise<CommissionEntry[]> {
  return db
    .selectFrom('partners.commissionEntry')
    .selectAll()
    .where('partnerId', '=', partnerId)
    .orderBy('earnedAt', 'desc')
    .limit(500)
    .execute();
}

export interface CommissionBalance {
  readonly currency: string;
  /** Sum of all entries. */
  readonly earnedMinor: bigint;
  /** What is neither held any more nor paid; below zero after more was taken back than is left. */
  readonly availableMinor: bigint;
  /** By statements that are paid. */
  readonly paidMinor: bigint;
}

/** What a partner has earned at an instant, by currency. */
export async function balancesOfPartner(
  db: Executor<PlatformDatabase>,
  partnerId: string,
  at: Date,
): Promise<CommissionBalance[]> {
  const { rows } = await sql<CommissionBalance>`
    select entry.currency, sum(amount_minor)::bigint as "earnedMinor", coalesce(max(paid.minor), 0)::bigint as "paidMinor",
      (coalesce(sum(amount_minor) filter (where available_at <= ${at}), 0) - coalesce(max(paid.minor), 0))::bigint as "availableMinor"
    from partners.commission_entry entry
    left join (
      select currency, sum(payable_minor) as minor
      from partners.statement join partners.statement_payment on statement_id = id
      where partner_id = ${partnerId} group by currency
    ) paid using (currency)
    where partner_id = ${partnerId} group by entry.currency order by entry.currency`.execute(db);
  return rows;
}
