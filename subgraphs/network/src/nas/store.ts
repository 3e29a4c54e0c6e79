import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { Selectable, Transaction } from 'kysely';
import type { NasCertificate } from './rules.ts';

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

/** @returns null when the name, the source address or the certificate is taken. */
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
    readonly createdAt: Date;
  },
): Promise<Nas | null> {
  const row = await transaction
    .insertInto('network.nas')
    .values(nas)
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
  return (row as Nas | undefined) ?? null;
}

export async function updateNas(
  transaction: Transaction<TenantDatabase>,
  id: string,
  change: {
    readonly name?: string;
    readonly deviceId?: string | null;
    readonly secret?: Uint8Array;
    readonly previousSecret?: Uint8Array | null;
    readonly vendorProfile?: string;
    readonly coaHost?: string | null;
    readonly coaPort?: number;
    readonly interimIntervalSeconds?: number;
    readonly enabled?: boolean;
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

/** Whether another NAS is known by this certificate. */
export async function isTaken(
  db: Executor<TenantDatabase>,
  id: string,
  { certificateName, certificateFingerprint }: NasCertificate,
): Promise<boolean> {
  const other = await db
    .selectFrom('network.nas')
    .select('id')
    .where('id', '!=', id)
    .where(({ or, eb }) =>
      or([
        eb('certificateName', '=', certificateName),
        eb('certificateFingerprint', '=', certificateFingerprint),
      ]),
    )
    .executeTakeFirst();
  return other !== undefined;
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
