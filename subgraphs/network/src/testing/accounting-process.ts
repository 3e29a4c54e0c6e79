/** What the kill test of accounting kills: the RADIUS server's accounting over the sink of this subgraph. Its argument is a database. */
import type { TenantDatabase } from '@dotmac/migrations';
import { openDatabase, systemClock } from '@dotmac/platform';
import { packRecords, sharedSecret, startRadiusServer, unpackRecords } from '@dotmac/radius';
import { accountingSink } from '../aaa/accounting.ts';
import type { KnownServices } from '../session/record.ts';

export const accountingSecret = 'kill-secret';

/** Knows nothing without asking the database. */
const known: KnownServices = {
  serviceOf: () => null,
  deviceOf: () => null,
  liveSession: () => null,
  liveSessionsOf: () => [],
  staleAfterMilliseconds: () => 900_000,
  sessionsChanged: () => undefined,
  forgetSessions: () => undefined,
  servicesMoved: () => undefined,
};

/** The sink of this subgraph over a database, without what else there is in a tenant's process. */
export function openAccounting(connectionString: string) {
  const database = openDatabase<TenantDatabase>({
    connectionString,
    max: 4,
    applicationName: 'dotmac kill test',
    // Who is killed hears of nothing.
    onConnectionError: () => undefined,
  });
  type Parts = Parameters<typeof accountingSink>;
  const services = { database, clock: systemClock, logger: console, ownConnections: () => database };
  const accounting = accountingSink(
    services as unknown as Parts[0],
    { known, deviceOfNas: () => null, realms: { tell: () => undefined } } as unknown as Parts[1],
    { note: () => undefined } as unknown as Parts[2],
    { record: async () => undefined } as unknown as Parts[3],
    { reader: { linesOf: () => [] }, onNew: () => undefined } as unknown as Parts[4],
    { accounting: () => undefined } as unknown as Parts[5],
    { packRecords, unpackRecords },
  );
  return { database, accounting };
}

if (import.meta.main) {
  const { accounting } = openAccounting(process.argv[2] ?? '');
  await accounting.open();
  const nas = {
    id: 'nas_kill',
    secrets: [sharedSecret(accountingSecret)],
    requireMessageAuthenticator: 'AUTO',
    limitProxyState: true,
  } as const;
  const server = await startRadiusServer({
    policy: { findNas: () => nas, authenticate: () => ({ kind: 'DISCARD', reason: 'ACCOUNTING_ONLY' }) },
    accounting,
    host: '127.0.0.1',
    authPort: null,
    acctPort: 0,
  });
  process.stdout.write(`${server.acctPort}\n`);
}
