/** What the kill test of discovery kills: searches a discovery of a database. Its arguments are the database and the id. */
import { DriverRegistry, systemClock } from '@dotmac/device';
import type { TenantDatabase } from '@dotmac/migrations';
import { openDatabase, secretBox, silentLogger } from '@dotmac/platform';
import { SnmpEngine, snmpDriver } from '@dotmac/snmp';
import type { NetworkServices } from '../builder.ts';
import { Destinations } from '../device/destination.ts';
import { discoveryWorker } from '../discovery/jobs.ts';

const secrets = secretBox(new Uint8Array(32));

export function searcherOn(connectionString: string) {
  const database = openDatabase<TenantDatabase>({
    connectionString,
    max: 2,
    applicationName: 'dotmac kill test',
    // Who is killed hears of nothing.
    onConnectionError: () => undefined,
  });
  const engine = new SnmpEngine({ clock: systemClock, tries: 1 });
  const services = {
    database,
    secrets,
    logger: silentLogger,
    clock: systemClock,
  } as unknown as NetworkServices;
  const worker = discoveryWorker({
    services,
    drivers: new DriverRegistry([snmpDriver(engine)]),
    destinations: new Destinations(true),
  });
  return {
    database,
    secrets,
    services,
    search: (discoveryId: string) => worker.run({ discoveryId }, new AbortController().signal),
    async close() {
      await engine.close();
      await database.destroy();
    },
  };
}

if (import.meta.main) {
  const [connectionString = '', id = ''] = process.argv.slice(2);
  await searcherOn(connectionString).search(id);
}
