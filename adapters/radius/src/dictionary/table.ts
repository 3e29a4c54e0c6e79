import { type AttributeDataType, type Dictionary, DictionaryBuilder, type Encryption } from './dictionary.ts';

/**
 * The compact form a dictionary is kept in, one fact a line, fields apart by tabs:
 *
 *     V number name format          vendor
 *     A oid name type[length] flags attribute
 *     = number name                 value of the attribute above
 */
export function writeTable(dictionary: Dictionary): string {
  const lines: string[] = [];
  for (const vendor of dictionary.vendors.values()) {
    const format = `${vendor.typeOctets},${vendor.lengthOctets}${vendor.continuation ? ',c' : ''}`;
    lines.push(['V', vendor.number, vendor.name, format].join('\t'));
  }
  const written = new Set<string>();
  for (const attribute of dictionary.entries()) {
    const flags = [
      attribute.hasTag ? 'tag' : '',
      attribute.encrypt > 0 ? `encrypt${attribute.encrypt}` : '',
      attribute.concat ? 'concat' : '',
      attribute.array ? 'array' : '',
    ].filter((flag) => flag !== '');
    const type = attribute.length === null ? attribute.type : `${attribute.type}[${attribute.length}]`;
    lines.push(['A', attribute.oid, attribute.name, type, ...flags].join('\t'));
    if (written.has(attribute.oid)) continue;
    written.add(attribute.oid);
    for (const [number, name] of attribute.valueNames) lines.push(`=\t${number}\t${name}`);
    for (const [alias, number] of attribute.valueNumbers)
      if (attribute.valueNames.get(number)?.toLowerCase() !== alias) lines.push(`=\t${number}\t${alias}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Reads what `writeTable` wrote. */
export function readTable(text: string): Dictionary {
  const builder = new DictionaryBuilder();
  let attribute = '';
  for (const line of text.split('\n')) {
    const fields = line.split('\t');
    const [kind, first = '', second = '', third = ''] = fields;
    if (kind === 'V') {
      const [typeOctets, lengthOctets, continuation] = third.split(',');
      builder.addVendor({
        number: Number(first),
        name: second,
        typeOctets: Number(typeOctets) as 1 | 2 | 4,
        lengthOctets: Number(lengthOctets) as 0 | 1 | 2,
        continuation: continuation === 'c',
      });
    } else if (kind === 'A') {
      const flags = fields.slice(4);
      const [type = '', length] = third.split(/[[\]]/);
      attribute = second;
      builder.addAttribute({
        name: second,
        path: first.split('.').map(Number),
        type: type as AttributeDataType,
        length: length === undefined ? null : Number(length),
        hasTag: flags.includes('tag'),
        encrypt: Number(flags.find((flag) => flag.startsWith('encrypt'))?.slice(7) ?? 0) as Encryption,
        concat: flags.includes('concat'),
        array: flags.includes('array'),
      });
    } else if (kind === '=') builder.addValue(attribute, second, BigInt(first));
  }
  return builder.build();
}
