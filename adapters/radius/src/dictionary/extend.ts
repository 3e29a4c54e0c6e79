import {
  type AttributeDefinition,
  type Dictionary,
  DictionaryBuilder,
  type VendorDefinition,
} from './dictionary.ts';
import { extensionRules } from './extension-rules.ts';
import { DictionaryError, type DictionarySource, readDictionaries } from './parse.ts';

/** What a source adds to what was known before it. */
export interface DictionaryAddition {
  readonly file: string;
  readonly vendors: readonly VendorDefinition[];
  readonly attributes: readonly AttributeDefinition[];
  /** Names of values, also of attributes that were known. */
  readonly values: number;
}

export interface ExtendedDictionary {
  readonly dictionary: Dictionary;
  /** By source, in their order. */
  readonly additions: readonly DictionaryAddition[];
}

/**
 * Adds an operator's dictionaries in FreeRADIUS 3 syntax, each on top of those before it; the base stays as it is. What is
 * there already may be said again, and never be given another meaning. Throws `DictionaryError` naming source and line.
 */
export function extendDictionary(base: Dictionary, sources: readonly DictionarySource[]): ExtendedDictionary {
  const builder = new DictionaryBuilder(base);
  const dictionary = builder.build();
  const additions = sources.map((source): DictionaryAddition => {
    refuseControls(source);
    const before = builder.counts;
    readDictionaries([source], builder, extensionRules(builder));
    return {
      file: source.file,
      vendors: [...dictionary.vendors.values()].slice(before.vendors),
      attributes: [...dictionary.entries()].slice(before.attributes),
      values: builder.counts.values - before.values,
    };
  });
  return { dictionary, additions };
}

function refuseControls({ file, text }: DictionarySource): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  const at = text.search(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/);
  if (at < 0) return;
  const code = text.charCodeAt(at).toString(16).padStart(4, '0');
  throw new DictionaryError(
    file,
    text.slice(0, at).split('\n').length,
    `U+${code} is no character of a text`,
  );
}
