import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { type Migration, type MigrationProvider, Migrator } from 'kysely/migration';
import { Pool } from 'pg';

/** The two databases of the house. */
export type DatabaseKind = 'tenant' | 'platform';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The migrations of one kind of database: those in `common/` and its own, in the order of their numbers. */
async function filesOf(kind: DatabaseKind): Promise<{ name: string; path: string }[]> {
  const folders = ['common', kind];
  const lists = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(`${root}${folder}`))
        .filter((file) => file.endsWith('.sql'))
        .map((file) => ({ name: file.slice(0, -4), path: `${root}${folder}/${file}` })),
    ),
  );
  return lists.flat().sort((a, b) => (a.name < b.name ? -1 : 1));
}

function providerOf(kind: DatabaseKind): MigrationProvider {
  return {
    async getMigrations() {
      const migrations: Record<string, Migration> = {};
      for (const { name, path } of await filesOf(kind)) {
        const text = await readFile(path, 'utf8');
        migrations[name] = { up: async (db) => void (await sql.raw(text).execute(db)) };
      }
      return migrations;
    },
  };
}

/** Identifies the newest schema: the last migration's name. Template databases are keyed by it. */
export async function schemaVersion(kind: DatabaseKind): Promise<string> {
  const last = (await filesOf(kind)).at(-1);
  if (last === undefined) throw new Error(`There are no migrations for the ${kind} database`);
  return last.name;
}

export interface MigrateOptions {
  /** As the owner of the database. */
  readonly connectionString: string;
  readonly kind: DatabaseKind;
}

/**
 * Brings a database to the newest schema, forward only, under a lock: two at once are safe. Each migration runs in
 * the transaction of the whole call: either all of them hold or none.
 * @returns the names of the migrations that ran.
 */
export async function migrate({ connectionString, kind }: MigrateOptions): Promise<string[]> {
  const pool = new Pool({ connectionString, max: 2 });
  // An idle connection that breaks matters to no query; the next query would fail by itself.
  pool.on('error', () => undefined);
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    const migrator = new Migrator({ db, provider: providerOf(kind) });
    const { error, results = [] } = await migrator.migrateToLatest();
    if (error !== undefined) {
      const failed = results.find((result) => result.status === 'Error')?.migrationName ?? 'before the first';
      throw new Error(`The ${kind} database stays as it was: migration ${failed} failed`, { cause: error });
    }
    await grantToRoles(db);
    return results.map((result) => result.migrationName);
  } finally {
    await db.destroy();
  }
}

/**
 * Gives the application's role the use of every table and nothing of the schema itself; tables whose comment begins
 * with `append-only` lose UPDATE and DELETE again. The gateway's role reads what it routes by. On a server that holds
 * several databases the roles' names begin with the database's; a role that is not there gets nothing.
 */
async function grantToRoles(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `do $$
declare role text; s text; t record;
begin
  for role in select rolname from pg_roles where rolname in ('dotmac_app', current_database() || '_app') loop
    for s in select nspname from pg_namespace where nspname !~ '^pg_' and nspname not in ('information_schema', 'public') loop
      execute format('grant usage on schema %I to %I', s, role);
      execute format('grant select, insert, update, delete on all tables in schema %I to %I', s, role);
      execute format('grant usage on all sequences in schema %I to %I', s, role);
      execute format('grant execute on all functions in schema %I to %I', s, role);
    end loop;
    for t in select c.oid::regclass as name from pg_class c where c.relkind = 'r' and obj_description(c.oid, 'pg_class') like 'append-only%' loop
      execute format('revoke update, delete, truncate on %s from %I', t.name, role);
    end loop;
  end loop;
  if to_regclass('routing.route') is null then return; end if;
  for role in select rolname from pg_roles where rolname in ('dotmac_gateway', current_database() || '_gateway') loop
    execute format('grant usage on schema identity, routing to %I', role);
    execute format('grant select on all tables in schema routing to %I', role);
    execute format('grant select on identity.api_key, identity.verification_key, identity.membership, identity.trusted_document to %I', role);
    execute format('grant select (id, disabled_at) on identity.account to %I', role);
    execute format('grant update (last_used_at) on identity.api_key to %I', role);
    execute format('grant select, insert, update, delete on identity.recorded_operation to %I', role);
    execute format('grant select, insert, delete on identity.recorded_document to %I', role);
    execute format('grant select, insert, update on identity.operation_gap to %I', role);
  end loop;
end $$`,
    )
    .execute(db);
}
