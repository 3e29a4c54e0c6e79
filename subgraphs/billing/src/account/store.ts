import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';

export type Account = Selectable<TenantDatabase['billing.account']>;

export async function accountsById(
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<Account[]> {
  return db.selectFrom('billing.account').selectAll().where('customerId', 'in', customerIds).execute();
}

/** The account, locked: whoever changes what a customer owes takes this lock first. */
export async function lockedAccount(
  transaction: Transaction<TenantDatabase>,
  customerId: string,
): Promise<Account | null> {
  const row = await transaction
    .selectFrom('billing.account')
    .selectAll()
    .where('customerId', '=', customerId)
    .forUpdate()
    .executeTakeFirst();
  return row ?? null;
}

/** Opens the account of a customer, or brings its name and address up to date. */
export async function upsertAccount(
  transaction: Transaction<TenantDatabase>,
  account: {
    readonly customerId: string;
    readonly name: string;
    readonly email: string | null;
    readonly currency: string;
    readonly openedAt: Date;
  },
): Promise<void> {
  await transaction
    .insertInto('billing.account')
    .values(account)
    .onConflict((conflict) =>
      conflict.column('customerId').doUpdateSet({ name: account.name, email: account.email }),
    )
    .execute();
}

/** What billing settings of an account may be changed. */
export interface AccountChange {
  readonly anchorDay?: number;
  readonly paymentTermDays?: number;
  readonly taxJurisdictions?: string[];
  readonly pricesIncludeTax?: boolean | null;
  readonly tenantId?: string;
  readonly rateCardPlanId?: string;
  readonly liveFrom?: string;
  readonly trialUntil?: string | null;
  readonly trialCoversBundles?: boolean;
  readonly nextBillOn?: string;
  readonly autopayMethodId?: string | null;
  readonly street?: string | null;
  readonly city?: string;
  readonly postalCode?: string | null;
  readonly country?: string;
  readonly vatId?: string | null;
}

export async function updateAccount(
  transaction: Transaction<TenantDatabase>,
  customerId: string,
  change: AccountChange,
): Promise<Account> {
  return transaction
    .updateTable('billing.account')
    .set(change)
    .where('customerId', '=', customerId)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Sees to it that an account is looked at: on a day (ISO), or with what is due before it anyway. */
export async function expectFee(
  transaction: Transaction<TenantDatabase>,
  customerId: string,
  on: string,
): Promise<void> {
  await sql`
    update billing.account set next_bill_on = coalesce(next_bill_on, ${on}::date)
    where customer_id = ${customerId}`.execute(transaction);
}

/** Brings the next look at an account forward to `on`, and settles its billing day with the first service. */
export async function expectCharge(
  transaction: Transaction<TenantDatabase>,
  customerId: string,
  on: string,
): Promise<void> {
  await sql`
    update billing.account
    set next_bill_on = least(next_bill_on, ${on}::date),
        anchor_day = coalesce(anchor_day, extract(day from ${on}::date)::smallint)
    where customer_id = ${customerId}`.execute(transaction);
}
