import { CamelCasePlugin, Kysely, PostgresDialect, type Transaction } from 'kysely';
import pg from 'pg';
import { types } from './parsers.ts';

export interface OpenOptions {
  /** `postgres://role@/database?host=/socket/folder`, with `password` apart so that it stays out of logs. */
  readonly connectionString: string;
  readonly password?: string;
  /** Connections at most. */
  readonly max?: number;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string;
  /** Called for an idle connection that breaks; the pool replaces it by itself. */
  readonly onConnectionError: (error: Error) => void;
}

/** The connection settings that the pool and single connections share. */
export function connectionSettings(options: OpenOptions): pg.ClientConfig {
  return {
    connectionString: withPassword(options.connectionString, options.password),
    application_name: options.applicationName,
    types,
  };
}

/** The driver ignores a password beside a connection string. */
function withPassword(connectionString: string, password: string | undefined): string {
  if (password === undefined) return connectionString;
  // Not `new URL`: it refuses the empty host of `postgres://role@/database?host=/socket/folder`.
  const match = /^(\w+:\/\/[^:@/]+)(?::[^@/]*)?@(.*)$/.exec(connectionString);
  if (match === null) throw new Error('The connection string names no role before its "@"');
  return `${match[1]}:${encodeURIComponent(password)}@${match[2]}`;
}

/**
 * A pool of connections with Kysely over it. Columns are `snake_case` in SQL and `camelCase` here; keys inside JSON
 * columns stay as they are.
 */
export function openDatabase<DB>(options: OpenOptions): Kysely<DB> {
  const pool = new pg.Pool({
    ...connectionSettings(options),
    max: options.max ?? 10,
    connectionTimeoutMillis: 10_000,
  });
  pool.on('error', options.onConnectionError);
  // The pool listens to idle connections only; one that breaks between two queries of a transaction would end us.
  pool.on('connect', (client) => client.on('error', options.onConnectionError));
  return new Kysely<DB>({
    dialect: new PostgresDialect({ pool }),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  });
}

/** What a store function works on: the database itself, or the transaction it is part of. */
export type Executor<DB> = Kysely<DB> | Transaction<DB>;
