import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/** Who may stand on whom, from the ground up (docs/architecture.md). Tests may use the harness and the lab besides. */
const mayUse: Readonly<Record<string, readonly string[]>> = {
  migrations: [],
  schema: [],
  'adapters/device': [],
  'adapters/snmp': ['adapters/device'],
  'adapters/routeros': ['adapters/device'],
  'adapters/radius': ['adapters/device'],
  'adapters/hosting': ['adapters/device'],
  'adapters/reach': ['adapters/device'],
  platform: ['migrations', 'schema'],
  gateway: ['schema', 'platform'],
  'subgraphs/subscribers': ['migrations', 'schema', 'platform'],
  'subgraphs/billing': ['migrations', 'schema', 'platform'],
  // The ports of the adapters: the policy of the RADIUS server, the device port, the hosting port.
  'subgraphs/network': ['migrations', 'schema', 'platform', 'adapters/device', 'adapters/radius'],
  'subgraphs/partners': ['migrations', 'schema', 'platform'],
  'subgraphs/tenants': ['migrations', 'schema', 'platform', 'adapters/hosting'],
};
/** The composition root and what crosses packages. */
const free = /^(cli|test\/)/;

const root = fileURLToPath(new URL('../../../', import.meta.url));
const packages = globSync('{*,*/*}/package.json', {
  cwd: root,
  exclude: (name) => name === 'node_modules',
}).map((file) => {
  const { name } = JSON.parse(readFileSync(join(root, file), 'utf8')) as { name: string };
  return { folder: dirname(file), name };
});
const folderOfPackage = new Map(packages.map(({ folder, name }) => [name, folder]));

interface Import {
  readonly file: string;
  readonly specifier: string;
}

function importsOf(folder: string): Import[] {
  const files = globSync('src/**/*.ts', { cwd: join(root, folder) }).filter((file) => !isTest(file));
  return files.flatMap((file) => {
    const text = readFileSync(join(root, folder, file), 'utf8');
    const statements = text.matchAll(/^(?:import|export)\b[^;'"]*?(?:from\s+)?'([^']+)'/gm);
    const dynamic = text.matchAll(/\bimport\('([^']+)'\)/g);
    return [...statements, ...dynamic].map(([, specifier = '']) => ({
      file: `${folder}/${file}`,
      specifier,
    }));
  });
}

const isTest = (file: string) =>
  /\.test\.ts$|(^|\/)(testing|contract|differential)\/|(^|\/)(testing|test-[a-z-]+)\.ts$|\.bench\.ts$/.test(
    file,
  );

describe.each(packages.filter(({ folder }) => !free.test(folder)))('$folder', ({ folder }) => {
  const allowed = mayUse[folder];
  const imports = importsOf(folder);

  test('has its place in the house', () =>
    expect(allowed, `say in mayUse what ${folder} may stand on`).toBeDefined());

  test('stands only on the floors below', () => {
    const climbing = imports.filter(({ specifier }) => {
      const [scope, name] = specifier.split('/');
      const target = scope === '@dotmac' ? folderOfPackage.get(`${scope}/${name}`) : undefined;
      return target !== undefined && target !== folder && allowed?.includes(target) !== true;
    });
    expect(climbing).toEqual([]);
  });

  test('reaches no other package by path', () => {
    const reaching = imports.filter(({ file, specifier }) => {
      if (!specifier.startsWith('.')) return false;
      return relative(folder, normalize(join(dirname(file), specifier))).startsWith('..');
    });
    expect(reaching).toEqual([]);
  });
});

test('no module needs itself', () => {
  const cycles: string[] = [];
  for (const { folder } of packages) {
    const graph = new Map<string, string[]>();
    const files = globSync('src/**/*.ts', { cwd: join(root, folder) });
    for (const file of files) {
      const text = readFileSync(join(root, folder, file), 'utf8');
      // Types are gone at run time; only values can make a cycle.
      const values = text.matchAll(/^(?:import|export)\s+(?!type\b)([^;'"]*?)(?:from\s+)?'(\.[^']+)'/gm);
      const targets = [...values]
        .filter(([, names = '']) => !onlyTypes(names))
        .map(([, , specifier = '']) => normalize(join(dirname(file), specifier)));
      graph.set(normalize(file), targets);
    }
    const cycle = findCycle(graph);
    if (cycle !== null) cycles.push(`${folder}: ${cycle.join(' → ')}`);
  }
  expect(cycles).toEqual([]);
});

function onlyTypes(names: string): boolean {
  const braces = /^\s*\{([^}]*)\}\s*$/.exec(names)?.[1];
  if (braces === undefined) return false;
  const parts = braces.split(',').map((part) => part.trim());
  return parts.filter((part) => part !== '').every((part) => part.startsWith('type '));
}

function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): string[] | null => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return null;
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next);
      if (cycle !== null) return cycle;
    }
    path.pop();
    done.add(node);
    return null;
  };
  for (const node of graph.keys()) {
    const cycle = visit(node);
    if (cycle !== null) return cycle;
  }
  return null;
}
