import type { PlatformDatabase } from '@dotmac/migrations';
import { type Executor, lastingPorts } from '@dotmac/platform';
import { allTenants } from './store.ts';

/** Ports for a tenant to keep: free at this moment, and no other tenant's, whether that runs or not. */
export async function newPorts(db: Executor<PlatformDatabase>, count: number): Promise<number[]> {
  const tenants = await allTenants(db);
  const taken = tenants.flatMap(({ radiusAuthPort, radiusAccountingPort, trapPort, radsecPort }) =>
    [radiusAuthPort, radiusAccountingPort, trapPort, radsecPort].filter((port) => port !== null),
  );
  return lastingPorts(count, new Set(taken));
}
