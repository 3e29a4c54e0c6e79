import type { PlatformDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { isRole, type Role } from '@dotmac/schema';
import type { Selectable } from 'kysely';

export type Account = Selectable<PlatformDatabase['identity.account']>;

export interface Membership {
  readonly id: string;
  readonly accountId: string;
  readonly tenantId: string | null;
  readonly partnerId: string | null;
  readonly role: Role;
}

/** The account with this e-mail address, made when there is none; an existing one keeps its password. */
export async function ensureAccount(
  db: Executor<PlatformDatabase>,
  account: Pick<Account, 'id' | 'email' | 'name' | 'passwordHash' | 'createdAt'>,
): Promise<Account> {
  await db
    .insertInto('identity.account')
    .values(account)
    .onConflict((conflict) => conflict.column('email').doNothing())
    .execute();
  return db
    .selectFrom('identity.account')
    .selectAll()
    .where('email', '=', account.email)
    .executeTakeFirstOrThrow();
}

export async function accountByEmail(db: Executor<PlatformDatabase>, email: string): Promise<Account | null> {
  return (
    (await db.selectFrom('identity.account').selectAll().where('email', '=', email).executeTakeFirst()) ??
    null
  );
}

export async function addMembership(
  db: Executor<PlatformDatabase>,
  membership: Membership & { readonly createdAt: Date },
): Promise<void> {
  await db
    .insertInto('identity.membership')
    .values(membership)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Memberships that hold at an instant. Roles this release does not know give nothing. */
export async function membershipsOf(
  db: Executor<PlatformDatabase>,
  accountId: string,
  at: Date,
): Promise<Membership[]> {
  const rows = await db
    .selectFrom('identity.membership')
    .select(['id', 'accountId', 'tenantId', 'partnerId', 'role'])
    .where('accountId', '=', accountId)
    .where((where) => where.or([where('expiresAt', 'is', null), where('expiresAt', '>', at)]))
    .orderBy('createdAt')
    .execute();
  return rows.filter((row): row is Membership => isRole(row.role));
}
