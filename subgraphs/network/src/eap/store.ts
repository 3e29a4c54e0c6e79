import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { EapMethodName } from '@dotmac/radius';
import { defaultMethods } from './rules.ts';

/** What is offered, the key sealed. */
export interface StoredEap {
  readonly methods: readonly EapMethodName[];
  readonly certificate: string | null;
  readonly privateKey: Uint8Array | null;
  readonly clientAuthorities: string | null;
}

/** What the key is sealed for. */
export const eapKeyPurpose = 'eap:private-key';

export async function storedEap(db: Executor<TenantDatabase>): Promise<StoredEap> {
  const row = await db
    .selectFrom('network.eap')
    .select(['methods', 'certificate', 'privateKey', 'clientAuthorities'])
    .executeTakeFirst();
  if (row === undefined)
    return { methods: defaultMethods, certificate: null, privateKey: null, clientAuthorities: null };
  return { ...row, methods: row.methods as EapMethodName[] };
}

export async function keepEap(db: Executor<TenantDatabase>, eap: StoredEap, updatedAt: Date): Promise<void> {
  const row = { ...eap, methods: [...eap.methods], updatedAt };
  await db
    .insertInto('network.eap')
    .values(row)
    .onConflict((conflict) => conflict.column('oneRow').doUpdateSet(row))
    .execute();
}
