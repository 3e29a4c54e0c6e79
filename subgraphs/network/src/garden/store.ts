import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { sql } from 'kysely';
import { type Garden, type GardenRule, gardenOf } from './rules.ts';

/** What holds for every reason. */
export async function garden(db: Executor<TenantDatabase>): Promise<Garden> {
  return gardenOf((await db.selectFrom('network.gardenRule').selectAll().execute()) as GardenRule[]);
}

export async function keepRule(db: Executor<TenantDatabase>, rule: GardenRule): Promise<void> {
  const { reason, ...rest } = rule;
  await db
    .insertInto('network.gardenRule')
    .values(rule)
    .onConflict((conflict) => conflict.column('reason').doUpdateSet(rest))
    .execute();
}

/** Open services whose way of access a reason may decide. */
export async function heldServices(db: Executor<TenantDatabase>): Promise<string[]> {
  const rows = await db
    .selectFrom('network.access')
    .select('serviceId')
    .where('closedAt', 'is', null)
    .where(({ or, eb }) =>
      or([
        eb('locks', '<>', sql<string[]>`'{}'`),
        eb('capBlocked', '=', true),
        eb('termsEnded', 'is not', null),
      ]),
    )
    .orderBy('serviceId')
    .execute();
  return rows.map(({ serviceId }) => serviceId);
}
