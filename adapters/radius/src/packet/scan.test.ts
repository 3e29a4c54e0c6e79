import { expect, test } from 'vitest';
import { decodePacket } from '../attribute/decode.ts';
import { encodeAttributes } from '../attribute/encode.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { createScan, type MalformedReason, scanPacket, vendorAttributeValue } from './scan.ts';
import { sharedSecret } from './shared-secret.ts';

const dictionary = standardDictionary();

function packet(attributes: Uint8Array, lengthField?: number): Buffer {
  const out = Buffer.concat([Buffer.alloc(20), attributes]);
  out[0] = 1;
  out.writeUInt16BE(lengthField ?? out.length, 2);
  return out;
}
const messageAuthenticator = Buffer.concat([Buffer.from([80, 18]), Buffer.alloc(16)]);

test.each<[string, Buffer, MalformedReason | null]>([
  ['19 octets', Buffer.alloc(19), 'SHORTER_THAN_HEADER'],
  ['Length 4', packet(Buffer.alloc(0), 4), 'LENGTH_BELOW_20'],
  ['Length 4097', packet(Buffer.alloc(5000), 4097), 'LENGTH_ABOVE_4096'],
  ['Length beyond the datagram', packet(Buffer.alloc(0), 21), 'LENGTH_BEYOND_DATAGRAM'],
  ['attribute of length 0', packet(Buffer.from([1, 0])), 'ATTRIBUTE_LENGTH_BELOW_2'],
  ['attribute of length 1', packet(Buffer.from([1, 1])), 'ATTRIBUTE_LENGTH_BELOW_2'],
  ['one octet left', packet(Buffer.from([1])), 'ATTRIBUTE_BEYOND_PACKET'],
  ['attribute past the end', packet(Buffer.from([1, 5, 65])), 'ATTRIBUTE_BEYOND_PACKET'],
  ['short Message-Authenticator', packet(Buffer.from([80, 3, 0])), 'MESSAGE_AUTHENTICATOR_LENGTH'],
  [
    'two Message-Authenticators',
    packet(Buffer.concat([messageAuthenticator, messageAuthenticator])),
    'MESSAGE_AUTHENTICATOR_TWICE',
  ],
  ['no attributes', packet(Buffer.alloc(0)), null],
  ['empty attribute', packet(Buffer.from([1, 2])), null],
  ['padding after Length', Buffer.concat([packet(Buffer.from([1, 3, 65])), Buffer.from([255, 0])]), null],
])('%s', (_, datagram, expected) => {
  expect(scanPacket(datagram, createScan())).toBe(expected);
});

test('a vendor sub-attribute is found behind others, in its own or a shared Vendor-Specific', () => {
  const block = encodeAttributes(dictionary, [
    { name: 'Cisco-AVPair', value: 'a=b' },
    { name: 'Mikrotik-Group', value: 'full' },
    { name: 'Mikrotik-Rate-Limit', value: '1M' },
  ]);
  const shared = Buffer.from([26, 13, 0, 0, 0x3a, 0x8c, 3, 3, 65, 9, 4, 66, 67]);
  const datagram = packet(Buffer.concat([block, shared]));
  const scan = createScan();
  scanPacket(datagram, scan);
  const text = (vendor: number, type: number) => {
    const value = vendorAttributeValue(datagram, scan, vendor, type);
    return value === null ? null : Buffer.from(value).toString();
  };
  expect([text(14988, 8), text(14988, 9), text(14988, 10), text(1, 1)]).toEqual(['1M', 'BC', null, null]);
});

/** A small generator with a seed, so that a failure can be repeated. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
}

test('100,000 mutated packets: scan and decode agree, neither throws', () => {
  const next = generator(20_261_122);
  const encryption = { authenticator: Buffer.alloc(16, 7), secret: sharedSecret('fuzz') };
  const original = packet(
    encodeAttributes(
      dictionary,
      [
        { name: 'User-Name', value: 'alice@example.net' },
        { name: 'User-Password', value: 'secret' },
        { name: 'Framed-IPv6-Prefix', value: '2001:db8::/56' },
        { name: 'Tunnel-Password', value: 'x', tag: 3 },
        { name: 'EAP-Message', value: Buffer.alloc(300, 9) },
        { name: 'Mikrotik-Rate-Limit', value: '25M/50M' },
        { name: 'IP-Port-Range', value: [{ name: 'IP-Port-Range-Range-Start', value: 1024 }] },
        { name: 'Attr-245.9', value: Buffer.alloc(600, 5) },
        { name: 'Attr-241.26.6527.3', value: Buffer.from('x') },
        { name: 'Cambium-Authorize-Classes', value: [{ name: 'Cambium-Authorize-Bytes-Left', value: 5n }] },
        { name: 'MS-MPPE-Send-Key', value: Buffer.alloc(16, 1) },
      ],
      encryption,
    ),
  );
  const scan = createScan();
  let malformed = 0;
  for (let round = 0; round < 100_000; round++) {
    const mutated = Buffer.from(
      original.subarray(0, next() % 8 === 0 ? next() % original.length : original.length),
    );
    for (let change = next() % 6; change >= 0 && mutated.length > 0; change--)
      mutated[next() % mutated.length] = next() >>> 24;
    const reason = scanPacket(mutated, scan);
    // The full decoder is some twenty times slower: every eighth packet, and every other one it must refuse.
    if (reason === null ? round % 8 !== 0 : round % 2 !== 0) continue;
    const decoded = decodePacket(mutated, dictionary, encryption);
    expect(typeof decoded === 'string' ? decoded : null).toBe(reason);
    if (reason !== null) malformed++;
  }
  expect(malformed).toBeGreaterThan(1000);
});
