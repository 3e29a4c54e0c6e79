import type { Executor, ExecutorOptions, RequestContext } from './executor.ts';
import { createOwnExecutor } from './own-executor.ts';

/** `own` is the fast one and the default; `stock` is Apollo's, for comparison and as a way back. */
export type ExecutorKind = 'own' | 'stock';

/** Reads `DOTMAC_EXECUTOR`. Throws on anything but `own`, `stock` or absence. */
export function executorKind(environment: Readonly<Record<string, string | undefined>>): ExecutorKind {
  const value = environment.DOTMAC_EXECUTOR ?? 'own';
  if (value === 'own' || value === 'stock') return value;
  throw new Error(`DOTMAC_EXECUTOR is ${JSON.stringify(value)}; it must be "own" or "stock"`);
}

export async function createExecutor<Context extends RequestContext>(
  kind: ExecutorKind,
  options: ExecutorOptions<Context>,
): Promise<Executor<Context>> {
  if (kind === 'own') return createOwnExecutor(options);
  // Loaded on demand: it brings Apollo's HTTP stack and telemetry with it.
  const { createStockExecutor } = await import('./stock-executor.ts');
  return createStockExecutor(options);
}
