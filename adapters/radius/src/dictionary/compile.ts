import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DictionarySource, parseDictionaries } from './parse.ts';
import { writeTable } from './table.ts';

/** Vendors whose dictionaries are compiled besides every `dictionary.rfc*`. Redback lives in `ericsson.ab`. */
const vendorFiles = [
  'iana',
  'alcatel-lucent.aaa',
  'alcatel.sr',
  'ascend',
  'cambium',
  'chillispot',
  'cisco',
  'cisco.asa',
  'cisco.bbsm',
  'ericsson',
  'ericsson.ab',
  'ericsson.packet.core.networks',
  'erx',
  'h3c',
  'huawei',
  'juniper',
  'microsoft',
  'mikrotik',
  'mimosa',
  'motorola',
  'nokia',
  'wispr',
  'zte',
];

/** The dictionary files of a folder that the table is made of, in the order they are read. */
export function standardSources(folder: string): readonly DictionarySource[] {
  const rfc = readdirSync(folder)
    .filter((file) => /^dictionary\.rfc\d+$/.test(file))
    .sort();
  const vendors = vendorFiles.map((name) => `dictionary.${name}`);
  return [...rfc, ...vendors].map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') }));
}

if (import.meta.main) {
  const folder = process.argv[2];
  if (folder === undefined) {
    process.stderr.write('usage: compile.ts <folder with FreeRADIUS dictionary files>\n');
    process.exitCode = 1;
  } else {
    const dictionary = parseDictionaries(standardSources(folder));
    writeFileSync(new URL('./table.tsv', import.meta.url), writeTable(dictionary));
    process.stdout.write(`${dictionary.byOid.size} attributes of ${dictionary.vendors.size} vendors\n`);
  }
}
