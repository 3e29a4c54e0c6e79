import { chmodSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { databaseContract } from '../contract/database-contract.ts';
import { databaseSpec, query, sampleMigrate } from '../contract/samples.ts';
import { openProcessHosting, type ProcessHosting } from '../hosting.ts';
import type { Tombstone } from '../port.ts';

function createHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'dm-database-'));
  chmodSync(home, 0o711);
  return home;
}

function open(home: string, tombstones: Map<string, Tombstone>, onProblem: (problem: unknown) => void) {
  return openProcessHosting({
    home,
    migrate: sampleMigrate,
    resolveSecret: () => Promise.reject(new Error('no workload is started here')),
    findTombstone: async (id) => tombstones.get(id),
    onProblem,
  });
}

databaseContract('embedded', { ownServer: true }, async (tombstones) => {
  const home = createHome();
  const problems: unknown[] = [];
  const reopen = () => open(home, tombstones, (problem) => problems.push(problem));
  let hosting = await reopen();
  return {
    database: hosting.database,
    async reopen() {
      await hosting.release();
      hosting = await reopen();
      return hosting.database;
    },
    kill({ pid }) {
      if (pid === undefined) throw new Error('no server runs');
      process.kill(pid, 'SIGKILL');
    },
    async close() {
      await hosting.shutDown();
      rmSync(home, { recursive: true, force: true });
      if (problems.length > 0) throw new AggregateError(problems, 'supervision had problems');
    },
  };
});

let home: string;
let hosting: ProcessHosting;
const problems: unknown[] = [];
beforeAll(async () => {
  home = createHome();
  hosting = await open(home, new Map(), (problem) => problems.push(problem));
});
afterAll(async () => {
  await hosting.shutDown();
  rmSync(home, { recursive: true, force: true });
});

it('starts again after an ordered shut-down', async () => {
  await hosting.database.ensure(databaseSpec('delta'), { epoch: 1 });
  await hosting.shutDown();
  hosting = await open(home, new Map(), (problem) => problems.push(problem));
  expect(await hosting.database.status('delta')).toMatchObject({ state: 'READY', restarts: 0 });
  expect(await query(await hosting.database.connection('delta', 'owner'), 'SELECT 1')).toEqual([[1]]);
  expect(problems).toEqual([]);
});

it('reports missing data and never creates it anew', async () => {
  const { instance } = await hosting.database.ensure(databaseSpec('echo'), { epoch: 1 });
  await hosting.database.stop('echo', { epoch: 1 });
  const folder = join(hosting.root, 'tenants', 'echo', 'database', instance);
  renameSync(join(folder, 'data'), join(folder, 'lost'));
  await expect(hosting.database.ensure(databaseSpec('echo'), { epoch: 1 })).rejects.toMatchObject({
    code: 'DATA_MISSING',
    message: expect.stringContaining('restore it from a backup'),
  });
});
