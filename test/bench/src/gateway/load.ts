import { Pool } from 'undici';
import type { BenchQuery } from './graph.ts';
import type { Ready, ServerProcess } from './servers/child.ts';

/** A client of one gateway. */
export interface Client {
  /** The text of the answer. */
  ask(query: BenchQuery): Promise<string>;
  close(): Promise<void>;
}

export function createClient({ urls, headers: extra }: Ready): Client {
  const { origin, pathname } = new URL(urls.gateway ?? '');
  const pool = new Pool(origin, { connections: 32, pipelining: 1 });
  return {
    async ask({ query, variables }) {
      const body = JSON.stringify({ query, variables });
      const headers = { 'content-type': 'application/json', accept: 'application/json', ...extra };
      const response = await pool.request({ method: 'POST', path: pathname, headers, body });
      return response.body.text();
    },
    close: () => pool.close(),
  };
}

/** CPU time of the server per request, in microseconds, at a fixed number of requests under way. */
export async function cpuPerRequest(
  server: ServerProcess,
  client: Client,
  query: BenchQuery,
  requests: number,
  concurrency: number,
): Promise<number> {
  const before = await server.cpu();
  let started = 0;
  const worker = async () => {
    while (started < requests) {
      started += 1;
      await client.ask(query);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return ((await server.cpu()) - before) / requests;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
