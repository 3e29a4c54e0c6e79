import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchDatabase } from './database.ts';
import { loadSecret, loadUsers } from './radgen.ts';

const configuration = '/etc/freeradius/3.0';
const queries = `${configuration}/mods-config/sql/main/postgresql`;
const program = '/usr/sbin/freeradius';

/** A running FreeRADIUS. */
export interface FreeRadius {
  readonly pid: number;
  readonly authPort: number;
  readonly acctPort: number;
  stop(): Promise<void>;
}

/** What is missing to compare with, or null. */
export function missingFreeRadius(): string | null {
  if (!existsSync(program)) return "Debian's package freeradius is not installed";
  if (!existsSync(`${queries}/queries.conf`))
    return "Debian's package freeradius-postgresql is not installed";
  return null;
}

/** The tables of FreeRADIUS with the users, a password and a reply of six attributes each. */
export async function loadFreeRadius(database: BenchDatabase): Promise<void> {
  await database.run('create database radius');
  await database.run(readFileSync(`${queries}/schema.sql`, 'utf8'), 'radius');
  await database.run(
    `insert into radcheck (username, attribute, op, value)
       select 'user' || lpad(n::text, 5, '0'), 'Cleartext-Password', ':=', 'pw' || lpad(n::text, 5, '0')
       from generate_series(0, ${loadUsers - 1}) n;
     insert into radreply (username, attribute, op, value)
       select 'user' || lpad(n::text, 5, '0'), a.name, ':=', a.value
       from generate_series(0, ${loadUsers - 1}) n cross join lateral (values
         ('Framed-IP-Address', '10.0.' || n / 256 || '.' || n % 256), ('Framed-IP-Netmask', '255.255.255.255'),
         ('Session-Timeout', '86400'), ('Acct-Interim-Interval', '300'), ('Framed-Pool', 'pool-a'),
         ('Mikrotik-Rate-Limit', '25M/50M 30M/60M 20M/40M 8/8')) a (name, value);
     analyze;`,
    'radius',
  );
}

/**
 * Starts FreeRADIUS, tuned rather than default: two queries per authentication, no group look-ups, no post-auth insert, no
 * proxying, as many threads as connections. `files` keeps the users in memory instead and does no accounting.
 */
export async function startFreeRadius(
  folder: string,
  users: 'sql' | 'files',
  port: number,
  database: BenchDatabase,
): Promise<FreeRadius> {
  mkdirSync(join(folder, 'log'), { recursive: true });
  copyFileSync(`${queries}/queries.conf`, join(folder, 'queries.conf'));
  copyFileSync(`${configuration}/policy.d/accounting`, join(folder, 'accounting.policy'));
  writeFileSync(join(folder, 'authorize'), users === 'files' ? usersFile() : '');
  writeFileSync(join(folder, 'radiusd.conf'), configurationText(users, port, database.socketDirectory));
  const child = spawn(program, ['-d', '.', '-f'], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
  await Promise.race([
    until(() => /Ready to process requests/.test(logOf(folder))),
    once(child, 'exit').then(() => {
      throw new Error(`FreeRADIUS ended: ${logOf(folder).slice(-1000)}`);
    }),
  ]);
  return {
    pid: child.pid ?? 0,
    authPort: port,
    acctPort: port + 1,
    async stop() {
      if (child.exitCode !== null) return;
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    },
  };
}

function logOf(folder: string): string {
  const file = join(folder, 'log/bench.log');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

async function until(check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => setTimeout(resolve, 50));
}

function usersFile(): string {
  return Array.from({ length: loadUsers }, (_, n) => {
    const number = String(n).padStart(5, '0');
    return `user${number} Cleartext-Password := "pw${number}"
\tFramed-IP-Address = 10.0.${n >> 8}.${n & 255}, Framed-IP-Netmask = 255.255.255.255, Session-Timeout = 86400,
\tAcct-Interim-Interval = 300, Framed-Pool = "pool-a", Mikrotik-Rate-Limit = "25M/50M 30M/60M 20M/40M 8/8"
`;
  }).join('');
}

function configurationText(users: 'sql' | 'files', port: number, socketDirectory: string): string {
  return `
prefix = .
localstatedir = .
name = bench
logdir = log
run_dir = log
pidfile = log/bench.pid
max_requests = 65536
max_request_time = 5
cleanup_delay = 5
proxy_requests = no
log {
  destination = files
  file = log/bench.log
  auth = no
}
security {
  max_attributes = 200
  reject_delay = 0
  status_server = yes
}
client bench {
  ipaddr = 127.0.0.1
  secret = ${loadSecret}
}
thread pool {
  start_servers = 16
  max_servers = 16
  min_spare_servers = 1
  max_spare_servers = 16
  max_requests_per_server = 0
}
modules {
  pap {
  }
  chap {
  }
  mschap {
  }
  expr {
  }
  files {
    filename = authorize
  }
  sql {
    dialect = "postgresql"
    driver = "rlm_sql_postgresql"
    radius_db = "dbname=radius host=${socketDirectory} user=bench"
    sql_user_name = "%{User-Name}"
    acct_table1 = "radacct"
    acct_table2 = "radacct"
    postauth_table = "radpostauth"
    authcheck_table = "radcheck"
    authreply_table = "radreply"
    groupcheck_table = "radgroupcheck"
    groupreply_table = "radgroupreply"
    usergroup_table = "radusergroup"
    client_table = "nas"
    group_attribute = "SQL-Group"
    read_groups = no
    read_profiles = no
    pool {
      start = 16
      min = 1
      max = 16
      spare = 16
      uses = 0
      lifetime = 0
      idle_timeout = 60
    }
    $INCLUDE queries.conf
  }
}
policy {
  $INCLUDE accounting.policy
}
server bench {
  listen {
    type = auth
    ipaddr = 127.0.0.1
    port = ${port}
  }
  listen {
    type = acct
    ipaddr = 127.0.0.1
    port = ${port + 1}
  }
  authorize {
    chap
    mschap
    ${users}
    pap
  }
  authenticate {
    Auth-Type PAP {
      pap
    }
    Auth-Type CHAP {
      chap
    }
    Auth-Type MS-CHAP {
      mschap
    }
  }
  preacct {
    acct_unique
  }
  accounting {
    sql
  }
}
`;
}
