import { readdir } from 'node:fs/promises';
import { createReport, type Report } from './report.ts';

/** What a file of a benchmark's folder exports to be run; files without it are parts of others. */
interface Bench {
  readonly run?: (report: Report) => Promise<void>;
}

const here = new URL('./', import.meta.url);

/** Runs one benchmark, or all of them when no name is given. */
async function main(name: string | undefined): Promise<void> {
  const entries = await readdir(here, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  if (name !== undefined && !names.includes(name)) {
    throw new Error(`There is no benchmark ${JSON.stringify(name)}; there are: ${names.sort().join(', ')}`);
  }
  for (const bench of name === undefined ? names.sort() : [name]) {
    const folder = new URL(`${bench}/`, here);
    const files = (await readdir(folder))
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .sort();
    for (const file of files) {
      const { run } = (await import(new URL(file, folder).href)) as Bench;
      await run?.(createReport(bench));
    }
  }
}

if (import.meta.main) await main(process.argv[2]);
