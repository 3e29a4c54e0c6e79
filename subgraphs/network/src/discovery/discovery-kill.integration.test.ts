import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@dotmac/device';
import { startTestPostgres } from '@dotmac/harness';
import { startSnmpAgents, towerRouter } from '@dotmac/lab/snmp';
import { migrate } from '@dotmac/migrations';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { searcherOn } from '../testing/discovery-process.ts';
import { discoveryPurpose, discoveryQueue, resumeDiscoveries } from './jobs.ts';
import { discoveryById } from './store.ts';

const id = 'dsc_killed';
/** Where a device answers: in the first chunk of addresses, and in the last. */
const hosts = ['127.0.0.2', '127.0.0.129'];
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let connectionString: string;
let searcher: ReturnType<typeof searcherOn>;
const labs: Awaited<ReturnType<typeof startSnmpAgents>>[] = [];

beforeAll(async () => {
  postgres = await startTestPostgres();
  connectionString = await postgres.createDatabase();
  await migrate({ connectionString, kind: 'tenant' });
  searcher = searcherOn(connectionString);
  let port = 0;
  for (const host of hosts) {
    const lab = await startSnmpAgents([{ ...towerRouter, port }], { clock: systemClock, host });
    labs.push(lab);
    port = lab.agents[0]?.port ?? 0;
  }
  await searcher.database
    .insertInto('network.discovery')
    .values({
      id,
      ranges: ['127.0.0.1-127.0.0.130'],
      port,
      credentials: searcher.secrets.seal(
        JSON.stringify([{ version: '2c', community: 'public' }]),
        discoveryPurpose(id),
      ),
      credentialLabels: ['public'],
      state: 'RUNNING',
      total: 130,
      startedBy: 'test',
      createdAt: new Date(),
    })
    .execute();
});
afterAll(async () => {
  await searcher?.close();
  await Promise.all(labs.map((lab) => lab.close()));
  await postgres?.[Symbol.asyncDispose]();
});

const standing = async () => {
  const row = await discoveryById(searcher.database, id);
  if (row === null) throw new Error('The discovery is gone');
  return row;
};
const proposals = () =>
  searcher.database
    .selectFrom('network.discoveryProposal')
    .select(['id', 'host'])
    .orderBy('foundAt')
    .execute();

test('a search whose process is killed goes on behind what it had looked at, and finds nothing twice', async () => {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('../testing/discovery-process.ts', import.meta.url)), connectionString, id],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const ended = once(child, 'exit');
  // Some addresses are behind it, and it is in the middle of others.
  while ((await standing()).done === 0) {
    if (child.exitCode !== null) throw new Error(`The search ended by itself: ${child.exitCode}`);
    await wait(20);
  }
  child.kill('SIGKILL');
  await ended;
  const { done, state } = await standing();
  expect(state).toBe('RUNNING');
  expect(done).toBeGreaterThan(0);
  expect(done).toBeLessThan(130);
  const before = await proposals();
  expect(before.map(({ host }) => host)).toContain(hosts[0]);

  // What a runtime does at its start.
  const enqueued: unknown[][] = [];
  await resumeDiscoveries({
    ...searcher.services,
    jobs: { enqueue: async (...given: unknown[]) => void enqueued.push(given) },
  } as never);
  expect(enqueued.map((given) => given.slice(1))).toEqual([
    [discoveryQueue, { discoveryId: id }, { singletonKey: id }],
  ]);
  await searcher.search(id);
  expect(await standing()).toMatchObject({ state: 'DONE', done: 130 });
  const after = await proposals();
  expect(after.map(({ host }) => host)).toEqual(hosts);
  expect(after[0]).toEqual(before[0]);
});
