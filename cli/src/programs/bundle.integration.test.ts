import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bundle } from './bundle.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dotmac bundle-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const bundled = async (...names: string[]) => {
  const target = join(folder, 'bundled');
  await bundle(Object.fromEntries(names.map((name) => [name, join(folder, `${name}.ts`)])), target);
  return (name: string) =>
    execFileSync(process.execPath, [join(target, `${name}.mjs`)], { encoding: 'utf8' });
};

test('a program runs from its bundle, and its modules still find the files beside them', async () => {
  write('note.txt', 'beside it');
  write('old.cjs', 'exports.place = __dirname;');
  write(
    'program.ts',
    `import { readFileSync } from 'node:fs';
     import old from './old.cjs';
     const text: string = readFileSync(new URL('note.txt', import.meta.url), 'utf8');
     console.log(JSON.stringify([text, old.place, import.meta.dirname]));`,
  );
  const run = await bundled('program');
  expect(JSON.parse(run('program'))).toEqual(['beside it', folder, folder]);
});

test('only the program itself is the main module, and what two programs share is in neither', async () => {
  write('tool.ts', 'export const shared = {}; if (import.meta.main) console.log("the tool runs");');
  write(
    'one.ts',
    'import { shared } from "./tool.ts"; if (import.meta.main) console.log("one", typeof shared);',
  );
  write('two.ts', 'import { shared } from "./tool.ts"; console.log("two", typeof shared);');
  const run = await bundled('one', 'two');
  expect(run('one')).toBe('one object\n');
  expect(run('two')).toBe('two object\n');
});

test("Node's own modules are there in every way to import them, and load nothing that is not asked for", async () => {
  write('old.cjs', "exports.join = require('path').join;");
  write(
    'program.ts',
    `import http, { createServer } from 'node:http';
     import * as path from 'path';
     import old from './old.cjs';
     const { createServer: later } = await import('node:http');
     const undici = process.moduleLoadList.filter((name) => name.includes('undici/undici'));
     console.log(http.createServer === createServer, later === createServer, old.join === path.join, undici.length);`,
  );
  const run = await bundled('program');
  expect(run('program')).toBe('true true true 0\n');
});

test('what cannot be bundled is named', async () => {
  write('program.ts', 'import "./missing.ts";');
  await expect(bundled('program')).rejects.toThrow(/missing\.ts/);
});
