import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeAttributes } from '../attribute/decode.ts';
import { encodeAttributes } from '../attribute/encode.ts';
import { extendDictionary } from './extend.ts';
import { LiveDictionary } from './live.ts';
import { DictionaryError } from './parse.ts';
import { standardDictionary } from './standard.ts';

const base = standardDictionary();
const extend = (text: string, ...more: string[]) =>
  extendDictionary(
    base,
    [text, ...more].map((one, index) => ({ file: index === 0 ? 'dictionary' : `more-${index}`, text: one })),
  );
const acme = `VENDOR Acme 60009
BEGIN-VENDOR Acme
ATTRIBUTE Acme-Level 0x10 integer # comment
VALUE Acme-Level High 0x2
ATTRIBUTE Acme-Grade 0x10 integer
END-VENDOR Acme
`;

test('an operator adds a dictionary at run time; the standard one stays as it is', () => {
  const { dictionary, additions } = extend(acme);
  expect(dictionary.attribute('Acme-Level')).toMatchObject({ oid: '26.60009.16' });
  expect(dictionary.attribute('Acme-Level')?.valueNames.get(2n)).toBe('High');
  expect(dictionary.attribute('User-Name')?.oid).toBe('1');
  expect(base.attribute('Acme-Level')).toBeUndefined();
  expect(base.vendors.has(60_009)).toBe(false);
  expect(additions).toMatchObject([
    {
      vendors: [{ name: 'Acme', number: 60_009 }],
      attributes: [{ name: 'Acme-Level' }, { name: 'Acme-Grade' }],
      values: 1,
    },
  ]);
});

test('one stands on those before it; what is known may be said again and adds nothing', () => {
  const further =
    'BEGIN-VENDOR acme\r\nATTRIBUTE Acme-Zone 17 string\r\nEND-VENDOR acme\r\nVALUE acme-level Low 1\r\n';
  const { dictionary, additions } = extend(acme, acme, further);
  expect(additions.slice(1)).toMatchObject([
    { vendors: [], attributes: [], values: 0 },
    { vendors: [], attributes: [{ oid: '26.60009.17' }], values: 1 },
  ]);
  expect(dictionary.attribute('acme-level')?.valueNumbers.get('low')).toBe(1n);
});

test('names of the standard attributes stay theirs, new values of theirs are added', () => {
  const { dictionary } = extend('VALUE Service-Type Acme-Login 60009');
  expect(dictionary.attribute('Service-Type')?.valueNames.get(60_009n)).toBe('Acme-Login');
  expect(base.attribute('Service-Type')?.valueNames.has(60_009n)).toBe(false);
});

const vendor = 'VENDOR Acme 60009\nBEGIN-VENDOR Acme\n';
test.each([
  ['ATTRIBUTE X 1 strnig', 1, 'unknown type "strnig"'],
  ['ATTRIBUTE X', 1, 'ATTRIBUTE lacks its number'],
  ['ATTRIBUTE X one string', 1, '"one" is not an attribute number'],
  ['\nATTRIBUT X 1 string', 2, 'unknown keyword "ATTRIBUT"'],
  ['BEGIN-VENDOR Nobody', 1, 'unknown vendor "Nobody"'],
  ['\n\nVALUE No-Such Yes 1', 3, 'VALUE for the unknown attribute "No-Such"'],
  ['VENDOR Acme 1 format=3,1', 1, '"format=3,1" is not a vendor format'],
  ['VENDOR Acme 60009\nBEGIN-VENDOR Acme\n', 3, 'has no end'],
  ['# first\n$INCLUDE dictionary.other', 2, '$INCLUDE is not supported'],
  ['# \n# \0', 2, 'U+0000'],
  // Another meaning for what exists.
  ['VENDOR Mikrotik 60009', 1, 'vendor "Mikrotik" is 14988 already'],
  ['VENDOR Acme 14988', 1, 'vendor 14988 is "Mikrotik" already'],
  ['VENDOR Mikrotik 14988 format=2,1', 1, 'has the format 1,1 already'],
  ['ATTRIBUTE User-Name 250 string', 1, '"User-Name" is 1 already'],
  ['ATTRIBUTE Login 1 string', 1, '1 is "User-Name" already'],
  ['ATTRIBUTE User-Password 2 string', 1, 'with the type string encrypt=1, not string'],
  [`${vendor}ATTRIBUTE A 1 string\nATTRIBUTE B 1 integer\nEND-VENDOR Acme`, 4, 'is "A" already'],
  ['VALUE Service-Type Framed-User 9', 1, '"Framed-User" of "Service-Type" is 2 already'],
  ['VALUE Service-Type Acme-User 2', 1, 'is "Framed-User" already'],
  // What cannot be on the wire.
  ['VENDOR Acme 0', 1, 'is not 1 to'],
  ['VENDOR Acme 16777216', 1, 'is not 1 to'],
  [`${vendor}ATTRIBUTE A 256 string`, 3, 'does not fit the 1 octets'],
  [`${vendor}ATTRIBUTE A 1.2 string`, 3, 'lies in 26.60009.1, which is not known'],
  [`${vendor}ATTRIBUTE A 1 string\nATTRIBUTE B 1.2 string`, 4, 'which is string and holds no attributes'],
  [`${vendor}ATTRIBUTE A 1 tlv\nATTRIBUTE B 1.2 string encrypt=2`, 4, 'cannot be encrypted'],
  ['ATTRIBUTE A 26.60009 string', 1, "is a vendor's number"],
  ['ATTRIBUTE A 26.60009.1 string', 1, 'of a vendor that is not known'],
  ['ATTRIBUTE A 250 vsa', 1, 'how RADIUS itself is built'],
  ['ATTRIBUTE A 250 string[0]', 1, 'n from 1 to 253'],
  ['ATTRIBUTE A 250 integer[2]', 1, 'has no length'],
  ['ATTRIBUTE A 250 byte\nVALUE A Much 256', 2, 'does not fit the 8 bits'],
  ['ATTRIBUTE A 250 string\nVALUE A Much 2', 2, 'its values have no names'],
  ['ATTRIBUTE Attr-250 250 string', 1, 'how an attribute without a name is shown'],
  ['ATTRIBUTE Ä 250 string', 1, 'is no name'],
])('%o is refused in line %i', (text, line, reason) => {
  const error = (() => {
    try {
      return extend(text);
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toBeInstanceOf(DictionaryError);
  expect(error).toMatchObject({ file: 'dictionary', line, reason: expect.stringContaining(reason) });
});

const word = fc.constantFrom(
  ...['VENDOR', 'BEGIN-VENDOR', 'END-VENDOR', 'BEGIN-TLV', 'END-TLV', 'ATTRIBUTE', 'VALUE', '$INCLUDE', '#'],
  ...['Acme', 'A', 'B', 'User-Name', '1', '2', '1.2', '26.9', '250', '0x10', '99999999999', '-1', 'string'],
  ...['integer', 'tlv', 'octets[4]', 'extended', 'has_tag', 'encrypt=2', 'array', 'format=2,1', 'format=4,0'],
);
const lines = fc.array(fc.array(word, { maxLength: 5 }), { maxLength: 12 });

test('whatever is sent is taken or refused by line; what was known keeps its meaning', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        lines,
        fc.string().map((text) => [[text]]),
      ),
      (given) => {
        const text = given.map((words) => words.join(' ')).join('\n');
        try {
          const { dictionary } = extend(text);
          for (const [oid, { name, type, encrypt }] of base.byOid)
            expect(dictionary.byOid.get(oid)).toMatchObject({ name, type, encrypt });
        } catch (error) {
          if (!(error instanceof DictionaryError)) throw error;
          expect(error.line).toBeGreaterThan(0);
        }
      },
    ),
    { numRuns: 50 },
  );
});

test('what was decoded with an added dictionary is encoded to the same octets, whatever a NAS sends', () => {
  const { dictionary } = extend(`VENDOR Acme 60009
BEGIN-VENDOR Acme
ATTRIBUTE A-String 1 string
ATTRIBUTE A-Number 2 integer
ATTRIBUTE A-Address 3 ipaddr
ATTRIBUTE A-Nest 4 tlv
ATTRIBUTE A-Inner 4.1 short
ATTRIBUTE A-List 5 short array
END-VENDOR Acme
`);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.uint8Array({ maxLength: 20 }), (type, content) => {
      const size = content.length;
      const block = Buffer.from([26, 8 + size, 0, 0, 60_009 >> 8, 60_009 & 0xff, type, 2 + size, ...content]);
      const decoded = decodeAttributes(block, dictionary);
      const again = encodeAttributes(dictionary, decoded);
      expect(decodeAttributes(again, dictionary)).toEqual(decoded);
    }),
  );
});

test('who holds a live dictionary sees the next one; what was named before can still be sent', () => {
  const live = new LiveDictionary(base);
  const block = Buffer.from([26, 12, 0, 0, 60_009 >> 8, 60_009 & 0xff, 16, 6, 0, 0, 0, 2]);
  const name = () => decodeAttributes(block, live)[0]?.name;
  expect(name()).toBe('Attr-26.60009.16');
  live.use(extend(acme).dictionary);
  expect(name()).toBe('Acme-Level');
  const underWay = decodeAttributes(block, live);
  live.use(base);
  expect(name()).toBe('Attr-26.60009.16');
  expect(Buffer.from(encodeAttributes(live, underWay))).toEqual(block);
});

const packaged = ['aerohive', 'aruba', 'fortinet', 'mikrotik', 'rfc2865'].map(
  (name) => `/usr/share/freeradius/dictionary.${name}`,
);
test.skipIf(!packaged.every((file) => existsSync(file)))('files as Debian packages them are taken', () => {
  const texts = packaged.map((file) => readFileSync(file, 'utf8'));
  const { additions } = extend(texts[0] ?? '', ...texts.slice(1));
  expect(additions.map(({ attributes }) => attributes.length > 0)).toEqual([
    ...[true, true, true],
    ...[false, false],
  ]);
});
