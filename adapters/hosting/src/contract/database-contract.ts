import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errnoOf } from '../error.ts';
import { poll } from '../poll.ts';
import type { DatabaseStatus, TenantDatabase, Tombstone } from '../port.ts';
import { databaseSpec, query } from './samples.ts';

/** What a driver offers the contract beside the port itself. */
export interface DatabaseSubject {
  readonly database: TenantDatabase;
  /** The same databases as the next supervisor finds them. */
  reopen(): Promise<TenantDatabase>;
  /** Ends the database's server as the kernel would; absent when it is not ours to end. */
  kill?(status: DatabaseStatus): void;
  close(): Promise<void>;
}

const FENCE = { epoch: 10 };

/** What every `TenantDatabase` keeps, run over a driver. `ownServer`: the driver runs the servers itself. */
export function databaseContract(
  name: string,
  { ownServer }: { readonly ownServer: boolean },
  open: (tombstones: Map<string, Tombstone>) => Promise<DatabaseSubject>,
): void {
  describe(`${name}: the database contract`, () => {
    const tombstones = new Map<string, Tombstone>([
      ['of-bravo', { id: 'of-bravo', tenant: 'bravo', purgeAfter: 0 }],
      ['early', { id: 'early', tenant: 'bravo', purgeAfter: Number.MAX_SAFE_INTEGER / 4 }],
    ]);
    let subject: DatabaseSubject;
    let database: TenantDatabase;
    beforeAll(async () => {
      subject = await open(tombstones);
      database = subject.database;
    });
    afterAll(() => subject?.close());

    const insert = async (tenant: string) =>
      query(
        await database.connection(tenant, 'application'),
        'INSERT INTO billing.ledger (amount) VALUES (7)',
      );
    const count = async (tenant: string) =>
      query(await database.connection(tenant, 'application'), 'SELECT count(*)::int FROM billing.ledger');

    it('provides a migrated database once, however often it is asked to', async () => {
      const spec = databaseSpec('alpha');
      const [first, second] = await Promise.all([database.ensure(spec, FENCE), database.ensure(spec, FENCE)]);
      expect(first).toMatchObject({
        state: 'READY',
        database: 'dotmac_t_alpha',
        schemaVersion: '1',
        epoch: 10,
      });
      expect(second).toEqual(first);
      await insert('alpha');
      expect(await count('alpha')).toEqual([[1]]);
    });

    it('tells the login of a database before it is there: who waits with it gets in', async () => {
      const spec = databaseSpec('early');
      await database.reserve(spec, FENCE);
      const login = await database.connection('early', 'application');
      const waiting = poll(() => query(login, 'SELECT count(*)::int FROM billing.ledger').catch(ifNotThere), {
        deadlineMs: 30_000,
      });
      await database.ensure(spec, FENCE);
      expect(await waiting).toEqual([[0]]);
      expect(await database.connection('early', 'application')).toBe(login);
    });

    it('provides several tenants at once, each a database of its own', async () => {
      await Promise.all(['bravo', 'charlie'].map((tenant) => database.ensure(databaseSpec(tenant), FENCE)));
      expect(await count('bravo')).toEqual([[0]]);
      const foreign = new URL(await database.connection('charlie', 'application'));
      const target = new URL(await database.connection('bravo', 'application'));
      target.username = foreign.username;
      target.password = foreign.password;
      await expect(query(target.href, 'SELECT 1')).rejects.toThrow(
        /password authentication failed|permission denied/,
      );
    });

    it('refuses a name that is unsafe in a path or a role', async () => {
      const invalid = { code: 'SPEC_INVALID' };
      await expect(database.ensure(databaseSpec('../x'), FENCE)).rejects.toMatchObject(invalid);
      const named = databaseSpec('delta', { database: 'a-b"c' });
      await expect(database.ensure(named, FENCE)).rejects.toMatchObject(invalid);
    });

    it('gives the application rows and no DDL, the owner both', async () => {
      const application = await database.connection('alpha', 'application');
      for (const statement of [
        'CREATE TABLE billing.mine ()',
        'CREATE TABLE public.mine ()',
        'CREATE SCHEMA mine',
        'ALTER TABLE billing.ledger ADD mine int',
        'DROP TABLE billing.ledger',
      ]) {
        await expect(query(application, statement)).rejects.toThrow(/permission denied|must be owner/);
      }
      await query(await database.connection('alpha', 'owner'), 'CREATE TABLE billing.later (id int)');
      expect(await query(application, 'SELECT * FROM billing.later')).toEqual([]);
    });

    it('migrates in place and keeps the rows', async () => {
      expect(await database.migrate('alpha', '2', FENCE)).toMatchObject({ schemaVersion: '2' });
      expect(
        await query(
          await database.connection('alpha', 'application'),
          'SELECT amount, currency FROM billing.ledger',
        ),
      ).toEqual([['7', 'EUR']]);
    });

    it.skipIf(!ownServer)('serves again after its server was killed, with every commit', async () => {
      const before = await database.status('alpha');
      if (before === undefined) throw new Error('alpha is absent');
      subject.kill?.(before);
      const after = await poll(
        async () => {
          const status = await database.status('alpha');
          return status?.state === 'READY' && status.pid !== before.pid ? status : undefined;
        },
        { deadlineMs: 30_000 },
      );
      expect(after).toMatchObject({ restarts: 1, instance: before.instance });
      expect(await count('alpha')).toEqual([[1]]);
    });

    it('is found by the next supervisor, still serving', async () => {
      const before = await database.status('alpha');
      database = await subject.reopen();
      expect(await database.status('alpha')).toEqual(before);
      expect(await count('alpha')).toEqual([[1]]);
    });

    it('stops and serves again, with the data kept', async () => {
      await database.stop('alpha', FENCE);
      expect(await database.status('alpha')).toMatchObject({ state: 'STOPPED' });
      await database.ensure(databaseSpec('alpha', { schemaVersion: '2' }), FENCE);
      expect(await count('alpha')).toEqual([[1]]);
    });

    it('refuses an older epoch everywhere', async () => {
      const old = { epoch: 9 };
      const fenced = { code: 'FENCED' };
      await expect(database.ensure(databaseSpec('alpha'), old)).rejects.toMatchObject(fenced);
      await expect(database.migrate('alpha', '2', old)).rejects.toMatchObject(fenced);
      await expect(database.stop('alpha', old)).rejects.toMatchObject(fenced);
      await expect(database.retire('alpha', 'of-bravo', old)).rejects.toMatchObject(fenced);
      expect(await count('alpha')).toEqual([[1]]);
    });

    it('removes data only with a tombstone of the tenant whose time has come', async () => {
      const refused = { code: 'TOMBSTONE_REFUSED' };
      await expect(database.retire('alpha', 'of-bravo', FENCE)).rejects.toMatchObject(refused);
      await expect(database.retire('bravo', 'none', FENCE)).rejects.toMatchObject(refused);
      await expect(database.retire('bravo', 'early', FENCE)).rejects.toMatchObject(refused);
      expect(await count('bravo')).toEqual([[0]]);
      await database.retire('bravo', 'of-bravo', FENCE);
      expect(await database.status('bravo')).toBeUndefined();
      await expect(database.connection('bravo', 'application')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await database.retire('bravo', 'of-bravo', FENCE);
    });
  });
}

/** The only way in which a database may be absent: its server does not answer. */
function ifNotThere(error: unknown): undefined {
  if (['ENOENT', 'ECONNREFUSED', '57P03'].includes(String(errnoOf(error)))) return undefined;
  throw error;
}
