import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';

type EquipmentKind = 'sale' | 'instalments' | 'loan' | 'rental';
export type Equipment = Omit<Selectable<TenantDatabase['billing.equipment']>, 'kind'> & {
  readonly kind: EquipmentKind;
};

export async function insertEquipment(
  transaction: Transaction<TenantDatabase>,
  row: Equipment,
): Promise<void> {
  await transaction.insertInto('billing.equipment').values(row).execute();
}

export async function equipmentById(db: Executor<TenantDatabase>, id: string): Promise<Equipment | null> {
  const row = await db.selectFrom('billing.equipment').selectAll().where('id', '=', id).executeTakeFirst();
  return (row as Equipment | undefined) ?? null;
}

export async function equipmentOfCustomers(
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<Equipment[]> {
  return (await db
    .selectFrom('billing.equipment')
    .selectAll()
    .where('customerId', 'in', customerIds)
    .orderBy('id')
    .execute()) as Equipment[];
}

export async function updateEquipment(
  transaction: Transaction<TenantDatabase>,
  id: string,
  change: Partial<Pick<Equipment, 'returnedOn' | 'chargedOn'>>,
): Promise<void> {
  await transaction.updateTable('billing.equipment').set(change).where('id', '=', id).execute();
}

/** Devices of which instalments are still to be charged: of a service, or of all. */
export async function unpaidInstalments(
  db: Executor<TenantDatabase>,
  serviceLineId: string | null,
): Promise<Equipment[]> {
  let query = db
    .selectFrom('billing.equipment as e')
    .selectAll('e')
    .where('e.kind', '=', 'instalments')
    .where(
      sql<boolean>`(select count(*) from billing.fee f
        where f.customer_id = e.customer_id and starts_with(f.reference, e.id || '/')) < e.instalments`,
    )
    .orderBy('e.id');
  if (serviceLineId !== null) query = query.where('e.serviceLineId', '=', serviceLineId);
  return (await query.execute()) as Equipment[];
}

/** The line of charges of a rented device. */
export const rentalLineId = (equipmentId: string): string => `rental:${equipmentId}`;
