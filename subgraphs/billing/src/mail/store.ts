import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor, SecretBox } from '@dotmac/platform';
import type { Selectable, Transaction } from 'kysely';
import type { MailKind } from './rules.ts';

const urlPurpose = 'mail-server';

export type MailServer = Selectable<TenantDatabase['billing.mailServer']>;
export type Mail = Omit<Selectable<TenantDatabase['billing.mail']>, 'kind' | 'state'> & {
  readonly kind: MailKind;
  readonly state: 'queued' | 'sent' | 'failed';
};

/** Null: nobody is written to. */
export async function mailServer(db: Executor<TenantDatabase>): Promise<MailServer | null> {
  return (await db.selectFrom('billing.mailServer').selectAll().executeTakeFirst()) ?? null;
}

export const openMailUrl = (secrets: SecretBox, server: MailServer): string =>
  secrets.open(server.sealedUrl, urlPurpose);

/** The first one tells from `since` on; another in its place goes on. */
export async function saveMailServer(
  transaction: Transaction<TenantDatabase>,
  secrets: SecretBox,
  { url, sender, since }: { readonly url: string; readonly sender: string; readonly since: Date },
): Promise<MailServer> {
  const sealedUrl = secrets.seal(url, urlPurpose);
  return transaction
    .insertInto('billing.mailServer')
    .values({ sealedUrl, sender, since })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ sealedUrl, sender }))
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function removeMailServer(transaction: Transaction<TenantDatabase>): Promise<void> {
  await transaction.deleteFrom('billing.mailServer').execute();
}

/** @returns false when there is a letter of this kind about it already. */
export async function insertMail(transaction: Transaction<TenantDatabase>, mail: Mail): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await transaction
    .insertInto('billing.mail')
    .values(mail)
    .onConflict((conflict) => conflict.columns(['kind', 'about']).doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

export async function mailById(db: Executor<TenantDatabase>, id: string): Promise<Mail | null> {
  const row = await db.selectFrom('billing.mail').selectAll().where('id', '=', id).executeTakeFirst();
  return (row as Mail | undefined) ?? null;
}

export async function updateMail(
  db: Executor<TenantDatabase>,
  id: string,
  change: Partial<Pick<Mail, 'state' | 'problem' | 'sentAt'>>,
): Promise<void> {
  await db.updateTable('billing.mail').set(change).where('id', '=', id).execute();
}

/** Newest first, at most 200: of a customer, or of all; all states, or only what is not sent. */
export async function mails(
  db: Executor<TenantDatabase>,
  { customerId, onlyOpen }: { readonly customerId: string | null; readonly onlyOpen: boolean },
): Promise<Mail[]> {
  let query = db.selectFrom('billing.mail').selectAll().orderBy('id', 'desc').limit(200);
  if (customerId !== null) query = query.where('customerId', '=', customerId);
  if (onlyOpen) query = query.where('state', '<>', 'sent');
  return (await query.execute()) as Mail[];
}
