import { createHash } from 'node:crypto';

/**
 * SHA-256 (hex) over the local day (ISO), a line feed and the ids of the customers that were counted, in UTF-16 order,
 * each ended by a line feed. Whoever reads all pages of a day can compute it again.
 */
export function meteringDigest(localDate: string, customerIds: readonly string[]): string {
  const digest = createHash('sha256').update(`${localDate}\n`);
  for (const id of customerIds.toSorted()) digest.update(`${id}\n`);
  return digest.digest('hex');
}
