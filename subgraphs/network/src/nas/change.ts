import type { TenantDatabase } from '@dotmac/migrations';
import type { NewEvent } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Kysely, Transaction } from 'kysely';
import { type Unique, uniqueName, unlessTaken } from '../taken.ts';

const ofNas = { table: 'nas', holder: 'NAS', reason: 'DUPLICATE_NAS' } as const;

/** What only one NAS may have. */
const uniques: readonly Unique[] = [
  uniqueName('nas', 'NAS', ofNas.reason),
  {
    ...ofNas,
    constraint: 'nas_source_address_key',
    column: 'sourceAddress',
    label: 'source address',
    field: 'input.sourceAddress',
  },
  {
    ...ofNas,
    constraint: 'nas_certificate_name_key',
    column: 'certificateName',
    label: 'certificate name',
    field: 'input.certificateName',
  },
  {
    ...ofNas,
    constraint: 'nas_certificate_fingerprint_key',
    column: 'certificateFingerprint',
    label: 'certificate',
    field: 'input.certificateFingerprint',
  },
];

/** Changes NASes in a transaction. @throws ConflictError naming the NAS that has what is wanted. */
export function keepingUnique<Result>(
  database: Kysely<TenantDatabase>,
  wanted: object,
  change: (transaction: Transaction<TenantDatabase>) => Promise<Result>,
): Promise<Result> {
  return unlessTaken(database, uniques, { ...wanted }, () => database.transaction().execute(change));
}

/** A NAS is other than before. */
export function nasUpdated(
  { id, name }: { readonly id: string; readonly name: string },
  by: { readonly now: number; readonly principal: { readonly id: string }; readonly traceId: string },
): NewEvent<TenantEvents> {
  return {
    type: 'nas.updated',
    subject: id,
    payload: { nasId: id, name },
    occurredAt: by.now,
    actor: by.principal.id,
    traceId: by.traceId,
  };
}
