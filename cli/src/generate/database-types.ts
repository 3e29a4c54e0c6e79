import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startTestPostgres } from '@dotmac/hosting';
import { type DatabaseKind, migrate } from '@dotmac/migrations';
import { CamelCasePlugin, Kysely, PostgresDialect } from 'kysely';
import { PostgresDialect as GeneratorDialect, generate } from 'kysely-codegen';
import { Pool } from 'pg';

/** How columns look here, where the driver's parsers (platform/src/database/parsers.ts) decide. */
const typeMapping = {
  int8: 'ColumnType<bigint, bigint | number | string, bigint | number | string>',
  date: 'string',
  interval: 'string',
  bytea: 'Uint8Array',
  numeric: 'string',
  timestamptz: 'ColumnType<Date, Date | string, Date | string>',
};

export const kinds: readonly DatabaseKind[] = ['tenant', 'platform'];
export const typesFile = (kind: DatabaseKind): string =>
  fileURLToPath(new URL(`../../../migrations/src/${kind}-types.ts`, import.meta.url));

/** The TypeScript types of a freshly migrated database. */
export async function databaseTypes(kind: DatabaseKind, connectionString: string): Promise<string> {
  await migrate({ connectionString, kind });
  const pool = new Pool({ connectionString, max: 1 });
  // The server may be stopped while the connection is still closing.
  pool.on('error', () => undefined);
  const db = new Kysely<unknown>({
    dialect: new PostgresDialect({ pool }),
    plugins: [new CamelCasePlugin()],
  });
  try {
    return await generate({
      db,
      dialect: new GeneratorDialect(),
      camelCase: true,
      defaultSchemas: ['public'],
      excludePattern: '{public,jobs,network_parts}.*',
      typeMapping,
      outFile: null,
    });
  } finally {
    await db.destroy();
  }
}

if (import.meta.main) {
  const server = await startTestPostgres();
  try {
    for (const kind of kinds) {
      await writeFile(typesFile(kind), await databaseTypes(kind, await server.createDatabase()));
      console.log(`Wrote ${typesFile(kind)}`);
    }
  } finally {
    await server.close();
  }
}
