import { Client, escapeIdentifier, escapeLiteral } from 'pg';

/** Owns the database and its objects; migrations connect as it. */
export const OWNER_ROLE = 'dotmac_owner';
/** What serves requests: reads and writes rows, creates and drops nothing. */
export const APPLICATION_ROLE = 'dotmac_app';
/** May connect; migrations grant it what it needs, by this name. */
export const GATEWAY_ROLE = 'dotmac_gateway';

/**
 * Creates the two roles and a database of `owner`, closed to everybody else. Whatever the owner creates later
 * (schemas, tables, sequences, functions) is usable by the application role without a further grant.
 * `connect` gives a superuser's connection string for a database of the server.
 */
export async function createRolesAndDatabase(
  connect: (database: string) => string,
  database: string,
  passwords: { readonly owner: string; readonly application: string; readonly gateway: string },
): Promise<void> {
  await execute(connect('postgres'), [
    `CREATE ROLE ${OWNER_ROLE} LOGIN PASSWORD ${escapeLiteral(passwords.owner)}`,
    `CREATE ROLE ${APPLICATION_ROLE} LOGIN PASSWORD ${escapeLiteral(passwords.application)}`,
    `CREATE ROLE ${GATEWAY_ROLE} LOGIN PASSWORD ${escapeLiteral(passwords.gateway)}`,
    `CREATE DATABASE ${escapeIdentifier(database)} OWNER ${OWNER_ROLE} STRATEGY wal_log`,
    'REVOKE CONNECT ON DATABASE postgres FROM PUBLIC',
  ]);
  await grantApplicationRole(connect(database), database, OWNER_ROLE, APPLICATION_ROLE);
  await grantConnect(connect(database), database, GATEWAY_ROLE);
}

/** The grants of a database; run on a connection to it that may act for `owner`. */
export async function grantApplicationRole(
  connectionString: string,
  database: string,
  owner: string,
  application: string,
): Promise<void> {
  const [db, ownerName, app] = [database, owner, application].map((name) => escapeIdentifier(name));
  const future = `ALTER DEFAULT PRIVILEGES FOR ROLE ${ownerName} GRANT`;
  await execute(connectionString, [
    `REVOKE ALL ON DATABASE ${db} FROM PUBLIC`,
    `GRANT CONNECT, TEMPORARY ON DATABASE ${db} TO ${app}`,
    // Before 15 everybody may create in public; from 15 on only its owner.
    'REVOKE CREATE ON SCHEMA public FROM PUBLIC',
    `GRANT USAGE, CREATE ON SCHEMA public TO ${ownerName}`,
    `GRANT USAGE ON SCHEMA public TO ${app}`,
    `${future} USAGE ON SCHEMAS TO ${app}`,
    `${future} SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${app}`,
    `${future} USAGE, SELECT, UPDATE ON SEQUENCES TO ${app}`,
    `${future} EXECUTE ON FUNCTIONS TO ${app}`,
    `${future} USAGE ON TYPES TO ${app}`,
  ]);
}

/** Lets a role in, and to nothing else. */
export async function grantConnect(connectionString: string, database: string, role: string): Promise<void> {
  await execute(connectionString, [
    `GRANT CONNECT ON DATABASE ${escapeIdentifier(database)} TO ${escapeIdentifier(role)}`,
  ]);
}

/** Runs statements one by one on a connection of their own. */
export async function execute(connectionString: string, statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
