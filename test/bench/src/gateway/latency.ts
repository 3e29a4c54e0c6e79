import type { BenchQuery } from './graph.ts';
import type { Client } from './load.ts';

/**
 * Times of requests offered at a fixed rate, whether or not the earlier ones are answered: milliseconds from when each was
 * due, so that a gateway that stands still pays for all who wait.
 */
export async function offer(
  client: Client,
  query: BenchQuery,
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): Promise<number[]> {
  const began = performance.now();
  const times: Promise<number>[] = [];
  for (let sent = 0; sent < perSecond * seconds; sent += 1) {
    const due = began + (sent * 1000) / perSecond;
    const early = due - performance.now();
    if (early > 1) await new Promise((resolve) => setTimeout(resolve, early));
    times.push(client.ask(query).then(() => performance.now() - due));
  }
  return Promise.all(times);
}

export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
