import type { ClientBase } from 'pg';
import { type OperationBatch, operationsPerKey } from '../operation/operation-records.ts';

/** Records operations of keys, all of a batch or none. A key that is gone meanwhile is passed over. */
export async function writeOperations(
  client: ClientBase,
  { operations, gaps }: OperationBatch,
): Promise<void> {
  await client.query(
    `with new as (
       select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
         as new (key_id, hash, text, operation_name, seen_at)
       where key_id in (select id from identity.api_key)),
     documents as (
       insert into identity.recorded_document (hash, text)
       select distinct on (hash) hash, text from new order by hash
       on conflict do nothing),
     gaps as (
       insert into identity.operation_gap (key_id, reason, last_seen_at)
       select key_id, reason, seen_at
       from unnest($6::text[], $7::text[], $8::timestamptz[]) as gap (key_id, reason, seen_at)
       where key_id in (select id from identity.api_key)
       on conflict (key_id) do update set reason = excluded.reason, last_seen_at = excluded.last_seen_at)
     insert into identity.recorded_operation as known (key_id, hash, operation_name, first_seen_at, last_seen_at)
     select key_id, hash, operation_name, seen_at, seen_at from new order by key_id, hash, operation_name
     on conflict (key_id, hash, operation_name) do update
     set last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at)`,
    [
      operations.map(({ keyId }) => keyId),
      operations.map(({ hash }) => hash),
      operations.map(({ text }) => text),
      operations.map(({ operationName }) => operationName),
      operations.map(({ seenAt }) => new Date(seenAt)),
      gaps.map(({ keyId }) => keyId),
      gaps.map(({ reason }) => reason),
      gaps.map(({ seenAt }) => new Date(seenAt)),
    ],
  );
  await forgetOldest(client, [...new Set(operations.map(({ keyId }) => keyId))]);
}

/** Of keys with more operations than are kept, forgets those not seen for longest, and records that it did. */
async function forgetOldest(client: ClientBase, keyIds: readonly string[]): Promise<void> {
  const { rowCount } = await client.query(
    `with ranked as (
       select key_id, hash, operation_name,
         row_number() over (partition by key_id order by last_seen_at desc, hash, operation_name) as place
       from identity.recorded_operation where key_id = any ($1::text[])),
     forgotten as (
       delete from identity.recorded_operation as old using ranked
       where (old.key_id, old.hash, old.operation_name) = (ranked.key_id, ranked.hash, ranked.operation_name)
         and place > $2
       returning old.key_id)
     insert into identity.operation_gap (key_id, reason, last_seen_at)
     select distinct key_id, 'TOO_MANY', now() from forgotten
     on conflict (key_id) do update set reason = excluded.reason, last_seen_at = excluded.last_seen_at`,
    [keyIds, operationsPerKey],
  );
  if ((rowCount ?? 0) === 0) return;
  await client.query(
    `delete from identity.recorded_document as document
     where not exists (select from identity.recorded_operation as used where used.hash = document.hash)`,
  );
}
