import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  type DictionaryAddition,
  DictionaryError,
  type DictionarySource,
  extendDictionary,
  standardDictionary,
} from '@dotmac/radius';
import { CommandError, UsageError } from './command.ts';

/**
 * `dotmac radius dictionary check <file…>`: what dictionaries would add to ours, each on top of those before it, or the line
 * that cannot stand and why. Needs nothing that runs.
 */
export async function dictionaryReport(
  [word, ...files]: readonly string[],
  asJson: boolean,
): Promise<string> {
  if (word !== 'check' || files.length === 0)
    throw new UsageError('radius dictionary needs files to check: radius dictionary check dictionary.acme');
  const sources = await Promise.all(files.map(sourceOf));
  const { additions } = extended(sources);
  return asJson
    ? additions.map((one) => `${JSON.stringify(shown(one))}\n`).join('')
    : additions.map(told).join('\n');
}

async function sourceOf(file: string): Promise<DictionarySource> {
  try {
    return { file: basename(file), text: await readFile(file, 'utf8') };
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

function extended(sources: readonly DictionarySource[]) {
  try {
    return extendDictionary(standardDictionary(), sources);
  } catch (error) {
    throw error instanceof DictionaryError ? new CommandError(error.message) : error;
  }
}

function shown({ file, vendors, attributes, values }: DictionaryAddition) {
  return {
    file,
    vendors: vendors.map(({ name, number }) => ({ name, number })),
    attributes: attributes.map(({ name, oid, type }) => ({ name, oid, type })),
    values,
  };
}

function told({ file, vendors, attributes, values }: DictionaryAddition): string {
  const head = `${file} adds ${attributes.length} attributes, ${values} names of values`;
  const lines = [
    ...vendors.map(({ name, number }) => `  vendor ${name} ${number}`),
    ...attributes.map(({ name, oid, type }) => `  ${name.padEnd(40)} ${oid.padEnd(20)} ${type}`),
  ];
  return `${[head, ...lines].join('\n')}\n`;
}
