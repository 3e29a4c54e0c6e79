import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { Selectable } from 'kysely';

export type FollowUp = Selectable<TenantDatabase['subscribers.followUp']>;

/** What is still to be done by a day (ISO), the most urgent first; of one customer, or of all. */
export async function openFollowUps(
  db: Executor<TenantDatabase>,
  dueBy: string,
  customerId: string | null,
): Promise<FollowUp[]> {
  let query = db
    .selectFrom('subscribers.followUp')
    .selectAll()
    .where('doneAt', 'is', null)
    .where('dueOn', '<=', dueBy);
  if (customerId !== null) query = query.where('customerId', '=', customerId);
  return query.orderBy('dueOn').orderBy('id').limit(500).execute();
}

export async function insertFollowUp(db: Executor<TenantDatabase>, row: FollowUp): Promise<FollowUp> {
  return db.insertInto('subscribers.followUp').values(row).returningAll().executeTakeFirstOrThrow();
}

export async function followUpById(db: Executor<TenantDatabase>, id: string): Promise<FollowUp | undefined> {
  return db.selectFrom('subscribers.followUp').selectAll().where('id', '=', id).executeTakeFirst();
}

/** @returns undefined when it is done already, or is not there. */
export async function finishFollowUp(
  db: Executor<TenantDatabase>,
  id: string,
  done: { readonly doneBy: string; readonly doneAt: Date; readonly outcome: string | null },
): Promise<FollowUp | undefined> {
  return db
    .updateTable('subscribers.followUp')
    .set(done)
    .where('id', '=', id)
    .where('doneAt', 'is', null)
    .returningAll()
    .executeTakeFirst();
}
