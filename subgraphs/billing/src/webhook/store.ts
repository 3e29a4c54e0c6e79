import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { Selectable } from 'kysely';

export type WebhookEventState = 'received' | 'processed' | 'ignored' | 'failed';
export type WebhookEvent = Omit<Selectable<TenantDatabase['billing.webhookEvent']>, 'state'> & {
  readonly state: WebhookEventState;
};
export interface WebhookKey {
  readonly providerId: string;
  readonly eventId: string;
}

/** @returns false when it was told before. */
export async function insertWebhookEvent(
  db: Executor<TenantDatabase>,
  event: WebhookEvent,
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('billing.webhookEvent')
    .values(event)
    .onConflict((conflict) => conflict.columns(['providerId', 'eventId']).doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

export async function webhookEvent(
  db: Executor<TenantDatabase>,
  { providerId, eventId }: WebhookKey,
): Promise<WebhookEvent | null> {
  const row = await db
    .selectFrom('billing.webhookEvent')
    .selectAll()
    .where('providerId', '=', providerId)
    .where('eventId', '=', eventId)
    .executeTakeFirst();
  return (row as WebhookEvent | undefined) ?? null;
}

export async function updateWebhookEvent(
  db: Executor<TenantDatabase>,
  { providerId, eventId }: WebhookKey,
  change: { readonly state: WebhookEventState; readonly problem: string | null },
): Promise<void> {
  await db
    .updateTable('billing.webhookEvent')
    .set(change)
    .where('providerId', '=', providerId)
    .where('eventId', '=', eventId)
    .execute();
}

/** What was told and is not dealt with, oldest first. */
export async function openWebhookEvents(db: Executor<TenantDatabase>): Promise<WebhookEvent[]> {
  return (await db
    .selectFrom('billing.webhookEvent')
    .selectAll()
    .where('state', 'in', ['received', 'failed'])
    .orderBy('receivedAt')
    .limit(10_000)
    .execute()) as WebhookEvent[];
}

/** Newest first. */
export async function recentWebhookEvents(
  db: Executor<TenantDatabase>,
  limit: number,
): Promise<WebhookEvent[]> {
  return (await db
    .selectFrom('billing.webhookEvent')
    .selectAll()
    .orderBy('receivedAt', 'desc')
    .limit(limit)
    .execute()) as WebhookEvent[];
}
