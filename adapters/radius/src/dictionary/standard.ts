import { readFileSync } from 'node:fs';
import type { Dictionary } from './dictionary.ts';
import { readTable } from './table.ts';

let loaded: Dictionary | undefined;

/** The dictionary DotMac carries: IETF and the vendors of `compile.ts`. Read once, at first use. */
export function standardDictionary(): Dictionary {
  loaded ??= readTable(readFileSync(new URL('./table.tsv', import.meta.url), 'utf8'));
  return loaded;
}
