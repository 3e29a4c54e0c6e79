import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Attribute, encodeAttributes } from '../attribute/encode.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { eapCodes, eapPacket, eapTypes } from '../eap/packet.ts';
import { buildRequest } from '../packet/build.ts';
import { packetCodes } from '../packet/codes.ts';
import { sharedSecret } from '../packet/shared-secret.ts';
import { type HiddenReason, redactPacket } from './redact.ts';

const dictionary = standardDictionary();
const secret = sharedSecret('a shared secret');

function redacted(attributes: readonly Attribute[], hideUserName = false) {
  const authenticator = randomBytes(16);
  const packet = buildRequest({
    code: packetCodes['Access-Request'],
    identifier: 7,
    secret,
    authenticator,
    attributes: encodeAttributes(dictionary, attributes, { authenticator, secret }),
    messageAuthenticator: true,
  });
  return redactPacket(packet, dictionary, { hideUserName });
}

const response = Buffer.from('a response of 50 octets, which is what the type wants');
test.each<[string, Attribute, HiddenReason]>([
  ['a PAP password', { name: 'User-Password', value: 'opensesame' }, 'PASSWORD'],
  ['a CHAP response', { name: 'CHAP-Password', value: response.subarray(0, 17) }, 'CHALLENGE_RESPONSE'],
  ['MS-CHAP', { name: 'MS-CHAP-Response', value: response.subarray(0, 50) }, 'CHALLENGE_RESPONSE'],
  ['MS-CHAPv2', { name: 'MS-CHAP2-Response', value: response.subarray(0, 50) }, 'CHALLENGE_RESPONSE'],
  ['its proof', { name: 'MS-CHAP2-Success', value: response.subarray(0, 43) }, 'CHALLENGE_RESPONSE'],
  ['a changed password', { name: 'MS-CHAP-NT-Enc-PW', value: response }, 'PASSWORD'],
  ['MPPE keys', { name: 'MS-MPPE-Send-Key', value: response.subarray(0, 32) }, 'KEY'],
  ['a tunnel password', { name: 'Tunnel-Password', value: 'opensesame', tag: 1 }, 'PASSWORD'],
  ['a wireless key', { name: 'Mikrotik-Wireless-Enc-Key', value: 'opensesame' }, 'KEY'],
  ['a password of a vendor', { name: 'Huawei-User-Password', value: 'opensesame' }, 'PASSWORD'],
  ['a digest', { name: 'Digest-Response', value: 'opensesame' }, 'CHALLENGE_RESPONSE'],
  ['an Ascend secret', { name: 'Ascend-Send-Secret', value: 'opensesame' }, 'KEY'],
])('%s is named and not shown', (_, attribute, reason) => {
  const { attributes } = redacted([{ name: 'User-Name', value: 'ada' }, attribute]);
  const seen = attributes.find(({ hidden }) => hidden === reason);
  expect(seen?.name.replace(/:\d+$/, '')).toBe(attribute.name);
  expect(seen?.value).toBeNull();
  expect(attributes.find(({ name }) => name === 'User-Name')?.value).toBe('ada');
});

test('of EAP the type is shown, of a pair its name, of what nobody knows its size', () => {
  const identity = eapPacket(eapCodes.response, 3, eapTypes.md5, response);
  const { attributes } = redacted([
    { name: 'EAP-Message', value: identity },
    { name: 'Cisco-AVPair', value: 'vpdn:l2tp-tunnel-password=opensesame' },
    { name: 'Cisco-AVPair', value: 'ip:sub-qos-policy-in=dotmac-25000k' },
    { name: 'Attr-250', value: Buffer.from('opensesame') },
  ]);
  expect(attributes).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ name: 'EAP-Message', hidden: 'EAP_CONTENT', value: 'Response 3, MD5' }),
      expect.objectContaining({ hidden: 'PASSWORD', value: 'vpdn:l2tp-tunnel-password=' }),
      expect.objectContaining({ hidden: null, value: 'ip:sub-qos-policy-in=dotmac-25000k' }),
      expect.objectContaining({ name: 'Attr-250', hidden: 'UNKNOWN_ATTRIBUTE', value: null, octets: 10 }),
      expect.objectContaining({ name: 'Message-Authenticator', hidden: 'INTEGRITY', value: null }),
    ]),
  );
  expect(JSON.stringify(attributes)).not.toMatch(/opensesame|6f70656e736573616d65/);
});

test('values read as an operator reads them; a login name that is a secret is hidden', () => {
  const {
    code: kind,
    identifier,
    attributes,
  } = redacted([
    { name: 'NAS-Port-Type', value: 'Virtual' },
    { name: 'Event-Timestamp', value: 1_700_000_000 },
    { name: 'Framed-IP-Address', value: '100.64.0.9' },
    { name: 'Mikrotik-Rate-Limit', value: '10M/50M' },
    { name: 'ERX-Service-Activate', value: 'fast', tag: 1 },
  ]);
  expect([kind, identifier]).toEqual(['Access-Request', 7]);
  expect(attributes.filter(({ hidden }) => hidden === null).map(({ name, value }) => [name, value])).toEqual([
    ['NAS-Port-Type', 'Virtual (5)'],
    ['Event-Timestamp', '2023-11-14T22:13:20.000Z'],
    ['Framed-IP-Address', '100.64.0.9'],
    ['Mikrotik-Rate-Limit', '10M/50M'],
    ['ERX-Service-Activate:1', 'fast'],
  ]);
  const voucher = redacted([{ name: 'User-Name', value: 'AB12-CD34' }], true);
  const code = voucher.attributes.find(({ name }) => name === 'User-Name');
  expect(code).toMatchObject({ hidden: 'LOGIN_CODE', value: null });
});

test('no attribute of the dictionary that is encrypted on the wire, or named after a secret, is shown', () => {
  const secretive = /password|passwd|secret|mppe.*key|chap.*response/i;
  for (const definition of dictionary.byOid.values()) {
    if (definition.encrypt === 0 && !secretive.test(definition.name)) continue;
    if (['integer', 'tlv', 'date'].includes(definition.type)) continue;
    const value = Buffer.alloc(definition.length ?? 16, 0x41);
    const { attributes } = redacted([{ name: definition.name, value }]);
    expect(JSON.stringify(attributes), definition.name).not.toMatch(/AAAA|4141/);
  }
});
