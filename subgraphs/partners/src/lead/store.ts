import type { PlatformDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { Selectable, Transaction } from 'kysely';

export const leadStates = ['SUBMITTED', 'APPROVED', 'REJECTED', 'WON', 'EXPIRED'] as const;
export type Lead = Omit<Selectable<PlatformDatabase['partners.lead']>, 'state'> & {
  readonly state: (typeof leadStates)[number];
};
export type Attribution = Selectable<PlatformDatabase['partners.attribution']>;

export async function leadsOfPartner(db: Executor<PlatformDatabase>, partnerId: string): Promise<Lead[]> {
  const rows = await db
    .selectFrom('partners.lead')
    .selectAll()
    .where('partnerId', '=', partnerId)
    .orderBy('registeredAt', 'desc')
    .execute();
  return rows as Lead[];
}

/** The lead, locked for the rest of the transaction. */
export async function lockedLead(
  transaction: Transaction<PlatformDatabase>,
  id: string,
): Promise<Lead | null> {
  const row = await transaction
    .selectFrom('partners.lead')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return (row as Lead | undefined) ?? null;
}

/** @returns null when another open lead has the e-mail address. */
export async function insertLead(
  db: Executor<PlatformDatabase>,
  lead: Pick<Lead, 'id' | 'partnerId' | 'company' | 'email' | 'registeredAt'>,
): Promise<Lead | null> {
  const row = await db
    .insertInto('partners.lead')
    .values({ ...lead, state: 'SUBMITTED' })
    .onConflict((conflict) =>
      conflict.column('email').where('state', 'in', ['SUBMITTED', 'APPROVED']).doNothing(),
    )
    .returningAll()
    .executeTakeFirst();
  return (row as Lead | undefined) ?? null;
}

export async function updateLead(
  db: Executor<PlatformDatabase>,
  id: string,
  change: Partial<Pick<Lead, 'state' | 'approvedAt' | 'protectedUntil' | 'tenantId'>>,
): Promise<Lead> {
  const row = await db
    .updateTable('partners.lead')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  return row as Lead;
}

export async function insertAttribution(
  db: Executor<PlatformDatabase>,
  attribution: Omit<Attribution, 'role' | 'liveAt'>,
): Promise<void> {
  await db
    .insertInto('partners.attribution')
    .values({ ...attribution, role: 'SALES' })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** The first year of a tenant begins, once. */
export async function beginFirstYear(
  db: Executor<PlatformDatabase>,
  tenantId: string,
  liveAt: Date,
): Promise<void> {
  await db
    .updateTable('partners.attribution')
    .set({ liveAt })
    .where('tenantId', '=', tenantId)
    .where('liveAt', 'is', null)
    .execute();
}

export function salesPartnersOfTenants(
  db: Executor<PlatformDatabase>,
  tenantIds: readonly string[],
): Promise<Attribution[]> {
  return db
    .selectFrom('partners.attribution')
    .selectAll()
    .where('tenantId', 'in', tenantIds)
    .where('role', '=', 'SALES')
    .execute();
}
