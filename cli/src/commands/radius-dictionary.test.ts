import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CommandError, UsageError } from './command.ts';
import { dictionaryReport } from './radius-dictionary.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dotmac-dictionary-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

test('says what each file would add, on top of the one before it', async () => {
  const acme = await file('dictionary.acme', 'VENDOR Acme 60009\n');
  const zone = await file('zone', 'BEGIN-VENDOR Acme\nATTRIBUTE Acme-Zone 1 string\nEND-VENDOR Acme\n');
  const text = await dictionaryReport(['check', acme, zone], false);
  expect(text).toContain('dictionary.acme adds 0 attributes');
  expect(text).toContain('vendor Acme 60009');
  expect(text).toContain('zone adds 1 attributes');
  expect(text).toMatch(/Acme-Zone +26\.60009\.1 +string/);
  expect(
    (await dictionaryReport(['check', acme, zone], true))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toMatchObject([{ vendors: [{ number: 60_009 }] }, { attributes: [{ oid: '26.60009.1' }] }]);
});

test('names file, line and reason of what cannot stand', async () => {
  const wrong = await file('wrong', '\nATTRIBUTE Login 1 string\n');
  await expect(dictionaryReport(['check', wrong], false)).rejects.toThrow(
    new CommandError('wrong:2: 1 is "User-Name" already, not "Login"'),
  );
  await expect(dictionaryReport(['check', join(folder, 'none')], false)).rejects.toThrow(/cannot be read/);
  await expect(dictionaryReport(['check'], false)).rejects.toThrow(UsageError);
});
