import type { TenantDatabase } from '@dotmac/migrations';
import { type Executor, type Page, pageBy } from '@dotmac/platform';
import type { Selectable } from 'kysely';
import type { CustomerState, NewCustomer } from './rules.ts';

/** A customer without what never leaves the store. */
export type Customer = Omit<Selectable<TenantDatabase['subscribers.customer']>, 'passwordHash' | 'state'> & {
  readonly state: CustomerState;
};

const columns = [
  'id',
  'number',
  'name',
  'email',
  'phone',
  'state',
  'street',
  'city',
  'region',
  'postalCode',
  'country',
  'createdAt',
] as const;

export async function customersById(
  db: Executor<TenantDatabase>,
  ids: readonly string[],
): Promise<Customer[]> {
  return (await db
    .selectFrom('subscribers.customer')
    .select(columns)
    .where('id', 'in', ids)
    .execute()) as Customer[];
}

/**
 * A page of customers by number, for a connection.
 * @param search part of the name or e-mail address, or the whole number.
 */
export async function customerPage(
  db: Executor<TenantDatabase>,
  page: Page<bigint> & { readonly search?: string | null },
): Promise<Customer[]> {
  let query = pageBy(db.selectFrom('subscribers.customer').select(columns), 'number', 'asc', page);
  const text = page.search?.trim();
  if (text) {
    const pattern = `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`;
    query = query.where((where) =>
      where.or([
        where('name', 'ilike', pattern),
        where('email', 'ilike', pattern),
        ...(/^\d{1,18}$/.test(text) ? [where('number', '=', BigInt(text))] : []),
      ]),
    );
  }
  return (await query.execute()) as Customer[];
}

/** @returns null when another open customer has the e-mail address. */
export async function insertCustomer(
  db: Executor<TenantDatabase>,
  customer: NewCustomer & {
    readonly id: string;
    readonly createdAt: Date;
    readonly passwordHash: string | null;
  },
): Promise<Customer | null> {
  const row = await db
    .insertInto('subscribers.customer')
    .values({ ...customer, state: 'ACTIVE' })
    .onConflict((conflict) =>
      conflict.column('email').where('email', 'is not', null).where('state', '<>', 'CLOSED').doNothing(),
    )
    .returning(columns)
    .executeTakeFirst();
  return (row as Customer | undefined) ?? null;
}

/** For sign-in only: the one place where the hash is read. */
export async function credentialsByEmail(
  db: Executor<TenantDatabase>,
  email: string,
): Promise<{ id: string; name: string; passwordHash: string } | null> {
  const row = await db
    .selectFrom('subscribers.customer')
    .select(['id', 'name', 'passwordHash'])
    .where('email', '=', email)
    .where('state', '<>', 'CLOSED')
    .executeTakeFirst();
  return row?.passwordHash == null ? null : { id: row.id, name: row.name, passwordHash: row.passwordHash };
}
