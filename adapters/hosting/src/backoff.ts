const FIRST_MS = 200;
const LONGEST_MS = 30_000;
/** A run that lasted this long counts as healthy: its end starts the series anew. */
export const STABLE_MS = 60_000;

/** How long to wait before the n-th restart in a row (n from 1), milliseconds: 0.2 s doubling to 30 s. */
export function backoffMs(restart: number): number {
  return Math.min(FIRST_MS * 2 ** (restart - 1), LONGEST_MS);
}
