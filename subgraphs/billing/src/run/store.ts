import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { sql, type Transaction } from 'kysely';
import type { Day } from '../calendar/rules.ts';
import type { BilledLine } from '../charge/rules.ts';
import { idArray } from '../database/id-array.ts';
import { discountsOfLines } from '../discount/store.ts';
import { openFees } from '../fee/store.ts';
import { usageSnapshots } from '../metering/store-usage.ts';
import { prepaidStandings } from '../prepaid/store.ts';
import { historiesOfCustomers } from '../service-line/histories.ts';
import { exemptionsOf } from '../tax/store.ts';
import { overageSnapshots } from '../usage/snapshot.ts';
import type { AccountSnapshot } from './rules.ts';

/**
 * Accounts that are due on a local day (ISO), locked. `SKIP` leaves out those that somebody else works on; `WAIT`
 * waits for them.
 */
export async function claimDue(
  transaction: Transaction<TenantDatabase>,
  runDate: string,
  limit: number,
  locked: 'SKIP' | 'WAIT',
): Promise<string[]> {
  // In the order of the index, so that a chunk reads no more than itself. Who waits does so in the order of everybody
  // who locks accounts, so that nobody waits in a circle.
  const [order, wait] =
    locked === 'SKIP' ? ['next_bill_on, customer_id', 'skip locked'] : ['customer_id', ''];
  const { rows } = await sql<{ customerId: string }>`
    select customer_id as "customerId" from billing.account where next_bill_on <= ${runDate}::date and not grouped
    order by ${sql.raw(order)} limit ${limit} for update ${sql.raw(wait)}`.execute(transaction);
  return rows.map((row) => row.customerId);
}

/**
 * A session keeps how it checks foreign keys. Planned while the books were empty, it reads whole tables for every row,
 * until autovacuum has looked at them; a first run over a new tenant does not wait for that.
 */
export async function forgetPlans(transaction: Transaction<TenantDatabase>): Promise<void> {
  await sql`discard plans`.execute(transaction);
}

/** All accounts that are due, or the given one; not locked. Those of groups are left out (`payer/store.ts`). */
export async function dueAccounts(
  db: Executor<TenantDatabase>,
  runDate: string,
  customerId: string | null,
): Promise<string[]> {
  const which =
    customerId === null ? sql`next_bill_on <= ${runDate}::date` : sql`customer_id = ${customerId}`;
  const { rows } = await sql<{ customerId: string }>`
    select customer_id as "customerId" from billing.account where ${which} and not grouped
    order by customer_id`.execute(db);
  return rows.map((row) => row.customerId);
}

/** Locks accounts in one order, so that two who do so never wait for each other in a circle. */
export async function lockAccounts(
  transaction: Transaction<TenantDatabase>,
  customerIds: readonly string[],
): Promise<void> {
  await sql`
    select from billing.account where customer_id = any(${idArray(customerIds)}) order by customer_id for update`.execute(
    transaction,
  );
}

interface AccountRow {
  readonly customerId: string;
  readonly name: string;
  readonly email: string | null;
  readonly currency: string;
  readonly anchorDay: number | null;
  readonly paymentTermDays: number;
  readonly taxJurisdictions: string[];
  readonly pricesIncludeTax: boolean | null;
  readonly tenantId: string | null;
  readonly rateCardPlanId: string | null;
  readonly liveFrom: Day | null;
}

interface BilledRow {
  readonly serviceLineId: string;
  readonly priceKey: string;
  readonly numerator: string;
  readonly denominator: string;
  readonly periodFrom: Day;
  readonly periodTo: Day;
  readonly dayCount: 'actual' | 'fixed30';
  readonly kind: string;
  readonly from: Day;
  readonly to: Day;
  readonly taxInclusive: boolean;
  readonly amount: bigint;
}

/** Reads whatever decides what these accounts are charged: a handful of statements, however many accounts. */
export async function loadSnapshots(
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<AccountSnapshot[]> {
  if (customerIds.length === 0) return [];
  const { rows: accounts } = await sql<AccountRow>`
    select customer_id as "customerId", name, email, currency, anchor_day as "anchorDay",
      payment_term_days as "paymentTermDays", tax_jurisdictions as "taxJurisdictions",
      prices_include_tax as "pricesIncludeTax", tenant_id as "tenantId",
      rate_card_plan_id as "rateCardPlanId", greatest(live_from, trial_until) - date '1970-01-01' as "liveFrom"
    from billing.account where customer_id = any(${idArray(customerIds)}) order by customer_id`.execute(db);
  const histories = await historiesOfCustomers(db, customerIds);
  const billed = await billedLines(db, customerIds);
  const discounts = await discountsOfLines(db, customerIds);
  const fees = await openFees(db, customerIds);
  const exemptions = await exemptionsOf(db, customerIds);
  const prepaid = await prepaidStandings(db, customerIds);
  const usages = await usageSnapshots(db, accounts, billed);
  const overages = await overageSnapshots(db, accounts, histories, billed);
  const linesOf = Map.groupBy(histories, ({ customerId }) => customerId);
  return accounts.map((account) => ({
    ...account,
    lines: (linesOf.get(account.customerId) ?? []).map(({ id, settledBefore, events }) => ({
      id,
      settledBefore,
      events,
      billed: billed.get(id) ?? [],
      discounts: (discounts.get(id) ?? []).map((discount) => ({
        ...discount,
        billed: billed.get(`${id}/${discount.id}`) ?? [],
      })),
      overage: overages.get(id) ?? null,
    })),
    exemptions: exemptions.get(account.customerId) ?? [],
    fees: fees.get(account.customerId) ?? [],
    usage: usages.get(account.customerId) ?? null,
    prepaid: prepaid.get(account.customerId) ?? null,
  }));
}

/** What documents say about periods that are not settled, by service line. */
async function billedLines(
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<Map<string, BilledLine[]>> {
  const { rows } = await sql<BilledRow>`
    select b.service_line_id as "serviceLineId", b.price_key as "priceKey", b.price_numerator as numerator,
      b.price_denominator as denominator, b.period_from - date '1970-01-01' as "periodFrom",
      b.period_to - date '1970-01-01' as "periodTo", b.day_count as "dayCount", b.kind,
      b.from_day - date '1970-01-01' as "from", b.to_day - date '1970-01-01' as "to", b.tax_inclusive as "taxInclusive",
      case when b.tax_inclusive then b.net_minor + b.tax_minor else b.net_minor end as amount
    from billing.service_line l
    join billing.document_line b on b.service_line_id = l.id
      and b.period_to > coalesce(l.settled_before, '-infinity'::date)
    where l.customer_id = any(${idArray(customerIds)})
    order by b.service_line_id, b.period_from, b.correction`.execute(db);
  const found = new Map<string, BilledLine[]>();
  for (const { numerator, denominator, kind, ...row } of rows) {
    const price = { num: BigInt(numerator), den: BigInt(denominator) };
    const line = {
      ...row,
      price,
      kind: kind === 'credit' || kind === 'adjustment' ? kind : 'recurring',
    } as const;
    const own = found.get(row.serviceLineId);
    if (own === undefined) found.set(row.serviceLineId, [line]);
    else own.push(line);
  }
  return found;
}

/** Writes down how far the accounts are billed. Days are ISO dates; `null` means nothing is to come. */
export async function settleAccounts(
  transaction: Transaction<TenantDatabase>,
  accounts: readonly { readonly customerId: string; readonly nextBillOn: string | null }[],
  runDate: string,
): Promise<void> {
  if (accounts.length === 0) return;
  const ids = accounts.map(({ customerId }) => customerId);
  await sql`
    update billing.account a set next_bill_on = t.next
    from unnest(${ids}::text[], ${accounts.map(({ nextBillOn }) => nextBillOn)}::date[]) as t (id, next)
    where a.customer_id = t.id`.execute(transaction);
  await sql`
    update billing.service_line set settled_before = ${runDate}::date
    where customer_id = any(${idArray(ids)}) and settled_before is distinct from ${runDate}::date`.execute(
    transaction,
  );
  await sql`delete from billing.problem where customer_id = any(${idArray(ids)})`.execute(transaction);
}

/** Accounts of which nothing was settled are looked at again on a day (ISO). */
export async function lookAgain(
  transaction: Transaction<TenantDatabase>,
  customerIds: readonly string[],
  nextBillOn: string,
): Promise<void> {
  if (customerIds.length === 0) return;
  await sql`
    update billing.account set next_bill_on = ${nextBillOn}::date where customer_id = any(${customerIds}::text[])`.execute(
    transaction,
  );
}

/** Notes accounts that cannot be billed, and looks at them again the next day. */
export async function recordProblems(
  transaction: Transaction<TenantDatabase>,
  problems: readonly { readonly customerId: string; readonly message: string }[],
  at: Date,
  nextBillOn: string,
): Promise<void> {
  if (problems.length === 0) return;
  const ids = problems.map(({ customerId }) => customerId);
  await sql`
    insert into billing.problem (customer_id, message, noticed_at)
    select id, message, ${at}::timestamptz from unnest(${ids}::text[], ${problems.map(({ message }) => message)}::text[]) as t (id, message)
    on conflict (customer_id) do update set message = excluded.message`.execute(transaction);
  await sql`
    update billing.account set next_bill_on = ${nextBillOn}::date where customer_id = any(${idArray(ids)})`.execute(
    transaction,
  );
}
