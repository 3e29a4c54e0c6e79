import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { Session } from '../session/store.ts';

export type LoginRejection = Selectable<TenantDatabase['network.loginRejection']>;

export async function loginRejections(
  db: Executor<TenantDatabase>,
  serviceIds: readonly string[],
): Promise<LoginRejection[]> {
  return db.selectFrom('network.loginRejection').selectAll().where('serviceId', 'in', serviceIds).execute();
}

/** Keeps the newest refusal. */
export async function noteRejection(
  transaction: Transaction<TenantDatabase>,
  rejection: LoginRejection,
): Promise<void> {
  const { reason, at } = rejection;
  await transaction
    .insertInto('network.loginRejection')
    .values(rejection)
    .onConflict((conflict) =>
      conflict.column('serviceId').doUpdateSet({ reason, at }).where('network.loginRejection.at', '<', at),
    )
    .execute();
}

/** The newest session of each service, live or not: one step in an index for each. */
export async function newestSessionsOfServices(
  db: Executor<TenantDatabase>,
  serviceIds: readonly string[],
): Promise<Session[]> {
  return db
    .selectFrom(sql<{ id: string }>`unnest(${[...serviceIds]}::text[])`.as<'service'>(sql`service (id)`))
    .innerJoinLateral(
      (one) =>
        one
          .selectFrom('network.session')
          .selectAll()
          .whereRef('serviceId', '=', sql.ref('service.id'))
          .orderBy('startedAt', 'desc')
          .limit(1)
          .as('newest'),
      (join) => join.onTrue(),
    )
    .selectAll('newest')
    .execute();
}
