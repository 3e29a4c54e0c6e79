import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { Selectable, Transaction } from 'kysely';

/** A NAS with its sealed secrets. */
export type Nas = Omit<Selectable<TenantDatabase['network.nas']>, 'requireMessageAuthenticator'> & {
  readonly requireMessageAuthenticator: 'AUTO' | 'YES' | 'NO';
};

export async function allNases(db: Executor<TenantDatabase>): Promise<Nas[]> {
  return (await db.selectFrom('network.nas').selectAll().orderBy('name').execute()) as Nas[];
}

export async function nasesById(db: Executor<TenantDatabase>, ids: readonly string[]): Promise<Nas[]> {
  return (await db.selectFrom('network.nas').selectAll().where('id', 'in', ids).execute()) as Nas[];
}

export async function nasesOfDevices(
  db: Executor<TenantDatabase>,
  deviceIds: readonly string[],
): Promise<Nas[]> {
  return (await db
    .selectFrom('network.nas')
    .selectAll()
    .where('deviceId', 'in', deviceIds)
    .orderBy('name')
    .execute()) as Nas[];
}

export async function insertNas(
  transaction: Transaction<TenantDatabase>,
  nas: {
    readonly id: string;
    readonly name: string;
    readonly deviceId: string | null;
    readonly sourceAddress: string | null;
    readonly certificateName: string | null;
    readonly certificateFingerprint: string | null;
    readonly secret: Uint8Array;
    readonly vendorProfile: string;
    readonly coaHost: string | null;
    readonly coaPort: number;
    readonly interimIntervalSeconds: number;
    readonly requireMessageAuthenticator?: Nas['requireMessageAuthenticator'];
    readonly limitProxyState?: boolean;
    readonly createdAt: Date;
  },
): Promise<Nas> {
  const row = await transaction
    .insertInto('network.nas')
    .values(nas)
    .returningAll()
    .executeTakeFirstOrThrow();
  return row as Nas;
}

export async function updateNas(
  transaction: Transaction<TenantDatabase>,
  id: string,
  change: {
    readonly name?: string;
    readonly sourceAddress?: string | null;
    readonly deviceId?: string | null;
    readonly secret?: Uint8Array;
    readonly secretSince?: Date;
    readonly previousSecret?: Uint8Array | null;
    readonly previousSecretUntil?: Date | null;
    readonly vendorProfile?: string;
    readonly coaHost?: string | null;
    readonly coaPort?: number;
    readonly interimIntervalSeconds?: number;
    readonly enabled?: boolean;
    readonly requireMessageAuthenticator?: Nas['requireMessageAuthenticator'];
    readonly limitProxyState?: boolean;
    readonly messageAuthenticatorSeen?: boolean;
    readonly certificateName?: string | null;
    readonly certificateFingerprint?: string | null;
  },
): Promise<Nas | null> {
  const row = await transaction
    .updateTable('network.nas')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
  return (row as Nas | undefined) ?? null;
}

/** The one access device there is, or null when there are none or several. */
export async function onlyAccessDevice(db: Executor<TenantDatabase>): Promise<string | null> {
  const rows = await db
    .selectFrom('network.nas')
    .select('deviceId')
    .distinct()
    .where('deviceId', 'is not', null)
    .limit(2)
    .execute();
  return rows.length === 1 ? (rows[0]?.deviceId ?? null) : null;
}

/** What a NAS's secret is sealed for. */
export function secretPurpose(nasId: string): string {
  return `nas:${nasId}`;
}
