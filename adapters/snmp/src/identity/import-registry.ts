/**
 * Writes `iana-enterprises.txt` from the registry of private enterprise numbers
 * (https://www.iana.org/assignments/enterprise-numbers): reads lines of `number<TAB>name` from standard input,
 * such as the `enterprises.tsv` that Wireshark's data package carries, and prints one name per line; the number is
 * the number of the line, counted from 0, and an empty line is a number without a maker.
 */
import { readFileSync } from 'node:fs';
import { makerName } from './maker-name.ts';

/** The table's text from the registry's. Lines that are no entry are skipped. */
export function tableOf(registry: string): string {
  const names: string[] = [];
  for (const line of registry.split('\n')) {
    const entry = /^(\d+)\s+(\S.*)$/.exec(line);
    if (entry?.[1] !== undefined && entry[2] !== undefined)
      names[Number(entry[1])] = makerName(entry[2]) ?? '';
  }
  return `${Array.from(names, (name) => name ?? '').join('\n')}\n`;
}

if (import.meta.main) process.stdout.write(tableOf(readFileSync(0, 'utf8')));
