import {
  type AttributeDefinition,
  type Dictionary,
  DictionaryBuilder,
  type Encryption,
  type NewAttribute,
  type VendorDefinition,
} from './dictionary.ts';
import { parseNumber, parseType, vendorFormat } from './words.ts';

/** A line of a dictionary that cannot be understood. */
export class DictionaryError extends Error {
  override readonly name = 'DictionaryError';
  readonly file: string;
  readonly line: number;
  /** What is wrong with it, without the place. */
  readonly reason: string;

  constructor(file: string, line: number, reason: string) {
    super(`${file}:${line}: ${reason}`);
    this.file = file;
    this.line = line;
    this.reason = reason;
  }
}

export interface DictionarySource {
  readonly file: string;
  readonly text: string;
}

/** What may be defined: each says why one may not stand, null when it may. */
export interface DefinitionRules {
  vendor(vendor: VendorDefinition): string | null;
  attribute(attribute: NewAttribute): string | null;
  value(value: NewValue): string | null;
  /** Why no other file is included; null: an include is passed over. */
  readonly include: string | null;
}

interface NewValue {
  readonly attribute: string;
  readonly name: string;
  readonly number: bigint;
}

const noRules: DefinitionRules = {
  vendor: () => null,
  attribute: () => null,
  value: () => null,
  include: null,
};

/**
 * Reads dictionaries in FreeRADIUS 3 syntax, on top of `base` when given. VALUEs may come before their ATTRIBUTE and
 * in another file. Attributes that never travel (flag `virtual`, numbers above the wire's) are left out.
 * Throws `DictionaryError` naming file and line.
 */
export function parseDictionaries(sources: readonly DictionarySource[], base?: Dictionary): Dictionary {
  const builder = new DictionaryBuilder(base);
  readDictionaries(sources, builder);
  return builder.build();
}

/** Reads dictionaries that may speak of each other into a builder. Throws as `parseDictionaries` does. */
export function readDictionaries(
  sources: readonly DictionarySource[],
  builder: DictionaryBuilder,
  rules: DefinitionRules = noRules,
): void {
  const values: PendingValue[] = [];
  const leftOut = new Set<string>();
  for (const source of sources) parseFile(source, builder, values, leftOut, rules);
  for (const value of values) {
    if (leftOut.has(value.attribute.toLowerCase())) continue;
    const wrong =
      builder.attribute(value.attribute) === undefined
        ? `VALUE for the unknown attribute "${value.attribute}"`
        : rules.value(value);
    if (wrong !== null) throw new DictionaryError(value.file, value.line, wrong);
    builder.addValue(value.attribute, value.name, value.number);
  }
}

interface PendingValue extends NewValue {
  readonly file: string;
  readonly line: number;
}

function parseFile(
  source: DictionarySource,
  builder: DictionaryBuilder,
  values: PendingValue[],
  leftOut: Set<string>,
  rules: DefinitionRules,
): void {
  /** What BEGIN-VENDOR and BEGIN-TLV put before the numbers that follow. */
  const prefixes: (readonly number[])[] = [[]];
  const prefix = () => prefixes.at(-1) as readonly number[];
  source.text.split('\n').forEach((raw, index) => {
    const line = index + 1;
    const fail = (message: string) => new DictionaryError(source.file, line, message);
    const words = raw.replace(/#.*$/, '').trim().split(/\s+/);
    const [keyword = '', first, second, third, ...rest] = words;
    const obey = (wrong: string | null) => {
      if (wrong !== null) throw fail(wrong);
    };
    const need = (value: string | undefined, what: string): string => {
      if (value === undefined) throw fail(`${keyword} lacks its ${what}`);
      return value;
    };
    const attributeNamed = (name: string): AttributeDefinition => {
      const definition = builder.attribute(name);
      if (definition === undefined) throw fail(`unknown attribute "${name}"`);
      return definition;
    };
    switch (keyword.toUpperCase()) {
      case '':
        return;
      case '$INCLUDE':
      case '$INCLUDE-':
        obey(rules.include);
        return;
      case 'VENDOR': {
        const number = parseNumber(need(second, 'number'));
        if (number === null) throw fail(`"${second}" is not a vendor number`);
        const vendor = { number: Number(number), name: need(first, 'name'), ...vendorFormat(third, fail) };
        obey(rules.vendor(vendor));
        builder.addVendor(vendor);
        return;
      }
      case 'BEGIN-VENDOR': {
        const vendor = builder.vendor(need(first, 'vendor'));
        if (vendor === undefined) throw fail(`unknown vendor "${first}"`);
        const parent = second?.match(/^(?:format|parent)=(.+)$/)?.[1];
        prefixes.push([...(parent === undefined ? [26] : attributeNamed(parent).path), vendor.number]);
        return;
      }
      case 'BEGIN-TLV':
        prefixes.push(attributeNamed(need(first, 'attribute')).path);
        return;
      case 'END-VENDOR':
      case 'END-TLV':
        if (prefixes.length === 1) throw fail(`${keyword} without its beginning`);
        prefixes.pop();
        return;
      case 'ATTRIBUTE': {
        const name = need(first, 'name');
        const numbers = need(second, 'number').split('.').map(parseNumber);
        if (numbers.includes(null)) throw fail(`"${second}" is not an attribute number`);
        const path = [...prefix(), ...numbers.map(Number)];
        const { type, length } = parseType(need(third, 'type'), fail);
        const flags = rest
          .join(',')
          .split(',')
          .filter((flag) => flag !== '');
        if (flags.includes('virtual') || (path.length === 1 && (path[0] as number) > 255)) {
          leftOut.add(name.toLowerCase());
          return;
        }
        const encrypt = Number(flags.find((flag) => flag.startsWith('encrypt='))?.slice(8) ?? 0);
        if (![0, 1, 2, 3].includes(encrypt)) throw fail(`encrypt=${encrypt} is not 1, 2 or 3`);
        const attribute = {
          name,
          path,
          type,
          length,
          hasTag: flags.includes('has_tag'),
          encrypt: encrypt as Encryption,
          concat: flags.includes('concat'),
          array: flags.includes('array'),
        };
        obey(rules.attribute(attribute));
        builder.addAttribute(attribute);
        return;
      }
      case 'VALUE': {
        const number = parseNumber(need(third, 'number'));
        if (number === null) throw fail(`"${third}" is not a number`);
        values.push({
          file: source.file,
          line,
          attribute: need(first, 'attribute'),
          name: need(second, 'name'),
          number,
        });
        return;
      }
      default:
        throw fail(
          `unknown keyword "${keyword}"; known are ATTRIBUTE, VALUE, VENDOR, BEGIN-VENDOR, BEGIN-TLV and their ends`,
        );
    }
  });
  if (prefixes.length > 1)
    throw new DictionaryError(
      source.file,
      source.text.split('\n').length,
      'a BEGIN-VENDOR or BEGIN-TLV has no end',
    );
}
