import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { extendDictionary } from '../dictionary/extend.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { sharedSecret } from '../packet/shared-secret.ts';
import { decodeAttributes } from './decode.ts';
import { type Attribute, encodeAttributes } from './encode.ts';
import { AttributeError } from './value.ts';

const { dictionary } = extendDictionary(standardDictionary(), [
  {
    file: 'dictionary',
    text: `
VENDOR Wide 60001 format=2,2
BEGIN-VENDOR Wide
ATTRIBUTE Wide-Text 300 string
END-VENDOR Wide
VENDOR Bare 60002 format=4,0
BEGIN-VENDOR Bare
ATTRIBUTE Bare-Number 0x9001 integer
END-VENDOR Bare
VENDOR Continued 60003 format=1,1,c
BEGIN-VENDOR Continued
ATTRIBUTE Continued-Octets 5 octets
ATTRIBUTE Continued-Group 6 tlv
ATTRIBUTE Continued-Group-Name 6.1 string
END-VENDOR Continued
VENDOR Extended 60004
BEGIN-VENDOR Extended parent=Extended-Vendor-Specific-5
ATTRIBUTE Extended-Octets 7 octets
END-VENDOR Extended
ATTRIBUTE Test-Interface-Id 224 ifid
ATTRIBUTE Test-Ether 225 ether
ATTRIBUTE Test-Short 226 short
ATTRIBUTE Test-Signed 227 signed
ATTRIBUTE Test-Ports 228 short array
`,
  },
]);
const encryption = { authenticator: Buffer.alloc(16, 5), secret: sharedSecret('secret') };

/** Encodes, decodes, and encodes again: same octets, same values. */
function roundTrip(attributes: readonly Attribute[]): void {
  let salt = 0x8000;
  const encode = (list: readonly Attribute[]) => {
    salt = 0x8000;
    return Buffer.from(encodeAttributes(dictionary, list, { ...encryption, salt: () => salt++ }));
  };
  const octets = encode(attributes);
  const decoded = decodeAttributes(octets, dictionary, encryption);
  expect(decoded.map(plain)).toEqual(attributes.map(plain));
  expect(encode(decoded)).toEqual(octets);
}

function plain({ name, value, tag }: Attribute): unknown {
  const shown = value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
  return { name, value: Array.isArray(shown) ? shown.map(plain) : shown, tag };
}

const text = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' });
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const hextet = fc.integer({ min: 1, max: 0xffff }).map((value) => value.toString(16));
const any: fc.Arbitrary<Attribute> = fc.oneof(
  text.map((value) => ({ name: 'User-Name', value })),
  text.map((value) => ({ name: 'User-Password', value })),
  uint32.map((value) => ({ name: 'Session-Timeout', value })),
  uint32.map((value) => ({ name: 'Event-Timestamp', value })),
  fc
    .bigInt({ min: 0n, max: 2n ** 64n - 1n })
    .map((value) => ({ name: 'Attr-26.17713.158', value: [{ name: 'Cambium-Authorize-Bytes-Left', value }] }))
    .map(({ value }) => ({ name: 'Cambium-Authorize-Classes', value })),
  fc.ipV4().map((value) => ({ name: 'Framed-IP-Address', value })),
  hextet.map((group) => ({ name: 'Framed-IPv6-Address', value: `2001:db8::${group}` })),
  fc.integer({ min: 0, max: 128 }).map((bits) => ({ name: 'Delegated-IPv6-Prefix', value: `::/${bits}` })),
  hextet.map((group) => ({ name: 'Framed-IPv6-Prefix', value: `2001:db8:${group}::/48` })),
  fc
    .array(hextet, { minLength: 4, maxLength: 4 })
    .map((groups) => ({ name: 'Test-Interface-Id', value: groups.join(':') })),
  fc.constant({ name: 'Test-Ether', value: 'cc:2d:e0:a3:3d:d5' }),
  fc.integer({ min: 0, max: 0xffff }).map((value) => ({ name: 'Test-Short', value })),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map((value) => ({ name: 'Test-Signed', value })),
  fc
    .tuple(fc.integer({ min: 0, max: 31 }), fc.integer({ min: 0, max: 0xffffff }))
    .map(([tag, value]) => ({ name: 'Tunnel-Type', value, tag })),
  fc
    .tuple(fc.integer({ min: 1, max: 31 }), text)
    .map(([tag, value]) => ({ name: 'Tunnel-Password', value, tag })),
  fc
    .tuple(fc.integer({ min: 0, max: 31 }), text)
    .map(([tag, value]) => ({ name: 'ERX-Service-Activate', value, tag })),
  fc.uint8Array({ maxLength: 200 }).map((value) => ({ name: 'MS-MPPE-Recv-Key', value })),
  text.map((value) => ({ name: 'Mikrotik-Rate-Limit', value })),
  text.map((value) => ({ name: 'Wide-Text', value })),
  uint32.map((value) => ({ name: 'Bare-Number', value })),
  fc.uint8Array({ maxLength: 900 }).map((value) => ({ name: 'Continued-Octets', value })),
  text.map((value) => ({ name: 'Continued-Group', value: [{ name: 'Continued-Group-Name', value }] })),
  fc.uint8Array({ maxLength: 900 }).map((value) => ({ name: 'Extended-Octets', value })),
  fc.uint8Array({ maxLength: 900 }).map((value) => ({ name: 'Attr-246.33', value })),
  fc.uint8Array({ maxLength: 240 }).map((value) => ({ name: 'Attr-241.99', value })),
  fc.uint8Array({ minLength: 1, maxLength: 240 }).map((value) => ({ name: 'Attr-26.61000.7', value })),
  uint32.map((value) => ({
    name: 'IP-Port-Range',
    value: [
      { name: 'IP-Port-Range-Range-Start', value },
      { name: 'IP-Port-Range-Range-End', value },
    ],
  })),
);

test('every type: decode after encode is the identity, on values and on octets', () => {
  fc.assert(fc.property(fc.array(any, { minLength: 1, maxLength: 6 }), roundTrip), { numRuns: 400 });
});

test('EAP-Message is split at 253 octets and joined again', () => {
  const value = Buffer.alloc(600, 0x55);
  const octets = encodeAttributes(dictionary, [{ name: 'EAP-Message', value }]);
  expect([octets[1], octets[256], octets[511]]).toEqual([255, 255, 96]);
  expect(decodeAttributes(octets, dictionary)).toMatchObject([{ name: 'EAP-Message', value }]);
});

test('several values of an array attribute, and a shared Vendor-Specific, become attributes of their own', () => {
  expect(decodeAttributes(Buffer.from([228, 6, 0, 1, 0, 2]), dictionary)).toMatchObject([
    { value: 1 },
    { value: 2 },
  ]);
  const shared = Buffer.from([26, 12, 0, 0, 0x3a, 0x8c, 3, 3, 65, 9, 3, 66]);
  expect(decodeAttributes(shared, dictionary)).toMatchObject([
    { name: 'Mikrotik-Group', value: 'A' },
    { name: 'Mikrotik-Realm', value: 'B' },
  ]);
});

test('what does not fit its type is kept as octets, and hidden values stay hidden without the secret', () => {
  expect(decodeAttributes(Buffer.from([8, 3, 1]), dictionary)).toMatchObject([
    { name: 'Framed-IP-Address', undecoded: 'MALFORMED' },
  ]);
  expect(decodeAttributes(Buffer.from([1, 3, 0xff]), dictionary)).toMatchObject([
    { name: 'User-Name', undecoded: 'MALFORMED' },
  ]);
  expect(decodeAttributes(Buffer.from([26, 9, 0, 0, 0x3a, 0x8c, 8, 99, 1]), dictionary)).toMatchObject([
    { name: 'Attr-26.14988', undecoded: 'MALFORMED' },
  ]);
  const hidden = encodeAttributes(dictionary, [{ name: 'User-Password', value: 'x' }], encryption);
  expect(decodeAttributes(hidden, dictionary)).toMatchObject([
    { name: 'User-Password', undecoded: 'HIDDEN' },
  ]);
});

describe('a value that does not fit is refused by name', () => {
  test.each<[Attribute, string]>([
    [{ name: 'Framed-IP-Address', value: '300.1.2.3' }, '"300.1.2.3" is not an IPv4 address'],
    [{ name: 'Framed-IPv6-Address', value: '1::2::3' }, 'is not an IPv6 address'],
    [{ name: 'Delegated-IPv6-Prefix', value: '2001:db8::/129' }, 'is not an IPv6 prefix'],
    [{ name: 'Session-Timeout', value: -1 }, 'is not an integer from 0 to 4294967295'],
    [{ name: 'Session-Timeout', value: 1.5 }, 'is not an integer'],
    [{ name: 'Service-Type', value: 'Nonsense' }, 'nor one of its names'],
    [{ name: 'Session-Timeout', value: 1, tag: 1 }, 'carries no tag'],
    [{ name: 'Tunnel-Type', value: 1, tag: 32 }, 'tag 32 is not 0 to 31'],
    [{ name: 'Tunnel-Type', value: 0x1000000, tag: 1 }, 'has 24 bits'],
    [{ name: 'User-Name', value: 'x'.repeat(254) }, 'has 254 octets, the most is 253'],
    [{ name: 'No-Such-Attribute', value: 'x' }, 'no attribute of the dictionary has this name'],
    [{ name: 'User-Password', value: 'x' }, 'depends on the request'],
  ])('%o', (attribute, message) => {
    expect(() => encodeAttributes(dictionary, [attribute])).toThrow(message);
    expect(() => encodeAttributes(dictionary, [attribute])).toThrow(AttributeError);
  });
});
