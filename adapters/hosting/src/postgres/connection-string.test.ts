import fc from 'fast-check';
import { Client } from 'pg';
import { expect, it } from 'vitest';
import { socketConnectionString } from './connection-string.ts';

it('survives the way through pg, whatever user and password hold', () => {
  const text = fc.string({ minLength: 1, unit: 'grapheme-ascii' });
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z][a-z0-9_]{0,56}$/), text, text, (database, user, password) => {
      const url = socketConnectionString('/run/dotmac/ab cd', database, { user, password });
      const client = new Client({ connectionString: url });
      expect([client.host, client.database, client.user, client.password]).toEqual([
        '/run/dotmac/ab cd',
        database,
        user,
        password,
      ]);
    }),
    { numRuns: 200 },
  );
});
