import table from './enterprises.json' with { type: 'json' };
import { systemRules } from './systems.ts';

let names: RegExp | null = null;

/** Names too common in descriptions of other makers' boxes, or that are words. */
const COMMON: ReadonlySet<string> = new Set([
  'ict',
  'ge',
  'net',
  'fs',
  'alpha',
  'pulse',
  'sun',
  'bats',
  'linux',
]);

/**
 * The maker a description begins with, among those that DotMac knows by name: `HP Comware` on a box that reports H3C's
 * number is HP's, and `Teleste Luminato` under the number of who built it Teleste's. Null when it begins otherwise.
 */
export function makerInText(sysDescr: string | null): string | null {
  if (sysDescr === null) return null;
  names ??= pattern();
  const found = names.exec(sysDescr)?.[1];
  return found === undefined ? null : (spelling.get(found.toLowerCase()) ?? found);
}

const spelling = new Map<string, string>();

function pattern(): RegExp {
  const known = [...Object.values(table), ...systemRules.flatMap(({ vendor }) => vendor ?? [])];
  for (const name of known) if (!COMMON.has(name.toLowerCase())) spelling.set(name.toLowerCase(), name);
  const longestFirst = [...spelling.keys()].sort((a, b) => b.length - a.length);
  const escaped = longestFirst.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^[\\s"\\\\]*(${escaped.join('|')})(?![\\w-])`, 'i');
}
