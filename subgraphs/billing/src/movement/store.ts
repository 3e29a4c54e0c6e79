import type { TenantDatabase } from '@dotmac/migrations';
import type { Transaction } from 'kysely';
import { post } from '../ledger/store.ts';
import type { Act } from '../run/issue.ts';
import { insertAllocations, reduceCreditItems, reduceOpenItems } from '../settlement/store.ts';
import type { Movement } from './rules.ts';

/** Writes a movement under its id. The caller holds the account's lock and computed the movement under it. */
export async function writeMovement(
  transaction: Transaction<TenantDatabase>,
  id: string,
  movement: Movement,
  act: Act,
): Promise<void> {
  const allocations = movement.allocations.map((one) => ({ ...one, sourceId: id }));
  await insertAllocations(transaction, allocations, new Date(act.now));
  await reduceOpenItems(transaction, allocations);
  await reduceCreditItems(transaction, movement.credits);
  await post(transaction, movement.postings(id), act.today, new Date(act.now));
}
