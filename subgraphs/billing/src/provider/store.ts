import { createHash } from 'node:crypto';
import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor, SecretBox } from '@dotmac/platform';
import type { Selectable, Transaction } from 'kysely';

export type ProviderKind = 'stripe' | 'sandbox';
export type ProviderRow = Omit<Selectable<TenantDatabase['billing.provider']>, 'kind'> & {
  readonly kind: ProviderKind;
};

export interface Credentials {
  readonly secretKey: string;
  readonly webhookSecret: string;
}

const credentialsPurpose = (providerId: string) => `payment-provider:${providerId}`;
const tokenPurpose = (methodId: string) => `payment-method:${methodId}`;

export async function providers(db: Executor<TenantDatabase>): Promise<ProviderRow[]> {
  return (await db.selectFrom('billing.provider').selectAll().orderBy('id').execute()) as ProviderRow[];
}

export async function providerById(db: Executor<TenantDatabase>, id: string): Promise<ProviderRow | null> {
  const row = await db.selectFrom('billing.provider').selectAll().where('id', '=', id).executeTakeFirst();
  return (row as ProviderRow | undefined) ?? null;
}

export function openCredentials(secrets: SecretBox, row: ProviderRow): Credentials {
  return JSON.parse(secrets.open(row.sealedCredentials, credentialsPurpose(row.id))) as Credentials;
}

/** Sets a provider up, or changes it; its kind stays. */
export async function saveProvider(
  transaction: Transaction<TenantDatabase>,
  secrets: SecretBox,
  provider: {
    readonly id: string;
    readonly kind: ProviderKind;
    readonly enabled: boolean;
    readonly credentials: Credentials;
  },
  at: Date,
): Promise<ProviderRow> {
  const { id, kind, enabled, credentials } = provider;
  const sealedCredentials = secrets.seal(JSON.stringify(credentials), credentialsPurpose(id));
  const row = await transaction
    .insertInto('billing.provider')
    .values({ id, kind, enabled, sealedCredentials, changedAt: at })
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet({ enabled, sealedCredentials, changedAt: at }),
    )
    .returningAll()
    .executeTakeFirstOrThrow();
  return row as ProviderRow;
}

export async function externalCustomer(
  db: Executor<TenantDatabase>,
  providerId: string,
  customerId: string,
): Promise<string | null> {
  const row = await db
    .selectFrom('billing.providerCustomer')
    .select('externalId')
    .where('providerId', '=', providerId)
    .where('customerId', '=', customerId)
    .executeTakeFirst();
  return row?.externalId ?? null;
}

/** Whom the provider means. */
export async function customerOfExternal(
  db: Executor<TenantDatabase>,
  providerId: string,
  externalId: string,
): Promise<string | null> {
  const row = await db
    .selectFrom('billing.providerCustomer')
    .select('customerId')
    .where('providerId', '=', providerId)
    .where('externalId', '=', externalId)
    .executeTakeFirst();
  return row?.customerId ?? null;
}

/** Keeps the first name: the provider gives the same to whoever asks again. */
export async function saveExternalCustomer(
  db: Executor<TenantDatabase>,
  providerId: string,
  customerId: string,
  externalId: string,
): Promise<void> {
  await db
    .insertInto('billing.providerCustomer')
    .values({ providerId, customerId, externalId })
    .onConflict((conflict) => conflict.columns(['providerId', 'customerId']).doNothing())
    .execute();
}

export type MethodRow = Selectable<TenantDatabase['billing.paymentMethod']>;

/** @returns the method that has the token: this one, or the one that was there. */
export async function insertMethod(
  transaction: Transaction<TenantDatabase>,
  secrets: SecretBox,
  method: Omit<MethodRow, 'sealedToken' | 'tokenHash'> & { readonly token: string },
): Promise<MethodRow> {
  const { token, ...row } = method;
  const tokenHash = createHash('sha256').update(token).digest('hex');
  const made = await transaction
    .insertInto('billing.paymentMethod')
    .values({ ...row, tokenHash, sealedToken: secrets.seal(token, tokenPurpose(row.id)) })
    .onConflict((conflict) =>
      conflict.columns(['providerId', 'tokenHash']).where('removedAt', 'is', null).doNothing(),
    )
    .returningAll()
    .executeTakeFirst();
  if (made !== undefined) return made;
  return transaction
    .selectFrom('billing.paymentMethod')
    .selectAll()
    .where('providerId', '=', method.providerId)
    .where('tokenHash', '=', tokenHash)
    .where('removedAt', 'is', null)
    .executeTakeFirstOrThrow();
}

export const openToken = (secrets: SecretBox, method: MethodRow): string =>
  secrets.open(method.sealedToken, tokenPurpose(method.id));

export async function methodsById(
  db: Executor<TenantDatabase>,
  ids: readonly string[],
): Promise<MethodRow[]> {
  return db.selectFrom('billing.paymentMethod').selectAll().where('id', 'in', ids).execute();
}

/** Those that are not removed. */
export async function methodsOfCustomers(
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<MethodRow[]> {
  return db
    .selectFrom('billing.paymentMethod')
    .selectAll()
    .where('customerId', 'in', customerIds)
    .where('removedAt', 'is', null)
    .orderBy('id')
    .execute();
}

/** Removes a method; autopay with it ends. */
export async function removeMethodRow(
  transaction: Transaction<TenantDatabase>,
  id: string,
  at: Date,
): Promise<void> {
  await transaction
    .updateTable('billing.paymentMethod')
    .set({ removedAt: at })
    .where('id', '=', id)
    .where('removedAt', 'is', null)
    .execute();
  await transaction
    .updateTable('billing.account')
    .set({ autopayMethodId: null })
    .where('autopayMethodId', '=', id)
    .execute();
}
