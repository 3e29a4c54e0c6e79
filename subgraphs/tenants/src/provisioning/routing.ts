import type { PlatformDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Insertable, sql } from 'kysely';

/** Where a tenant answers. Writes only what changed: every write wakes all gateways. */
export async function saveRoute(
  db: Executor<PlatformDatabase>,
  route: Insertable<PlatformDatabase['routing.route']>,
): Promise<void> {
  const { tenantId: _, changedAt: __, ...compared } = route;
  await db
    .insertInto('routing.route')
    .values(route)
    .onConflict((conflict) =>
      conflict
        .column('tenantId')
        .doUpdateSet({ ...compared, changedAt: route.changedAt })
        .where(
          sql<boolean>`(route.origin, route.state, route.name) is distinct from (excluded.origin, excluded.state, excluded.name)`,
        ),
    )
    .execute();
}

/** Which bundles a tenant has. @returns whether anything changed: every change wakes all gateways. */
export async function saveBundles(
  db: Executor<PlatformDatabase>,
  tenantId: string,
  bundles: readonly string[],
  changedAt: Date,
): Promise<boolean> {
  const sorted = bundles.toSorted();
  const { numUpdatedRows } = await db
    .updateTable('routing.route')
    .set({ bundles: sorted, changedAt })
    .where('tenantId', '=', tenantId)
    .where(sql<boolean>`bundles is distinct from ${sorted}::text[]`)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** @returns false when the tenant has no route yet. */
export async function saveTrustedDocumentsOnly(
  db: Executor<PlatformDatabase>,
  tenantId: string,
  trustedDocumentsOnly: boolean,
  changedAt: Date,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('routing.route')
    .set({ trustedDocumentsOnly, changedAt })
    .where('tenantId', '=', tenantId)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

export async function routesOf(db: Executor<PlatformDatabase>, tenantIds: readonly string[]) {
  return db.selectFrom('routing.route').selectAll().where('tenantId', 'in', tenantIds).execute();
}

export async function saveVerificationKey(
  db: Executor<PlatformDatabase>,
  key: {
    readonly id: string;
    readonly publicPem: string;
    readonly tenantId: string | null;
    readonly createdAt: Date;
  },
): Promise<void> {
  await db
    .insertInto('identity.verificationKey')
    .values(key)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
