import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGateway, type Limits } from '@dotmac/gateway';
import { generateSigningKey, type SigningKey, signToken, silentLogger, systemClock } from '@dotmac/platform';
import { anonymous } from '@dotmac/schema';
import type { Ready } from './child.ts';

const tenantId = 'ten_bench';

/**
 * The whole gateway as it runs for customers: identity, routing, limits, signed internal tokens. It has no database and
 * serves from the state of an earlier run, written here.
 */
export async function startBenchGateway(options: {
  readonly supergraphSdl: string;
  /** Where the tenant's subgraphs answer. */
  readonly origin: string;
  readonly signingKey: SigningKey;
  readonly limits?: Partial<Limits>;
  readonly mergesQueries?: boolean;
}): Promise<Ready> {
  const { supergraphSdl, origin, signingKey } = options;
  const platformKey = generateSigningKey('platform-1');
  const principal = { id: 'usr_bench', name: 'Bench', tenantId, roles: ['OWNER' as const] };
  const folder = await mkdtemp(join(tmpdir(), 'dotmac-bench-'));
  const stateFile = join(folder, 'gateway-state.json');
  const state = {
    routes: [{ tenantId, slug: 'bench', name: 'Bench', hostnames: [], state: 'ACTIVE', origin }],
    apiKeys: [],
    verificationKeys: [{ id: 'platform-1', publicPem: platformKey.publicPem, tenantId: null }],
    memberships: [{ accountId: 'usr_bench', tenantId, partnerId: null, role: 'OWNER', expiresAt: null }],
  };
  await writeFile(stateFile, JSON.stringify(state), { mode: 0o600 });
  const gateway = await createGateway({
    supergraphSdl,
    signingKey,
    registry: { connectionString: 'postgres://nobody@127.0.0.1:1/none', stateFile },
    controlPlane: { origin },
    listen: { host: '127.0.0.1', port: 0 },
    logger: silentLogger,
    mergesQueries: options.mergesQueries ?? false,
    // More than one caller may ask for in a minute: budgets are kept here too, and not run out of.
    limits: { staffCostPerMinute: 1e9, tenantCostPerMinute: 1e9, ...options.limits },
  });
  await rm(folder, { recursive: true });
  const token = await signToken(
    { ...anonymous, kind: 'user', ...principal },
    {
      key: platformKey.key,
      audience: 'gateway',
      issuer: 'dotmac',
      lifetimeSeconds: 3600,
      clock: systemClock,
    },
  );
  return { urls: { gateway: `${gateway.url}/graphql` }, headers: { authorization: `Bearer ${token}` } };
}
