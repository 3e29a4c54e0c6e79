import { expect, test } from 'vitest';
import { decodePacket } from '../attribute/decode.ts';
import { encodeAttributes } from '../attribute/encode.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { buildReply, buildRequest, PacketTooLongError, verifyReply, verifySignedRequest } from './build.ts';
import { packetCodes } from './codes.ts';
import { verifyChap } from './password.ts';
import { attributeValue, createScan, scanPacket } from './scan.ts';
import { sharedSecret } from './shared-secret.ts';

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex');
const dictionary = standardDictionary();
const secret = sharedSecret('xyzzy5461');

test('RFC 2865 §7.1: PAP request and its accept, octet for octet', () => {
  const authenticator = hex('0f403f9473978057bd83d5cb98f4227a');
  const request = buildRequest({
    code: packetCodes['Access-Request'],
    identifier: 0,
    secret,
    authenticator,
    messageAuthenticator: false,
    attributes: encodeAttributes(
      dictionary,
      [
        { name: 'User-Name', value: 'nemo' },
        { name: 'User-Password', value: 'arctangent' },
        { name: 'NAS-IP-Address', value: '192.168.1.16' },
        { name: 'NAS-Port', value: 3 },
      ],
      { authenticator, secret },
    ),
  });
  expect(request).toEqual(
    hex(`01000038 0f403f9473978057bd83d5cb98f4227a 01066e656d6f
         02120dbe708d93d413ce3196e43f782a0aee 0406c0a80110 050600000003`),
  );
  const scan = createScan();
  expect(scanPacket(request, scan)).toBeNull();
  const reply = buildReply({
    code: packetCodes['Access-Accept'],
    request,
    scan,
    secret,
    messageAuthenticator: false,
    blocks: [
      encodeAttributes(dictionary, [
        { name: 'Service-Type', value: 'Login-User' },
        { name: 'Login-Service', value: 'Telnet' },
        { name: 'Login-IP-Host', value: '192.168.1.3' },
      ]),
    ],
  });
  expect(reply).toEqual(
    hex('02000026 86fe220e7624ba2a1005f6bf9b55e0b2 060600000001 0f0600000000 0e06c0a80103'),
  );
  expect(verifyReply(reply, request, secret)).toBeNull();
  expect(verifyReply(reply, request, secret, true)).toBe('MESSAGE_AUTHENTICATOR_MISSING');
});

test('RFC 2865 §7.2: CHAP with the authenticator as challenge', () => {
  const request = hex(`01010047 2aee86f08d0d55969ca5978e0d3367a2 0108666c6f707379
    031316e97557c316185895f293ff634407 7275 0406c0a80110 050600000014 060600000002 070600000001`);
  const scan = createScan();
  expect(scanPacket(request, scan)).toBeNull();
  const chap = attributeValue(request, scan, 3) as Uint8Array;
  expect(verifyChap(chap, request.subarray(4, 20), Buffer.from('arctangent'))).toBe(true);
  expect(verifyChap(chap, request.subarray(4, 20), Buffer.from('arctangens'))).toBe(false);
});

test('Message-Authenticator is first, and Proxy-State comes back unchanged and in order', () => {
  const proxyStates = [Buffer.from([1, 2]), Buffer.from([3]), Buffer.alloc(0)];
  const request = buildRequest({
    code: packetCodes['Access-Request'],
    identifier: 7,
    secret,
    messageAuthenticator: true,
    attributes: encodeAttributes(
      dictionary,
      proxyStates.map((value) => ({ name: 'Proxy-State', value })),
    ),
  });
  const scan = createScan();
  scanPacket(request, scan);
  const reply = buildReply({
    code: packetCodes['Access-Reject'],
    request,
    scan,
    secret,
    blocks: [],
    messageAuthenticator: true,
  });
  expect(reply[20]).toBe(80);
  expect(verifyReply(reply, request, secret, true)).toBeNull();
  const decoded = decodePacket(reply, dictionary);
  expect(
    typeof decoded !== 'string' &&
      decoded.attributes.slice(1).map(({ value }) => Buffer.from(value as Uint8Array)),
  ).toEqual(proxyStates);
});

test.each(['Accounting-Request', 'CoA-Request', 'Disconnect-Request'] as const)(
  '%s: Message-Authenticator over zeros, then the Request Authenticator; one wrong bit anywhere is noticed',
  (name) => {
    const request = buildRequest({
      code: packetCodes[name],
      identifier: 9,
      secret,
      messageAuthenticator: true,
      attributes: encodeAttributes(dictionary, [{ name: 'Acct-Session-Id', value: '81' }]),
    });
    expect(verifySignedRequest(request, secret)).toBeNull();
    expect(verifySignedRequest(request, sharedSecret('other'))).toBe('REQUEST_AUTHENTICATOR');
    for (let bit = 0; bit < request.length * 8; bit++) {
      const wrong = Buffer.from(request);
      wrong[bit >> 3] = (wrong[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(verifySignedRequest(wrong, secret), `bit ${bit}`).not.toBeNull();
    }
  },
);

test('a packet above 4096 octets is refused', () => {
  const attributes = new Uint8Array(4080);
  const parts = { code: 1, identifier: 0, secret, attributes, messageAuthenticator: false };
  expect(() => buildRequest(parts)).toThrow(PacketTooLongError);
});
