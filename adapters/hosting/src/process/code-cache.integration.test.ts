import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isRoot } from '../account.ts';
import { seedCodeCache } from './code-cache.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dotmac-cache-'));
  mkdirSync(join(folder, 'seed', 'v26.10.0-x64-310b2ce3-0'), { recursive: true });
  writeFileSync(join(folder, 'seed', 'v26.10.0-x64-310b2ce3-0', 'a1'), 'compiled');
  mkdirSync(join(folder, 'seed', 'something-else'));
  mkdirSync(join(folder, 'cache'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const uid = process.geteuid?.() ?? 0;

test('an empty cache gets a copy under its own user; a filled one is left alone', async () => {
  const [seed, cache] = [join(folder, 'seed'), join(folder, 'cache')];
  await seedCodeCache(seed, cache, undefined);
  expect(readdirSync(cache)).toEqual([`v26.10.0-x64-310b2ce3-${uid}`]);
  const copy = join(cache, `v26.10.0-x64-310b2ce3-${uid}`, 'a1');
  writeFileSync(copy, 'his own');
  await seedCodeCache(seed, cache, undefined);
  expect(readFileSync(copy, 'utf8')).toBe('his own');
  expect(readFileSync(join(seed, 'v26.10.0-x64-310b2ce3-0', 'a1'), 'utf8')).toBe('compiled');
});

test('without a seed nothing happens', async () => {
  await seedCodeCache(join(folder, 'none'), join(folder, 'cache'), undefined);
  expect(readdirSync(join(folder, 'cache'))).toEqual([]);
});

test.skipIf(!isRoot())("as root the copy is the account's", async () => {
  await seedCodeCache(join(folder, 'seed'), join(folder, 'cache'), { uid: 200_123, gid: 200_123 });
  expect(statSync(join(folder, 'cache', 'v26.10.0-x64-310b2ce3-200123', 'a1')).uid).toBe(200_123);
});
