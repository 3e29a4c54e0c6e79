import { migrate } from '@dotmac/migrations';
import { installJobs, secretBox } from '@dotmac/platform';
import type { BenchDatabase } from './database.ts';
import { loadSecret, loadUsers } from './radgen.ts';

/** The database of the measured tenant. */
export const ownDatabase = 'dotmac';
export const ownSealingKey = Buffer.alloc(32, 7);

export interface OwnUsers {
  readonly users?: number;
  /** Everybody has a live session. */
  readonly online?: boolean;
}

/** The same users in DotMac's own tables: a NAS, an address pool, sealed passwords, a speed with burst. */
export async function loadOwn(
  database: BenchDatabase,
  { users: count = loadUsers, online = false }: OwnUsers = {},
): Promise<void> {
  await database.run(`create database ${ownDatabase}`);
  const connectionString = database.urlOf(ownDatabase);
  await installJobs(connectionString);
  await migrate({ connectionString, kind: 'tenant' });
  const box = secretBox(ownSealingKey);
  const hex = (octets: Uint8Array) => `'\\x${Buffer.from(octets).toString('hex')}'`;
  const rate = (bits: number, burst: number, threshold: number) => ({
    bitsPerSecond: String(bits * 1e6),
    burst: {
      bitsPerSecond: String(burst * 1e6),
      thresholdBitsPerSecond: String(threshold * 1e6),
      seconds: 8,
    },
  });
  const shaping = JSON.stringify({ downstream: rate(50, 60, 40), upstream: rate(25, 30, 20) });
  const users = Array.from({ length: count }, (_, n) => {
    const number = String(n).padStart(5, '0');
    const service = `svc_bench${number}`;
    const sealed = hex(box.seal(`pw${number}`, `access:${service}`));
    return `('${service}', 'cus_${number}', 'pln_bench', 'user${number}', ${sealed}, 'dev_bench', '${shaping}', 'OPEN', now(), now())`;
  });
  await database.run(
    `insert into network.device (id, name, state, state_source, state_evidence, state_since, created_at)
       values ('dev_bench', 'bng-1', 'ONLINE', 'bench', 'bench', now(), now());
     insert into network.nas (id, name, device_id, source_address, secret, vendor_profile, coa_port, created_at)
       values ('nas_bench', 'bng-1', 'dev_bench', '127.0.0.1', ${hex(box.seal(loadSecret, 'nas:nas_bench'))},
         'mikrotik', 3799, now());
     insert into network.access (service_id, customer_id, plan_id, username, password, device_id, shaping, mode, ready_at, created_at)
       values ${users.join(',')};
     insert into network.address_pool (id, name, cidr, created_at) values ('pool_bench', 'bench', '10.0.0.0/12', now());
     insert into network.address (address, pool_id, state, service_id, changed_at)
       select '10.0.0.0'::inet + n, 'pool_bench', 'ASSIGNED', 'svc_bench' || lpad(n::text, 5, '0'), now()
       from generate_series(0, ${count - 1}) n;
     ${online ? sessions : ''}
     analyze;`,
    ownDatabase,
  );
}

const sessions = `insert into network.session (id, nas_id, native_id, username, service_id, device_id, address, mac, started_at, updated_at)
  select 'ses_' || lpad(service_id, 26, '0'), 'nas_bench', substr(service_id, 10), username, service_id, 'dev_bench', '10.0.0.1',
    '02:00:00:00:00:01', now(), now() from network.access;`;
