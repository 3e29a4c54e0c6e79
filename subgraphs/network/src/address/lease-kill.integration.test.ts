import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startTestPostgres } from '@dotmac/harness';
import { migrate, type TenantDatabase } from '@dotmac/migrations';
import { openDatabase } from '@dotmac/platform';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lenderOn, lendTo } from '../testing/lending-process.ts';

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let connectionString: string;
const folder = mkdtempSync(join(tmpdir(), 'dotmac-leases-'));
beforeAll(async () => {
  postgres = await startTestPostgres();
  connectionString = await postgres.createDatabase();
  await migrate({ connectionString, kind: 'tenant' });
  const database = openDatabase<TenantDatabase>({
    connectionString,
    max: 1,
    applicationName: 'test',
    onConnectionError: () => undefined,
  });
  await database
    .insertInto('network.addressPool')
    .values({
      id: 'pool_1',
      name: 'lent',
      cidr: '100.64.0.0/24',
      assignment: 'SESSION',
      createdAt: new Date(),
    })
    .execute();
  await database.destroy();
});
afterAll(async () => {
  await postgres?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Lends to so many lines in a process of its own, which is killed the moment the last answer is there. */
async function lendAndDie(from: number, count: number): Promise<Map<number, string>> {
  const child = spawn(
    process.execPath,
    [
      fileURLToPath(new URL('../testing/lending-process.ts', import.meta.url)),
      connectionString,
      folder,
      String(from),
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const answers = new Map<number, string>();
  child.stdin.write('x');
  for await (const said of createInterface({ input: child.stdout })) {
    const [line = '', lent = ''] = said.split(' ');
    answers.set(Number(line), lent);
    if (answers.size === count) break;
    child.stdin.write('x');
  }
  child.kill('SIGKILL');
  await once(child, 'exit');
  return answers;
}

test('a process that is killed after its answer has lent nothing twice, however often', async () => {
  const answered = new Map<number, string>();
  for (let round = 0; round < 3; round++)
    for (const [line, lent] of await lendAndDie(round * 10, 10)) answered.set(line, lent);
  // Half a line, as of a process that died while it wrote: nobody was answered with it.
  const [newest = ''] = readdirSync(folder)
    .filter((file) => file.startsWith('leases.'))
    .sort()
    .reverse();
  appendFileSync(join(folder, newest), '{"poolId":"pool_1","kind":"IPV4","prefix":"100.64.0.2');
  expect(answered.size).toBe(30);
  expect(new Set(answered.values()).size).toBe(30);
  expect([...answered.values()]).not.toContain('none');

  const ended = new AbortController();
  const leases = lenderOn(connectionString, folder);
  await leases.start(ended.signal);
  try {
    // Everybody gets what he had, and a new line what nobody had.
    for (const [line, lent] of answered) expect(lendTo(leases, line)).toBe(lent);
    expect([...answered.values()]).not.toContain(lendTo(leases, 1_000));
  } finally {
    ended.abort();
  }
});

test('a machine that loses its power before anything of the journal is on the disk lends nothing of it to others', async () => {
  const answered = await lendAndDie(2_000, 10);
  const marks = JSON.parse(readFileSync(join(folder, 'marks'), 'utf8')) as object;
  writeFileSync(join(folder, 'marks'), JSON.stringify({ ...marks, boot: 'the one before' }));
  for (const file of readdirSync(folder)) if (file !== 'marks') rmSync(join(folder, file));

  // The second one begins while it is still in doubt who has what, as after a kill.
  for (const from of [3_000, 4_000]) {
    const ended = new AbortController();
    const leases = lenderOn(connectionString, folder);
    await leases.start(ended.signal);
    try {
      const others = Array.from({ length: 20 }, (_, index) => lendTo(leases, from + index));
      expect(others).not.toContain('none');
      for (const lent of answered.values()) expect(others).not.toContain(lent);
    } finally {
      ended.abort();
    }
  }
});
