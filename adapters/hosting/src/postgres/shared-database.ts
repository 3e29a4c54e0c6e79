import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';
import { HostingError, writingState } from '../error.ts';
import type { HostingContext } from '../hosting-context.ts';
import type { DatabaseRole, DatabaseSpec, DatabaseStatus, Fence, TenantId } from '../port.ts';
import { createSerialiser } from '../serialiser.ts';
import { checkDatabaseSpec, checkTenantId } from '../spec-check.ts';
import { epochOf, passFence } from '../state/fence.ts';
import { readJson, writeJson } from '../state/json-file.ts';
import { passTombstone } from '../state/tombstone.ts';
import type { DatabaseDriver } from './embedded-database.ts';
import { execute, grantApplicationRole, grantConnect } from './roles.ts';

/** What the state folder remembers of a database on the operator's server. Holds passwords: mode 0600. */
interface SharedRecord {
  readonly owner: string;
  readonly spec: DatabaseSpec;
  readonly instance: string;
  readonly created: boolean;
  readonly desired: 'RUNNING' | 'STOPPED';
  readonly passwords: Readonly<Record<DatabaseRole, string>>;
}

/**
 * Compact mode: a database per tenant, closed to every other role, on one server that the operator runs
 * (`DATABASE_URL`, PostgreSQL 15 or newer).
 * @throws HostingError `DATABASE_FAILED` (not reachable), `CREATEDB_MISSING`
 */
export async function openSharedDatabase(context: HostingContext, adminUrl: string): Promise<DatabaseDriver> {
  const { paths, owner, clock } = context;
  const records = new Map<TenantId, SharedRecord>();
  const serialise = createSerialiser();
  await checkPrivileges(adminUrl);
  for (const tenant of existsSync(paths.tenants) ? readdirSync(paths.tenants) : []) {
    const record = readJson<SharedRecord>(recordFile(tenant));
    if (record?.owner === owner) records.set(tenant, record);
  }

  function recordFile(tenant: TenantId): string {
    return join(paths.tenant(tenant), 'shared-database.json');
  }
  const remember = (record: SharedRecord): SharedRecord => {
    const { tenant } = record.spec;
    mkdirSync(paths.tenant(tenant), { recursive: true, mode: 0o711 });
    writeJson(recordFile(tenant), record);
    records.set(tenant, record);
    return record;
  };
  const known = (tenant: TenantId): SharedRecord => {
    const record = records.get(tenant);
    if (record === undefined) throw new HostingError('NOT_FOUND', `Tenant ${tenant} has no database here.`);
    return record;
  };
  const statusOf = ({ spec, instance, desired }: SharedRecord): DatabaseStatus => ({
    tenant: spec.tenant,
    database: spec.database,
    state: desired === 'RUNNING' ? 'READY' : 'STOPPED',
    instance,
    schemaVersion: spec.schemaVersion,
    epoch: epochOf(paths, spec.tenant),
    restarts: 0,
  });
  const change = <T>(tenant: TenantId, work: () => Promise<T>) =>
    serialise(tenant, () => writingState(paths.root, work));
  const url = (record: SharedRecord, role: DatabaseRole) =>
    withLogin(adminUrl, record.spec.database, roleName(record.spec.database, role), record.passwords[role]);

  const create = async (record: SharedRecord): Promise<void> => {
    const { database, tenant } = record.spec;
    const [ownerRole, application] = [roleName(database, 'owner'), roleName(database, 'application')];
    const exists =
      (await rows(adminUrl, 'SELECT 1 FROM pg_database WHERE datname = $1', database)).length > 0;
    if (!exists && record.created) {
      throw new HostingError(
        'DATA_MISSING',
        `Database ${database} of tenant ${tenant} is gone. It is not created anew: restore it from a backup.`,
      );
    }
    for (const role of ['owner', 'application', 'gateway'] as const) {
      await ensureRole(adminUrl, roleName(database, role), record.passwords[role]);
    }
    if (!exists) {
      await execute(adminUrl, [
        `CREATE DATABASE ${escapeIdentifier(database)} OWNER ${escapeIdentifier(ownerRole)}`,
      ]);
    }
    if (!record.created) {
      await grantApplicationRole(url(record, 'owner'), database, ownerRole, application);
      await grantConnect(url(record, 'owner'), database, roleName(database, 'gateway'));
    }
  };

  const migrate = async (record: SharedRecord, schemaVersion: string): Promise<SharedRecord> => {
    if (record.created && record.spec.schemaVersion === schemaVersion) return record;
    await context.migrate(record.spec.kind, url(record, 'owner'), schemaVersion);
    return remember({ ...record, created: true, spec: { ...record.spec, schemaVersion } });
  };

  const ensure = async (spec: DatabaseSpec, fence: Fence): Promise<DatabaseStatus> => {
    checkDatabaseSpec(spec);
    return change(spec.tenant, async () => {
      passFence(paths, spec.tenant, fence);
      const record = records.get(spec.tenant) ?? remember(newRecord(owner, spec));
      await create(record);
      return statusOf(await migrate(remember({ ...record, desired: 'RUNNING' }), spec.schemaVersion));
    });
  };

  return {
    kind: 'shared',

    async capabilities() {
      return { isolation: 'database', restartsAlone: true };
    },

    // Roles, rights and tables come one after the other: nobody may look in between.
    async reserve(spec, fence) {
      await ensure(spec, fence);
    },

    ensure,

    async status(tenant) {
      const record = records.get(tenant);
      return record && statusOf(record);
    },

    async connection(tenant, role) {
      return url(known(tenant), role);
    },

    async migrate(tenant, schemaVersion, fence) {
      known(tenant);
      return change(tenant, async () => {
        passFence(paths, tenant, fence);
        return statusOf(await migrate(known(tenant), schemaVersion));
      });
    },

    async stop(tenant, fence) {
      known(tenant);
      return change(tenant, async () => {
        passFence(paths, tenant, fence);
        const { spec } = remember({ ...known(tenant), desired: 'STOPPED' });
        await execute(adminUrl, [
          `ALTER ROLE ${escapeIdentifier(roleName(spec.database, 'application'))} NOLOGIN`,
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${escapeLiteral(spec.database)}`,
        ]);
      });
    },

    async retire(tenant, tombstone, fence) {
      checkTenantId(tenant);
      return change(tenant, async () => {
        passFence(paths, tenant, fence);
        await passTombstone(context.findTombstone, clock, tenant, tombstone);
        const record = records.get(tenant);
        if (record === undefined) return;
        const { database } = record.spec;
        await execute(adminUrl, [
          `DROP DATABASE IF EXISTS ${escapeIdentifier(database)} WITH (FORCE)`,
          `DROP ROLE IF EXISTS ${escapeIdentifier(roleName(database, 'application'))}`,
          `DROP ROLE IF EXISTS ${escapeIdentifier(roleName(database, 'gateway'))}`,
          `DROP ROLE IF EXISTS ${escapeIdentifier(roleName(database, 'owner'))}`,
        ]);
        records.delete(tenant);
        rmSync(recordFile(tenant), { force: true });
      });
    },

    // The server is the operator's: it runs on whatever we do.
    release: () => Promise.resolve(),
    suspendAll: () => Promise.resolve(),
  };
}

function roleName(database: string, role: DatabaseRole): string {
  return `${database}_${role === 'application' ? 'app' : role}`;
}

function withLogin(adminUrl: string, database: string, user: string, password: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${encodeURIComponent(database)}`;
  url.username = encodeURIComponent(user);
  url.password = encodeURIComponent(password);
  return url.href;
}

/** Creates the role or gives it this password again, and makes the administrator a member, so that it may own for it. */
async function ensureRole(adminUrl: string, role: string, password: string): Promise<void> {
  const exists = (await rows(adminUrl, 'SELECT 1 FROM pg_roles WHERE rolname = $1', role)).length > 0;
  const name = escapeIdentifier(role);
  await execute(adminUrl, [
    `${exists ? 'ALTER' : 'CREATE'} ROLE ${name} LOGIN PASSWORD ${escapeLiteral(password)}`,
    ...(exists ? [] : [`GRANT ${name} TO CURRENT_USER`]),
  ]);
}

async function checkPrivileges(adminUrl: string): Promise<void> {
  const found = await rows(
    adminUrl,
    'SELECT rolname, rolsuper OR (rolcreatedb AND rolcreaterole) AS able FROM pg_roles WHERE rolname = current_user',
  ).catch((cause: unknown) => {
    const { host } = new URL(adminUrl);
    throw new HostingError(
      'DATABASE_FAILED',
      `Cannot use the server of DATABASE_URL (${host}): ${String(cause)}`,
      {
        cause,
      },
    );
  });
  const [role] = found;
  if (role?.able === true) return;
  const name = escapeIdentifier(String(role?.rolname));
  throw new HostingError(
    'CREATEDB_MISSING',
    `The role of DATABASE_URL (${name}) may not create databases and roles, which a database per tenant needs. A superuser can allow it: ALTER ROLE ${name} CREATEDB CREATEROLE;`,
  );
}

async function rows(
  connectionString: string,
  sql: string,
  ...values: string[]
): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return (await client.query(sql, values)).rows;
  } finally {
    await client.end();
  }
}

function newRecord(owner: string, spec: DatabaseSpec): SharedRecord {
  const password = () => randomBytes(24).toString('base64url');
  return {
    owner,
    spec,
    instance: randomBytes(4).toString('hex'),
    created: false,
    desired: 'RUNNING',
    passwords: { owner: password(), application: password(), gateway: password() },
  };
}
