import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { escapeIdentifier, escapeLiteral } from 'pg';
import { type Account, giveTo, serverAccount } from '../account.ts';
import { buildOnce } from '../build-once.ts';
import { HostingError } from '../error.ts';
import type { PostgresBinaries } from './binaries.ts';
import { copyCluster, executeOffline, giveCluster, initialiseCluster, SUPERUSER } from './cluster.ts';
import { APPLICATION_ROLE, createRolesAndDatabase, execute, GATEWAY_ROLE, OWNER_ROLE } from './roles.ts';
import { startPostgres, stopPostgres } from './server.ts';

const TEMPLATE_DATABASE = 'dotmac_template';
const NEVER_COPIED_YET = 'template';

/** A migrated, cleanly stopped cluster from which databases are copied. Immutable. */
export interface Template {
  readonly dataDirectory: string;
  readonly release: string;
  readonly schemaVersion: string;
}

export interface TemplateOptions {
  readonly binaries: PostgresBinaries;
  /** Folder that holds all templates. */
  readonly directory: string;
  /** What the schema is for, for example `tenant` or `platform`. */
  readonly kind: string;
  readonly release: string;
  readonly schemaVersion: string;
  /** Brings the empty database to the schema version; connects as the owner, not as superuser. */
  migrate(connectionString: string): Promise<void>;
}

/** Passwords of the four roles of a server. */
export interface DatabasePasswords {
  readonly superuser: string;
  readonly owner: string;
  readonly application: string;
  readonly gateway: string;
}

/** Fresh random passwords, 192 bits each. */
export function createPasswords(): DatabasePasswords {
  const password = () => randomBytes(24).toString('base64url');
  return { superuser: password(), owner: password(), application: password(), gateway: password() };
}

/**
 * The template of (kind, release, schema version): built when absent, otherwise the one at hand. A failed or
 * interrupted build leaves nothing. Errors of `migrate` pass through.
 */
export async function createTemplate(options: TemplateOptions): Promise<Template> {
  const { binaries, directory, kind, release, schemaVersion } = options;
  mkdirSync(directory, { recursive: true, mode: 0o711 });
  const target = join(directory, fileName([kind, release, schemaVersion, binaries.version]));
  if (!existsSync(target)) {
    const empty = join(directory, fileName(['empty', binaries.version]));
    if (!existsSync(empty)) {
      await buildOnce(empty, async (building) => {
        mkdirSync(building, { mode: 0o711 });
        await initialiseCluster(binaries, join(building, 'data'), NEVER_COPIED_YET, serverAccount());
      });
    }
    await buildOnce(
      target,
      (building) => buildTemplate(options, join(empty, 'data'), building),
      (abandoned) => stopPostgres(join(abandoned, 'data')),
    );
  }
  return { dataDirectory: join(target, 'data'), release, schemaVersion };
}

/**
 * Copies a template to `to` (absent before, absent after a failure): passwords and the database's name are
 * changed before the copy first accepts a connection. `account` is who will run it, as root.
 */
export async function copyFromTemplate(
  binaries: PostgresBinaries,
  template: Template,
  to: string,
  database: string,
  passwords: DatabasePasswords,
  account?: Account,
): Promise<void> {
  const built =
    !existsSync(to) &&
    (await buildOnce(to, async (building) => {
      await copyCluster(template.dataDirectory, building);
      await executeOffline(binaries, building, [...renameAndSeal(database, passwords)], serverAccount());
      if (account !== undefined) await giveCluster(building, account);
    }));
  if (!built) throw new HostingError('GENERATION_CONFLICT', `${to} exists; a copy never replaces data.`);
}

function* renameAndSeal(database: string, passwords: DatabasePasswords): Generator<string> {
  if (database !== TEMPLATE_DATABASE) {
    yield `ALTER DATABASE ${escapeIdentifier(TEMPLATE_DATABASE)} RENAME TO ${escapeIdentifier(database)}`;
  }
  yield `ALTER ROLE ${SUPERUSER} PASSWORD ${escapeLiteral(passwords.superuser)}`;
  yield `ALTER ROLE ${OWNER_ROLE} PASSWORD ${escapeLiteral(passwords.owner)}`;
  yield `ALTER ROLE ${APPLICATION_ROLE} PASSWORD ${escapeLiteral(passwords.application)}`;
  yield `ALTER ROLE ${GATEWAY_ROLE} PASSWORD ${escapeLiteral(passwords.gateway)}`;
}

async function buildTemplate(options: TemplateOptions, empty: string, building: string): Promise<void> {
  const { binaries } = options;
  const account = serverAccount();
  mkdirSync(building, { mode: 0o711 });
  const dataDirectory = join(building, 'data');
  await copyCluster(empty, dataDirectory);
  const socketDirectory = mkdtempSync(join(tmpdir(), 'dm-'));
  giveTo(socketDirectory, account);
  const logFile = join(building, 'build.log');
  // No spare log segments: every copy would carry them.
  const settings = { min_wal_size: '8MB' };
  try {
    await using server = await startPostgres({
      binaries,
      dataDirectory,
      socketDirectory,
      logFile,
      account,
      settings,
    });
    const connect = (database: string) =>
      server.connectionString(database, { user: SUPERUSER, password: NEVER_COPIED_YET });
    const passwords = createPasswords();
    await createRolesAndDatabase(connect, TEMPLATE_DATABASE, passwords);
    await dropUnusedDatabases(connect('postgres'));
    await options.migrate(
      server.connectionString(TEMPLATE_DATABASE, { user: OWNER_ROLE, password: passwords.owner }),
    );
  } finally {
    rmSync(socketDirectory, { recursive: true, force: true });
  }
}

/** Half the size of every copy: a tenant's server has one database, and `postgres` to administer it from. */
async function dropUnusedDatabases(superuser: string): Promise<void> {
  await execute(superuser, [
    `UPDATE pg_database SET datistemplate = false WHERE datname IN ('template0', 'template1')`,
    'DROP DATABASE template0',
    'DROP DATABASE template1',
  ]);
}

function fileName(parts: readonly string[]): string {
  return parts.map((part) => encodeURIComponent(part)).join('_');
}
