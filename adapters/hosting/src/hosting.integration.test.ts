import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isRoot } from './account.ts';
import { installCode } from './code-mirror.ts';
import { ask, databaseSpec, query, sampleMigrate, sampleSpec } from './contract/samples.ts';
import { deriveOnce } from './derived-code.ts';
import { openProcessHosting, type ProcessHosting } from './hosting.ts';
import { poll } from './poll.ts';
import type { Tombstone } from './port.ts';
import { identify, isRunning, signal } from './process/process-identity.ts';
import { waitUntilReady } from './wait-until.ts';

const SUPERVISOR = fileURLToPath(new URL('./contract/supervisor.ts', import.meta.url));
const FENCE = { epoch: 1 };

let home: string;
let opened: ProcessHosting[];
let problems: unknown[];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'dm-hosting-'));
  chmodSync(home, 0o711);
  opened = [];
  problems = [];
});
afterEach(async () => {
  await Promise.all(opened.map((hosting) => hosting.shutDown()));
  rmSync(home, { recursive: true, force: true });
});

async function open(folder = home, tombstones: readonly Tombstone[] = []): Promise<ProcessHosting> {
  const hosting = await openProcessHosting({
    home: folder,
    migrate: sampleMigrate,
    resolveSecret: async (tenant) => `secret of ${tenant}`,
    findTombstone: async (id) => tombstones.find((tombstone) => tombstone.id === id),
    onProblem: (problem) => problems.push(problem),
  });
  opened.push(hosting);
  return hosting;
}

/** Runs the supervisor of `contract/supervisor.ts` until it reports. */
async function startSupervisor(options: { uid?: number; gid?: number } = {}) {
  const child = spawn(process.execPath, [SUPERVISOR, home], {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...options,
  });
  const [line] = await once(createInterface(child.stdout), 'line');
  return { child, report: JSON.parse(line) as { root: string; database: number; workload: number } };
}

describe('a supervisor that is killed', () => {
  it('harms nobody: the next one adopts workload and database, or starts them again', async () => {
    const { child, report } = await startSupervisor();
    child.kill('SIGKILL');
    await once(child, 'exit');
    const hosting = await open();
    const [workload] = await hosting.runtime.observe('alpha');
    expect(workload).toMatchObject({ pid: report.workload, restarts: 0 });
    expect(await hosting.database.status('alpha')).toMatchObject({ pid: report.database, state: 'READY' });
    const spec = sampleSpec('runtime', { secrets: [{ name: 'database-url', version: '1' }] });
    await waitUntilReady(hosting.runtime, spec, 30_000);
    expect(await ask(hosting.runtime, spec, '/secret')).toBe('secret of alpha');
    expect(await query(await hosting.database.connection('alpha', 'application'), 'SELECT 1')).toEqual([[1]]);
    expect(problems).toEqual([]);

    await hosting.release();
    for (const pid of [report.workload, report.database]) process.kill(pid, 'SIGKILL');
    opened = [];
    const next = await open();
    await next.resume();
    await waitUntilReady(next.runtime, spec, 30_000);
    expect(await query(await next.database.connection('alpha', 'application'), 'SELECT 1')).toEqual([[1]]);
  });
});

describe('a supervisor that is killed while it provisions', () => {
  it('leaves nothing that hinders the next one, wherever it was', async () => {
    for (const afterMs of [300, 700, 1_200, 2_000]) {
      const child = spawn(process.execPath, [SUPERVISOR, home], { stdio: 'ignore' });
      await delay(afterMs);
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    const hosting = await open();
    await hosting.database.ensure(databaseSpec('alpha'), FENCE);
    const secrets = [{ name: 'database-url', version: '1' }];
    await hosting.runtime.ensure(sampleSpec('runtime', { secrets }), FENCE);
    await waitUntilReady(hosting.runtime, sampleSpec('runtime'), 30_000);
    expect(await query(await hosting.database.connection('alpha', 'application'), 'SELECT 1')).toEqual([[1]]);
    const left = readdirSync(hosting.root, { recursive: true, encoding: 'utf8' });
    expect(left.filter((path) => path.includes('.building-'))).toEqual([]);
    expect(problems).toEqual([]);
  });
});

describe('the orphan sweep', () => {
  it.skipIf(process.platform !== 'linux')(
    'sees and ends a process whose folder is gone, by label',
    async () => {
      const spec = sampleSpec('stray');
      const first = await open();
      const { pid = 0 } = await first.runtime.ensure(spec, FENCE);
      await waitUntilReady(first.runtime, spec, 30_000);
      const stray = identify(pid);
      await first.release();
      opened = [];
      rmSync(join(first.root, 'tenants', 'alpha', 'workloads'), { recursive: true });
      const hosting = await open(home, [{ id: 'sweep', tenant: 'alpha', purgeAfter: 0 }]);
      expect(await hosting.runtime.observe('alpha')).toEqual([]);
      const seen = await Array.fromAsync(hosting.runtime.list());
      expect(seen).toMatchObject([{ component: 'stray', pid }]);
      await expect(hosting.runtime.destroy(spec, FENCE, 'none')).rejects.toMatchObject({
        code: 'TOMBSTONE_REFUSED',
      });
      await hosting.runtime.destroy(spec, FENCE, 'sweep');
      expect(stray !== undefined && isRunning(stray)).toBe(false);
    },
  );

  it('leaves the processes of another installation alone', async () => {
    const other = mkdtempSync(join(tmpdir(), 'dm-other-'));
    chmodSync(other, 0o711);
    const [mine, theirs] = [await open(), await open(other)];
    await theirs.runtime.ensure(sampleSpec('theirs'), FENCE);
    expect(await Array.fromAsync(mine.runtime.list())).toEqual([]);
    await theirs.shutDown();
    opened = [mine];
    rmSync(other, { recursive: true });
  });
});

describe('the state folder', () => {
  it('has one supervisor', async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({
      code: 'STATE_FOLDER_IN_USE',
      message: expect.stringContaining(`in use by process ${process.pid}`),
    });
    await first.release();
    await open();
  });

  it('that is a file is refused by name', async () => {
    const file = join(home, 'file');
    writeFileSync(file, '');
    await expect(open(file)).rejects.toMatchObject({
      code: 'STATE_FOLDER_UNWRITABLE',
      message: expect.stringContaining(file),
    });
  });

  it.skipIf(!isRoot())('that cannot be written is refused by name', async () => {
    const script = `
      const { openProcessHosting } = await import(${JSON.stringify(import.meta.resolve('./hosting.ts'))});
      await openProcessHosting({ home: process.argv[1], onProblem() {} }).catch((e) => console.log(e.code));`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', script, join(home, 'x')],
      { uid: 65_534, gid: 65_534, cwd: '/' },
    );
    expect(stdout.trim()).toBe('STATE_FOLDER_UNWRITABLE');
  });

  it.skipIf(!canMount())('that is full is refused by name, and works once there is room', async () => {
    const disk = join(home, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=711', 'tmpfs', disk]);
    try {
      const hosting = await open(disk);
      await expect(hosting.database.ensure(databaseSpec('alpha'), FENCE)).rejects.toMatchObject({
        code: 'STATE_FOLDER_FULL',
      });
      execFileSync('mount', ['-o', 'remount,size=300m', disk]);
      expect(await hosting.database.ensure(databaseSpec('alpha'), FENCE)).toMatchObject({ state: 'READY' });
    } finally {
      await Promise.all(opened.splice(0).map((hosting) => hosting.shutDown()));
      execFileSync('umount', [disk]);
    }
  });

  it.skipIf(!isRoot())('below a folder that others cannot enter is replaced by one they can', async () => {
    chmodSync(home, 0o700);
    const hosting = await open(join(home, 'state'));
    expect(hosting.root).toMatch(/^\/var\/lib\/dotmac\/[0-9a-f]{8}$/);
    const spec = sampleSpec('hidden');
    await hosting.runtime.ensure(spec, FENCE);
    await waitUntilReady(hosting.runtime, spec, 30_000);
    await hosting.shutDown();
    opened = [];
    rmSync(hosting.root, { recursive: true });
  });
});

describe('code that tenants cannot reach', () => {
  it.skipIf(!isRoot())('is mirrored under a path that changes only with the code', async () => {
    const hosting = await open();
    const folderOf = async () => (await installCode(home, source)).folder;
    const source = mkdtempSync(join(tmpdir(), 'dm-private-'));
    writeFileSync(join(source, 'package.json'), '{"type":"module"}');
    const sample = fileURLToPath(new URL('./contract/sample-workload.mjs', import.meta.url));
    copyFileSync(sample, join(source, 'workload.mjs'));
    const code = await folderOf();
    expect(code.startsWith(hosting.root)).toBe(true);
    expect(await folderOf()).toBe(code);
    const spec = sampleSpec('mirrored', { command: [process.execPath, join(code, 'workload.mjs')] });
    await hosting.runtime.ensure(spec, FENCE);
    await waitUntilReady(hosting.runtime, spec, 30_000);
    writeFileSync(join(source, 'more.mjs'), '');
    expect(await folderOf()).not.toBe(code);
    chmodSync(source, 0o755);
    expect(await folderOf()).toBe(source);
    rmSync(source, { recursive: true });
  });
});

describe('what is made of the code', () => {
  it('is made once, whole or not at all, and goes when the code has changed twice', async () => {
    const source = mkdtempSync(join(tmpdir(), 'dm-code-'));
    chmodSync(source, 0o755);
    writeFileSync(join(source, 'package.json'), '{}');
    const derive = async (text: string) =>
      deriveOnce(await installCode(home, source), 'made', async (building) =>
        writeFileSync(join(building, 'file'), text),
      );
    await expect(
      deriveOnce(await installCode(home, source), 'made', () => Promise.reject(new Error('broken'))),
    ).rejects.toThrow('broken');
    const first = await derive('first');
    expect(await derive('again')).toBe(first);
    expect(readFileSync(join(first, 'file'), 'utf8')).toBe('first');
    for (const change of ['second', 'third']) {
      writeFileSync(join(source, change), '');
      expect(readFileSync(join(await derive(change), 'file'), 'utf8')).toBe(change);
    }
    // A workload of the release before may still run.
    expect(readdirSync(dirname(first))).toHaveLength(2);
    expect(existsSync(first)).toBe(false);
    rmSync(source, { recursive: true });
  });
});

describe('isolation', () => {
  it.skipIf(!isRoot() || process.platform !== 'linux')(
    'gives each tenant a uid that cannot read the other, and no privilege',
    async () => {
      const hosting = await open();
      const secrets = [{ name: 'database-url', version: '1' }];
      const specs = ['alpha', 'bravo'].map((tenant) => sampleSpec('runtime', { tenant, secrets }));
      for (const spec of specs) {
        await hosting.runtime.ensure(spec, FENCE);
        await waitUntilReady(hosting.runtime, spec, 30_000);
      }
      const identities = await Promise.all(
        specs.map(async (spec) => JSON.parse(await ask(hosting.runtime, spec, '/identity'))),
      );
      const [alpha, bravo] = identities;
      expect(alpha.uid).toBeGreaterThan(0);
      expect(bravo.uid).not.toBe(alpha.uid);
      expect(alpha.groups).toEqual([alpha.uid]);
      expect((await hosting.runtime.capabilities()).isolation).toBe('uid');
      const status = readFileSync(`/proc/${alpha.pid}/status`, 'utf8');
      expect(status).toMatch(/NoNewPrivs:\s+1/);
      expect(status).toMatch(/CapEff:\s+0{16}\n/);
      expect(status).toMatch(/CapBnd:\s+0{16}\n/);
      const secret = join(
        hosting.root,
        'tenants',
        'bravo',
        'workloads',
        'runtime-1',
        'secrets',
        'database-url',
      );
      expect(statSync(secret).mode & 0o777).toBe(0o400);
      const read = (uid: number) => promisify(execFile)('cat', [secret], { uid, gid: uid });
      expect((await read(bravo.uid)).stdout).toBe('secret of bravo');
      await expect(read(alpha.uid)).rejects.toThrow(/Permission denied/);
    },
  );

  it.skipIf(!isRoot())('is one user for all when we are not root, and says so', async () => {
    execFileSync('chown', ['65534:65534', home]);
    const { child, report } = await startSupervisor({ uid: 65_534, gid: 65_534 });
    for (const pid of [report.database, report.workload]) expect(statSync(`/proc/${pid}`).uid).toBe(65_534);
    child.kill('SIGKILL');
    await once(child, 'exit');
    for (const pid of [report.workload, report.database]) {
      const identity = identify(pid);
      if (identity === undefined) continue;
      signal(identity, 'SIGINT');
      await poll(() => (isRunning(identity) ? undefined : true), { deadlineMs: 20_000 });
    }
    expect(existsSync(join(report.root, 'accounts'))).toBe(false);
  });
});

function canMount(): boolean {
  if (!isRoot() || process.platform !== 'linux') return false;
  const folder = mkdtempSync(join(tmpdir(), 'dm-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
