import { readFileSync } from 'node:fs';
import { databaseTypes, kinds, typesFile } from '@dotmac/cli/database-types';
import { startTestPostgres } from '@dotmac/hosting';
import { expect, test } from 'vitest';

test.each(kinds)(
  'the types of the %s database are those of its migrations; `pnpm types` writes them',
  async (kind) => {
    await using server = await startTestPostgres();
    expect(readFileSync(typesFile(kind), 'utf8')).toBe(
      await databaseTypes(kind, await server.createDatabase()),
    );
  },
);
