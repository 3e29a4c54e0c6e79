import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identify, isRunning } from '@dotmac/hosting/process';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { endOrphans } from './orphans.ts';
import { type Supervised, supervise } from './supervise.ts';

let home: string;
let supervised: Supervised | null = null;
const restarts: string[] = [];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'dotmac supervise-'));
});
afterEach(async () => {
  await supervised?.stop();
  supervised = null;
  restarts.length = 0;
  rmSync(home, { recursive: true, force: true });
});

function superviseText(text: string): Supervised {
  const file = join(home, 'process.mjs');
  writeFileSync(file, text);
  supervised = supervise({
    name: 'sample',
    node: process.execPath,
    file,
    environment: {},
    home,
    onRestart: (message) => restarts.push(message),
  });
  return supervised;
}
const serving = 'console.log("serving"); setInterval(() => {}, 1000);';
const saidServing = (times: number) =>
  vi.waitFor(
    () =>
      expect(readFileSync(join(home, 'log', 'sample.log'), 'utf8').match(/serving/g) ?? []).toHaveLength(
        times,
      ),
    { timeout: 20_000 },
  );

describe('a supervised process', () => {
  test('that is killed is started again, and stays away after stop', async () => {
    const process_ = superviseText(serving);
    await saidServing(1);
    const first = process_.pid ?? 0;
    process.kill(first, 'SIGKILL');
    await saidServing(2);
    const second = identify(process_.pid ?? 0);
    expect(second?.pid).not.toBe(first);
    expect(restarts).toEqual([expect.stringContaining('sample ended (SIGKILL)')]);
    expect(process_.refusal).toBeNull();
    await process_.stop();
    expect(second !== undefined && isRunning(second)).toBe(false);
    expect(restarts).toHaveLength(1);
  });

  test('that ends with an error leaves its last words', async () => {
    const process_ = superviseText('console.error("before\\nthe disk is gone"); process.exit(1);');
    await vi.waitFor(() => expect(process_.refusal).toBe('the disk is gone'), { timeout: 20_000 });
  });

  test('that outlived its supervisor is ended by the next one', async () => {
    const process_ = superviseText(serving);
    await saidServing(1);
    const identity = identify(process_.pid ?? 0);
    expect(await endOrphans(home, 5_000)).toEqual(['sample']);
    expect(identity !== undefined && isRunning(identity)).toBe(false);
    expect(await endOrphans(home, 5_000)).toEqual([]);
  });
});
