import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { menuSources, menus } from './schema.ts';

interface ConsoleTree {
  readonly menus: Record<
    string,
    {
      readonly verbs: Record<string, Record<string, unknown>>;
      readonly out?: Record<string, Record<string, unknown>>;
      readonly single?: number;
    }
  >;
  readonly arm64Only: readonly string[];
}

const treeUrl = (version: string) =>
  new URL(`../../../../../shared/data/routeros/routeros-${version}.json.gz`, import.meta.url);
const versions = ['7.9', '7.18', '7.22.3', '7.24'].filter((version) => existsSync(treeUrl(version)));

function load(version: string): ConsoleTree {
  return JSON.parse(gunzipSync(readFileSync(treeUrl(version))).toString('utf8')) as ConsoleTree;
}

/** What came after a version. */
const newerThan: Record<string, readonly string[]> = {
  '7.9': ['/radius require-message-auth'],
};
/** Real boards print health as rows; the trees come from virtual routers, where it is a menu of one row. */
const boardsDiffer = new Set(['/system/health']);

test('the schema itself is sound: verbs have fields, references lead to menus', () => {
  for (const menu of menus.values()) {
    for (const field of menu.fields.values())
      if (field.type === 'ref') expect(menus.has(field.of[0] ?? ''), `${menu.path} ${field.name}`).toBe(true);
    for (const name of menu.unique?.fields ?? [])
      expect(menu.fields.has(name), `${menu.path} ${name}`).toBe(true);
    if (menu.verbs.has('add')) expect([...menu.fields.values()].some((field) => field.writable)).toBe(true);
  }
  expect(menus.size).toBe(Object.keys(menuSources).length);
});

describe.skipIf(versions.length === 0)('the schema says nothing that the console trees do not', () => {
  test.each(versions)('%s', (version) => {
    const tree = load(version);
    const unknown: string[] = [];
    for (const menu of menus.values()) {
      const known = tree.menus[menu.path];
      if (known === undefined) {
        if (!menu.hardware) unknown.push(menu.path);
        continue;
      }
      if (boardsDiffer.has(menu.path)) continue;
      if ((known.single === 1) !== menu.single && menu.fields.size > 0) unknown.push(`${menu.path} single`);
      for (const verb of menu.verbs)
        if (known.verbs[verb] === undefined) unknown.push(`${menu.path}/${verb}`);
      const accepted = { ...known.verbs.add, ...known.verbs.set };
      for (const field of menu.fields.values())
        if (field.writable && accepted[field.name] === undefined) unknown.push(`${menu.path} ${field.name}`);
    }
    expect(unknown).toEqual(newerThan[version] ?? []);
  });

  test.skipIf(!versions.includes('7.22.3'))('readable fields and words of 7.22.3', () => {
    const tree = load('7.22.3');
    const unknown: string[] = [];
    for (const menu of menus.values()) {
      if (boardsDiffer.has(menu.path) || menu.hardware) continue;
      const known = tree.menus[menu.path];
      const readable = known?.out?.print ?? known?.out?.get;
      for (const field of menu.fields.values()) {
        if (readable !== undefined && readable[field.name] === undefined)
          unknown.push(`${menu.path} ${field.name}`);
        if (field.type !== 'word') continue;
        const argument = known?.verbs.add?.[field.name] as { e?: string[] } | undefined;
        for (const word of field.of)
          if (argument?.e !== undefined && !argument.e.includes(word))
            unknown.push(`${menu.path} ${field.name}=${word}`);
      }
    }
    expect(unknown).toEqual([]);
  });
});
