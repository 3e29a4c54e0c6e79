import fc from 'fast-check';
// @ts-expect-error The package has no types; what is used of it is written down below.
import untyped from 'radius';
import { expect, test } from 'vitest';
import { type DecodedPacket, decodePacket } from '../attribute/decode.ts';
import { encodeAttributes } from '../attribute/encode.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { buildReply, buildRequest, randomAuthenticator, verifySignedRequest } from '../packet/build.ts';
import { packetCodes } from '../packet/codes.ts';
import { createScan, scanPacket } from '../packet/scan.ts';
import { sharedSecret } from '../packet/shared-secret.ts';

/** The part of npm `radius` that is right on the wire: PAP, text, integers, IPv4, accounting. Never anything else. */
interface NpmRadius {
  encode(packet: {
    code: string;
    secret: string;
    identifier: number;
    attributes: [string, string | number][];
  }): Buffer;
  decode(packet: { packet: Buffer; secret: string }): { code: string; attributes: Record<string, unknown> };
  verify_response(exchange: { request: Buffer; response: Buffer; secret: string }): boolean;
}
const foreign: NpmRadius = untyped;
const dictionary = standardDictionary();
const ascii = fc.string({
  minLength: 1,
  maxLength: 40,
  unit: fc.integer({ min: 33, max: 126 }).map((c) => String.fromCharCode(c)),
});
const fields = fc.record({
  user: ascii,
  password: ascii,
  secret: ascii,
  port: fc.integer({ min: 0, max: 0xffffffff }),
  address: fc.ipV4(),
});

test('an Access-Request of ours is read the same by npm radius, password included', () => {
  fc.assert(
    fc.property(fields, ({ user, password, secret, port, address }) => {
      const authenticator = randomAuthenticator();
      const shared = sharedSecret(secret);
      const list = [
        { name: 'User-Name', value: user },
        { name: 'User-Password', value: password },
        { name: 'NAS-Port', value: port },
        { name: 'Framed-IP-Address', value: address },
      ];
      const packet = buildRequest({
        code: packetCodes['Access-Request'],
        identifier: 1,
        secret: shared,
        messageAuthenticator: false,
        authenticator,
        attributes: encodeAttributes(dictionary, list, { authenticator, secret: shared }),
      });
      expect(foreign.decode({ packet, secret })).toMatchObject({
        code: 'Access-Request',
        attributes: {
          'User-Name': user,
          'User-Password': password,
          'NAS-Port': port,
          'Framed-IP-Address': address,
        },
      });
    }),
    { numRuns: 50 },
  );
});

test('its requests are read the same by us, and it accepts our replies', () => {
  fc.assert(
    fc.property(fields, ({ user, password, secret, port }) => {
      const shared = sharedSecret(secret);
      const request = foreign.encode({
        code: 'Access-Request',
        secret,
        identifier: 3,
        attributes: [
          ['User-Name', user],
          ['User-Password', password],
          ['NAS-Port', port],
        ],
      });
      const decoded = decodePacket(request, dictionary, {
        authenticator: request.subarray(4, 20),
        secret: shared,
      });
      expect((decoded as DecodedPacket).attributes.map(({ value }) => value)).toEqual([user, password, port]);
      const scan = createScan();
      scanPacket(request, scan);
      const response = buildReply({
        code: 2,
        request,
        scan,
        secret: shared,
        blocks: [],
        messageAuthenticator: false,
      });
      expect(foreign.verify_response({ request, response, secret })).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test('its accounting requests are genuine to us', () => {
  const request = foreign.encode({
    code: 'Accounting-Request',
    secret: 's',
    identifier: 4,
    attributes: [
      ['Acct-Status-Type', 'Start'],
      ['Acct-Session-Id', '81'],
    ],
  });
  expect(verifySignedRequest(request, sharedSecret('s'))).toBeNull();
  expect(decodePacket(request, dictionary)).toMatchObject({ attributes: [{ value: 1 }, { value: '81' }] });
});
