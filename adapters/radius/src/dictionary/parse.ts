import {
  type AttributeDataType,
  type AttributeDefinition,
  attributeDataTypes,
  type Dictionary,
  DictionaryBuilder,
  type Encryption,
} from './dictionary.ts';

/** A line of a dictionary that cannot be understood. */
export class DictionaryError extends Error {
  override readonly name = 'DictionaryError';
  readonly file: string;
  readonly line: number;

  constructor(file: string, line: number, message: string) {
    super(`${file}:${line}: ${message}`);
    this.file = file;
    this.line = line;
  }
}

export interface DictionarySource {
  readonly file: string;
  readonly text: string;
}

const typeAliases: Readonly<Record<string, AttributeDataType>> = {
  uint16: 'short',
  uint32: 'integer',
  uint64: 'integer64',
  uint8: 'byte',
  ipv4addr: 'ipaddr',
};

/**
 * Reads dictionaries in FreeRADIUS 3 syntax, on top of `base` when given. VALUEs may come before their ATTRIBUTE and
 * in another file. Attributes that never travel (flag `virtual`, numbers above the wire's) are left out.
 * Throws `DictionaryError` naming file and line.
 */
export function parseDictionaries(sources: readonly DictionarySource[], base?: Dictionary): Dictionary {
  const builder = new DictionaryBuilder(base);
  const values: PendingValue[] = [];
  const leftOut = new Set<string>();
  for (const source of sources) parseFile(source, builder, values, leftOut);
  for (const value of values) {
    if (
      !builder.addValue(value.attribute, value.name, value.number) &&
      !leftOut.has(value.attribute.toLowerCase())
    )
      throw new DictionaryError(
        value.file,
        value.line,
        `VALUE for the unknown attribute "${value.attribute}"`,
      );
  }
  return builder.build();
}

/** Adds dictionary text of an operator to a dictionary; the base stays as it is. */
export function extendDictionary(base: Dictionary, text: string, file = 'dictionary'): Dictionary {
  return parseDictionaries([{ file, text }], base);
}

interface PendingValue {
  readonly file: string;
  readonly line: number;
  readonly attribute: string;
  readonly name: string;
  readonly number: bigint;
}

function parseFile(
  source: DictionarySource,
  builder: DictionaryBuilder,
  values: PendingValue[],
  leftOut: Set<string>,
): void {
  /** What BEGIN-VENDOR and BEGIN-TLV put before the numbers that follow. */
  const prefixes: (readonly number[])[] = [[]];
  const prefix = () => prefixes.at(-1) as readonly number[];
  source.text.split('\n').forEach((raw, index) => {
    const line = index + 1;
    const fail = (message: string) => new DictionaryError(source.file, line, message);
    const words = raw.replace(/#.*$/, '').trim().split(/\s+/);
    const [keyword = '', first, second, third, ...rest] = words;
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
      case '$INCLUDE':
      case '$INCLUDE-':
        return;
      case 'VENDOR': {
        const number = parseNumber(need(second, 'number'));
        if (number === null) throw fail(`"${second}" is not a vendor number`);
        builder.addVendor({
          number: Number(number),
          name: need(first, 'name'),
          ...vendorFormat(third, fail),
        });
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
        builder.addAttribute({
          name,
          path,
          type,
          length,
          hasTag: flags.includes('has_tag'),
          encrypt: encrypt as Encryption,
          concat: flags.includes('concat'),
          array: flags.includes('array'),
        });
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

function parseNumber(text: string): bigint | null {
  return /^(\d+|0x[0-9a-f]+)$/i.test(text) ? BigInt(text) : null;
}

function parseType(
  text: string,
  fail: (message: string) => DictionaryError,
): { type: AttributeDataType; length: number | null } {
  const match = /^([a-z0-9-]+)(?:\[(\d+)\])?$/i.exec(text);
  const word = match?.[1]?.toLowerCase() ?? '';
  const type = typeAliases[word] ?? attributeDataTypes.find((known) => known === word);
  if (type === undefined) throw fail(`unknown type "${text}"; known are ${attributeDataTypes.join(', ')}`);
  return { type, length: match?.[2] === undefined ? null : Number(match[2]) };
}

function vendorFormat(
  text: string | undefined,
  fail: (message: string) => DictionaryError,
): { typeOctets: 1 | 2 | 4; lengthOctets: 0 | 1 | 2; continuation: boolean } {
  if (text === undefined) return { typeOctets: 1, lengthOctets: 1, continuation: false };
  const match = /^format=([124]),([012])(,c)?$/.exec(text);
  if (match === null)
    throw fail(`"${text}" is not a vendor format; right is format=1,1 with type 1|2|4 and length 0|1|2`);
  return {
    typeOctets: Number(match[1]) as 1 | 2 | 4,
    lengthOctets: Number(match[2]) as 0 | 1 | 2,
    continuation: match[3] !== undefined,
  };
}
