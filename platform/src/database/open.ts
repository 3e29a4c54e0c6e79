import { CamelCasePlugin, Kysely, PostgresDialect, type Transaction } from 'kysely';
import pg from 'pg';
import { CancellableClient } from './cancellation.ts';
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
  /**
   * For few statements that are sent often: each is planned once per connection, for any values, and always by index.
   * Such plans outlive what was known of the tables when they were made. Default false.
   */
  readonly prepared?: boolean;
}

/** As `options` of a connection: a plan made for an empty table must still be right for a full one. */
const byIndexOnly = [
  'plan_cache_mode=force_generic_plan',
  'enable_seqscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
  'jit=off',
]
  .map((setting) => `-c ${setting}`)
  .join(' ');

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
    Client: options.prepared === true ? PreparingClient : CancellableClient,
    ...(options.prepared === true ? { options: byIndexOnly } : {}),
  });
  pool.on('error', options.onConnectionError);
  // The pool listens to idle connections only; one that breaks between two queries of a transaction would end us.
  pool.on('connect', (client) => client.on('error', options.onConnectionError));
  return new Kysely<DB>({
    dialect: new PostgresDialect({ pool }),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  });
}

/** Gives every statement with values a name, by which the server finds its plan again. */
class PreparingClient extends CancellableClient {
  readonly #names = new Map<string, string>();

  override query(...given: unknown[]): never {
    const [text, values, ...rest] = given;
    const query =
      typeof text === 'string' && Array.isArray(values) && values.length > 0
        ? [{ name: this.#nameOf(text), text, values }, ...rest]
        : given;
    // The driver's signature is a dozen overloads; what comes in goes on as it is.
    return (super.query as (...query: unknown[]) => never)(...query);
  }

  #nameOf(text: string): string {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const name = `p${this.#names.size}`;
    this.#names.set(text, name);
    return name;
  }
}

/** What a store function works on: the database itself, or the transaction it is part of. */
export type Executor<DB> = Kysely<DB> | Transaction<DB>;
