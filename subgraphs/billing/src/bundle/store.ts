import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { Bundle } from '@dotmac/schema';
import type { Plan } from '../catalogue/store.ts';

export const bundleLineId = (customerId: string, planId: string): string => `bundle:${customerId}:${planId}`;

/** The plan that sells a bundle; null when the operator sells none. */
export async function planOfBundle(db: Executor<TenantDatabase>, bundle: Bundle): Promise<Plan | null> {
  const row = await db.selectFrom('billing.plan').selectAll().where('bundle', '=', bundle).executeTakeFirst();
  return (row as Plan | undefined) ?? null;
}

/** All plans that sell a bundle, in the order in which they were made. */
export async function bundlePlans(db: Executor<TenantDatabase>): Promise<(Plan & { bundle: Bundle })[]> {
  return (await db
    .selectFrom('billing.plan')
    .selectAll()
    .where('bundle', 'is not', null)
    .orderBy('id')
    .execute()) as (Plan & { bundle: Bundle })[];
}

/** The last thing that happened to a bundle of a customer; undefined when he never had it. */
export async function lastOfBundle(
  db: Executor<TenantDatabase>,
  customerId: string,
  planId: string,
): Promise<{ readonly type: string; readonly effectiveOn: string } | undefined> {
  return db
    .selectFrom('billing.serviceEvent')
    .select(['type', 'effectiveOn'])
    .where('serviceLineId', '=', bundleLineId(customerId, planId))
    .orderBy('ordinal', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** The bundles that a customer has now, in their order. */
export async function runningBundles(db: Executor<TenantDatabase>, customerId: string): Promise<Bundle[]> {
  const found: Bundle[] = [];
  for (const { id, bundle } of await bundlePlans(db)) {
    const last = await lastOfBundle(db, customerId, id);
    if (last !== undefined && last.type !== 'cancel') found.push(bundle);
  }
  return found;
}
