import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGateway } from '@dotmac/gateway';
import { generateSigningKey, signToken, silentLogger, systemClock } from '@dotmac/platform';
import { anonymous } from '@dotmac/schema';
import { serveParent, serverArgument } from './child.ts';

/**
 * The whole gateway as it runs for customers: identity, routing, limits, signed internal tokens. It has no database
 * and serves from the state of an earlier run, written here.
 */
if (import.meta.main) {
  const { supergraphSdl, urls } = serverArgument<{ supergraphSdl: string; urls: Record<string, string> }>();
  const { origin } = new URL(urls.subscribers ?? '');
  const platformKey = generateSigningKey('platform-1');
  const principal = { id: 'usr_bench', name: 'Bench', tenantId: 'ten_bench', roles: ['OWNER' as const] };
  const folder = await mkdtemp(join(tmpdir(), 'dotmac-bench-'));
  const stateFile = join(folder, 'gateway-state.json');
  const route = {
    tenantId: 'ten_bench',
    slug: 'bench',
    name: 'Bench',
    hostnames: [],
    state: 'ACTIVE',
    origin,
  };
  const membership = {
    accountId: 'usr_bench',
    tenantId: 'ten_bench',
    partnerId: null,
    role: 'OWNER',
    expiresAt: null,
  };
  const state = {
    routes: [route],
    apiKeys: [],
    verificationKeys: [{ id: 'platform-1', publicPem: platformKey.publicPem, tenantId: null }],
    memberships: [membership],
  };
  await writeFile(stateFile, JSON.stringify(state), { mode: 0o600 });
  const gateway = await createGateway({
    supergraphSdl,
    signingKey: generateSigningKey('gateway-1').key,
    registry: { connectionString: 'postgres://nobody@127.0.0.1:1/none', stateFile },
    controlPlane: { origin },
    listen: { host: '127.0.0.1', port: 0 },
    logger: silentLogger,
    // More than one caller may ask for in a minute: budgets are kept here too, and not run out of.
    limits: { callerCostPerMinute: 1e9, tenantCostPerMinute: 1e9 },
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
  serveParent({ urls: { gateway: `${gateway.url}/graphql` }, headers: { authorization: `Bearer ${token}` } });
}
