/**
 * What the kill test of leases kills: lends to a new line again and again, and says what it answered. Its arguments are a
 * database, the folder of the journal, and how many lines there are before.
 */
import type { TenantDatabase } from '@dotmac/migrations';
import { openDatabase, silentLogger, systemClock } from '@dotmac/platform';
import { acceptBlock } from '@dotmac/radius';
import { lentAttributes } from '../aaa/lending.ts';
import { Leases } from '../address/leases.ts';
import type { NetworkServices } from '../builder.ts';

export const lenderOn = (connectionString: string, folder: string): Leases => {
  const database = openDatabase<TenantDatabase>({
    connectionString,
    max: 1,
    applicationName: 'dotmac kill test',
    // Who is killed hears of nothing.
    onConnectionError: () => undefined,
  });
  const events = {
    headCursor: async () => '0',
    subscribe: async function* () {
      // Pools stay as they are.
    },
  };
  const services = { database, events, logger: silentLogger, clock: systemClock };
  return new Leases(services as unknown as NetworkServices, systemClock, {
    folder,
    encode: ({ kind, prefix }) => acceptBlock(lentAttributes(kind, prefix)),
    onConflict: () => undefined,
  });
};

/** What a line is lent, as its octets. */
export function lendTo(leases: Leases, line: number): string {
  const lent = leases.lend(
    { serviceId: `svc_${line}`, mac: null, nasId: 'nas_1', poolId: null },
    new Set(['IPV4']),
  );
  return lent === null ? 'none' : lent.map((block) => Buffer.from(block).toString('hex')).join();
}

if (import.meta.main) {
  const [connectionString = '', folder = '', from = '0'] = process.argv.slice(2);
  const leases = lenderOn(connectionString, folder);
  await leases.start(new AbortController().signal);
  let line = Number(from);
  process.stdin.on('data', () => {
    process.stdout.write(`${line} ${lendTo(leases, line)}\n`);
    line++;
  });
}
