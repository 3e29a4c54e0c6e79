import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { concurrently } from '../concurrently.ts';
import { HostingError, writingState } from '../error.ts';
import type { HostingContext } from '../hosting-context.ts';
import type { DatabaseSpec, Fence, TenantDatabase, TenantId } from '../port.ts';
import { createSerialiser } from '../serialiser.ts';
import { checkDatabaseSpec, checkTenantId } from '../spec-check.ts';
import { epochOf, passFence } from '../state/fence.ts';
import { tenantAccount } from '../state/tenant-account.ts';
import { passTombstone } from '../state/tombstone.ts';
import { installBinaries, type PostgresBinaries } from './binaries.ts';
import { type DatabaseRecord, DatabaseServer, readDatabaseRecord } from './database-server.ts';
import { copyFromTemplate, createPasswords, createTemplate } from './template.ts';

/** A driver, and what its owner does with it beside the port. */
export interface DatabaseDriver extends TenantDatabase {
  /** Stops supervising; the servers run on. */
  release(): Promise<void>;
  /** Stops every server, keeps the data; the next supervisor starts them again. */
  suspendAll(): Promise<void>;
}

/** A PostgreSQL server per tenant from the embedded programs. Servers of an earlier supervisor are adopted. */
export async function openEmbeddedDatabase(context: HostingContext): Promise<DatabaseDriver> {
  const { paths, owner, clock } = context;
  const servers = new Map<TenantId, DatabaseServer>();
  const serialise = createSerialiser();
  let installed: Promise<PostgresBinaries> | undefined;
  const binaries = () => {
    // A failed installation is tried again by the next caller.
    installed ??= installBinaries(paths.binaries).catch((error) => {
      installed = undefined;
      throw error;
    });
    return installed;
  };

  const open = (record: DatabaseRecord): DatabaseServer => {
    const { tenant } = record.spec;
    const server = new DatabaseServer(
      {
        directory: paths.database(tenant),
        socketDirectory: paths.socketDirectory(`database-${tenant}`),
        account: tenantAccount(paths.accounts, tenant),
        clock,
        epoch: () => epochOf(paths, tenant),
        problem: context.onProblem,
      },
      record,
    );
    servers.set(tenant, server);
    return server;
  };
  const reserved = (spec: DatabaseSpec, fence: Fence): DatabaseServer => {
    passFence(paths, spec.tenant, fence);
    const server = servers.get(spec.tenant) ?? open(newRecord(owner, spec));
    if (!server.record.created) server.remember({ spec });
    return server;
  };
  const known = (tenant: TenantId): DatabaseServer => {
    const server = servers.get(tenant);
    if (server === undefined) throw new HostingError('NOT_FOUND', `Tenant ${tenant} has no database here.`);
    return server;
  };
  const change = <T>(tenant: TenantId, work: () => Promise<T>) =>
    serialise(tenant, () => writingState(paths.root, work));

  /** Copies the data on the first call; afterwards its absence is an incident. */
  const create = async (server: DatabaseServer): Promise<void> => {
    const { spec, created, passwords } = server.record;
    const { tenant, kind, release, schemaVersion, database } = spec;
    if (existsSync(server.dataDirectory)) return server.remember({ created: true });
    if (created) {
      throw new HostingError(
        'DATA_MISSING',
        `The data of tenant ${tenant} (${server.dataDirectory}) is gone. It is not created anew: restore it from a backup.`,
      );
    }
    const programs = await binaries();
    const template = await serialise('template/', () =>
      createTemplate({
        binaries: programs,
        directory: paths.templates,
        kind,
        release,
        schemaVersion,
        migrate: (connectionString) => context.migrate(kind, connectionString, schemaVersion),
      }),
    );
    const account = tenantAccount(paths.accounts, tenant);
    await copyFromTemplate(programs, template, server.dataDirectory, database, passwords, account);
    server.remember({ created: true });
  };

  const complete = async (server: DatabaseServer, { schemaVersion }: DatabaseSpec): Promise<void> => {
    await create(server);
    await server.start(await binaries());
    await migrate(server, schemaVersion);
  };

  const migrate = async (server: DatabaseServer, schemaVersion: string): Promise<void> => {
    const { spec } = server.record;
    if (spec.schemaVersion === schemaVersion) return;
    await context.migrate(spec.kind, server.connectionString('owner'), schemaVersion);
    server.remember({ spec: { ...spec, schemaVersion } });
  };

  await concurrently(existsSync(paths.tenants) ? readdirSync(paths.tenants) : [], 4, async (tenant) => {
    const record = readDatabaseRecord(paths.database(tenant));
    if (record?.owner !== owner) return;
    const server = open(record);
    if (record.desired === 'STOPPED' || !record.created) return;
    await server.start(await binaries()).catch(context.onProblem);
  });

  return {
    kind: 'server',

    async capabilities() {
      return { isolation: 'server', restartsAlone: false };
    },

    async reserve(spec, fence) {
      checkDatabaseSpec(spec);
      return change(spec.tenant, async () => {
        const server = reserved(spec, fence);
        // One of an earlier release would be seen before it is migrated.
        if (server.record.created) await complete(server, spec);
      });
    },

    async ensure(spec, fence) {
      checkDatabaseSpec(spec);
      return change(spec.tenant, async () => {
        const server = reserved(spec, fence);
        await complete(server, spec);
        return server.status();
      });
    },

    async status(tenant) {
      return servers.get(tenant)?.status();
    },

    async connection(tenant, role) {
      return known(tenant).connectionString(role);
    },

    async migrate(tenant, schemaVersion, fence) {
      const server = known(tenant);
      return change(tenant, async () => {
        passFence(paths, tenant, fence);
        await migrate(server, schemaVersion);
        return server.status();
      });
    },

    async stop(tenant, fence) {
      const server = known(tenant);
      return change(tenant, async () => {
        passFence(paths, tenant, fence);
        await server.stop();
      });
    },

    async retire(tenant, tombstone, fence) {
      checkTenantId(tenant);
      return change(tenant, async () => {
        passFence(paths, tenant, fence);
        await passTombstone(context.findTombstone, clock, tenant, tombstone);
        await servers.get(tenant)?.stop();
        servers.delete(tenant);
        rmSync(paths.database(tenant), { recursive: true, force: true });
        rmSync(paths.socketDirectory(`database-${tenant}`), { recursive: true, force: true });
      });
    },

    async release() {
      await Promise.all([...servers.values()].map((server) => server.release()));
    },

    async suspendAll() {
      await concurrently([...servers], 4, ([tenant, server]) => change(tenant, () => server.suspend()));
    },
  };
}

function newRecord(owner: string, spec: DatabaseSpec): DatabaseRecord {
  return {
    owner,
    spec,
    instance: randomBytes(4).toString('hex'),
    created: false,
    desired: 'RUNNING',
    passwords: createPasswords(),
    restarts: 0,
  };
}
