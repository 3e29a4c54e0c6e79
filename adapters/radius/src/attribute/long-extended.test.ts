import { describe, expect, test } from 'vitest';
import { extendDictionary } from '../dictionary/extend.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { decodeAttributes } from './decode.ts';
import { encodeAttributes } from './encode.ts';

/** Layouts by RFC 6929 §2.2 and §2.4, worked by hand; FreeRADIUS holds the same ones in its tests of the format. */
const { dictionary } = extendDictionary(standardDictionary(), [
  {
    file: 'dictionary',
    text: `
ATTRIBUTE Long-Octets 245.1 octets
ATTRIBUTE Long-Text 246.9 string
ATTRIBUTE Long-Group 245.2 tlv
ATTRIBUTE Long-Group-Number 245.2.1 integer
VENDOR Forks 60005
BEGIN-VENDOR Forks parent=Extended-Vendor-Specific-5
ATTRIBUTE Forks-Octets 6 octets
END-VENDOR Forks
`,
  },
]);
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const filled = (octets: number, octet: number) => Buffer.alloc(octets, octet);
/** 60005 is 0x0000ea65. */
const forks = hex('00 00 ea 65 06');

describe('golden octets, both ways', () => {
  test.each<[string, string, Buffer | string, Buffer]>([
    ['one fragment has no More flag', 'Long-Octets', hex('62 6f 62'), hex('f5 07 01 00 62 6f 62')],
    [
      '251 octets fill one fragment',
      'Long-Octets',
      filled(251, 0xaa),
      Buffer.concat([hex('f5 ff 01 00'), filled(251, 0xaa)]),
    ],
    [
      '252 octets: the first says that More follows, the second repeats type and extended type',
      'Long-Octets',
      Buffer.concat([filled(251, 0xaa), hex('bb')]),
      Buffer.concat([hex('f5 ff 01 80'), filled(251, 0xaa), hex('f5 05 01 00 bb')]),
    ],
    [
      'three fragments of the other type of long attributes',
      'Long-Text',
      'x'.repeat(504),
      Buffer.concat([
        hex('f6 ff 09 80'),
        filled(251, 0x78),
        hex('f6 ff 09 80'),
        filled(251, 0x78),
        hex('f6 06 09 00 78 78'),
      ]),
    ],
    [
      'a vendor: Vendor-Id and its type once only, in front of the first fragment',
      'Forks-Octets',
      Buffer.concat([filled(246, 0xcc), hex('01 02 03')]),
      Buffer.concat([hex('f5 ff 1a 80'), forks, filled(246, 0xcc), hex('f5 07 1a 00 01 02 03')]),
    ],
    [
      'a vendor in one fragment',
      'Forks-Octets',
      hex('de ad'),
      Buffer.concat([hex('f5 0b 1a 00'), forks, hex('de ad')]),
    ],
  ])('%s', (_what, name, value, octets) => {
    expect(Buffer.from(encodeAttributes(dictionary, [{ name, value }]))).toEqual(octets);
    const decoded = decodeAttributes(octets, dictionary);
    expect(decoded.map((attribute) => attribute.name)).toEqual([name]);
    const [{ value: back } = { value: null }] = decoded;
    expect(back instanceof Uint8Array ? Buffer.from(back) : back).toEqual(value);
  });

  test('members that together pass 253 octets', () => {
    // 50 TLVs of 6 octets.
    const value = Array.from({ length: 50 }, (_, index) => ({ name: 'Long-Group-Number', value: index }));
    const members = Buffer.concat(
      value.map((_, index) => Buffer.concat([hex('01 06 00 00 00'), Buffer.of(index)])),
    );
    const octets = Buffer.concat([
      hex('f5 ff 02 80'),
      members.subarray(0, 251),
      hex('f5 35 02 00'),
      members.subarray(251),
    ]);
    expect(Buffer.from(encodeAttributes(dictionary, [{ name: 'Long-Group', value }]))).toEqual(octets);
    expect(decodeAttributes(octets, dictionary)).toMatchObject([{ name: 'Long-Group', value }]);
  });
});

describe('fragments that a peer has cut otherwise', () => {
  test('short ones are joined; the Vendor-Id may itself be cut', () => {
    const short = hex('f5 05 01 80 01 f5 05 01 80 02 f5 05 01 00 03');
    expect(decodeAttributes(short, dictionary)).toMatchObject([
      { name: 'Long-Octets', value: hex('01 02 03') },
    ]);
    const vendor = hex('f5 06 1a 80 00 00 f5 08 1a 00 ea 65 06 07');
    expect(decodeAttributes(vendor, dictionary)).toMatchObject([{ name: 'Forks-Octets', value: hex('07') }]);
  });

  test('without the More flag, or of another extended type, the next is an attribute of its own', () => {
    const two = hex('f5 05 01 00 01 f5 05 01 00 02');
    expect(decodeAttributes(two, dictionary)).toMatchObject([{ value: hex('01') }, { value: hex('02') }]);
    const other = hex('f5 05 01 80 01 f6 05 09 00 78 01 05 62 6f 62');
    expect(decodeAttributes(other, dictionary)).toMatchObject([
      { name: 'Long-Octets', value: hex('01') },
      { name: 'Long-Text', value: 'x' },
      { name: 'User-Name', value: 'bob' },
    ]);
  });

  test('one without flags, or with too little of a vendor, is kept as it came', () => {
    expect(decodeAttributes(hex('f5 03 01'), dictionary)).toMatchObject([
      { name: 'Attr-245', value: hex('01'), undecoded: 'MALFORMED' },
    ]);
    expect(decodeAttributes(hex('f5 07 1a 00 00 00 01'), dictionary)).toMatchObject([
      { name: 'Attr-245.26', value: hex('00 00 01'), undecoded: 'MALFORMED' },
    ]);
  });
});
