import { expect, test } from 'vitest';
import { decodeAttributes } from '../attribute/decode.ts';
import { type Attribute, encodeAttributes } from '../attribute/encode.ts';
import { standardDictionary } from './standard.ts';

const dictionary = standardDictionary();

/** One attribute per vendor as it looks on the wire: type 26, length, vendor, sub-type, sub-length, value. */
test.each<[string, Attribute, string]>([
  ['Mikrotik', { name: 'Mikrotik-Rate-Limit', value: '1M/2M' }, '1a0d 00003a8c 0807 314d2f324d'],
  ['Mikrotik', { name: 'Mikrotik-Total-Limit-Gigawords', value: 3 }, '1a0c 00003a8c 1206 00000003'],
  ['Cisco', { name: 'Cisco-AVPair', value: 'a=b' }, '1a0b 00000009 0105 613d62'],
  ['Juniper', { name: 'Juniper-Local-User-Name', value: 'noc' }, '1a0b 00000a4c 0105 6e6f63'],
  ['ERX', { name: 'ERX-Service-Activate', value: 'svc', tag: 2 }, '1a0c 0000130a 4106 02737663'],
  ['Huawei', { name: 'Huawei-Output-Peak-Rate', value: 0xffffffff }, '1a0c 000007db 0606 ffffffff'],
  ['Nokia', { name: 'Alc-SLA-Prof-Str', value: 'gold' }, '1a0c 0000197f 0d06 676f6c64'],
  ['Cambium', { name: 'Cambium-ePMP-Max-Burst-Downlink-Rate', value: 50000 }, '1a0c 00004531 1b06 0000c350'],
  [
    'Cambium, nested',
    { name: 'Cambium-Authorize-Classes', value: [{ name: 'Cambium-Authorize-Bytes-Left', value: 5n }] },
    '1a12 00004531 9e0c 020a 0000000000000005',
  ],
  ['Motorola PMP', { name: 'Motorola-Canopy-LPULCIR', value: 512 }, '1a0c 000000a1 0106 00000200'],
  ['WISPr', { name: 'WISPr-Bandwidth-Max-Up', value: 1000000 }, '1a0c 0000372a 0706 000f4240'],
  ['Mimosa', { name: 'Mimosa-ManagementVlanStatus-Parameter', value: 1 }, '1a09 0000a95c 0903 01'],
  ['Ericsson', { name: 'Ericsson-ViG-QoS-Class', value: 7 }, '1a0c 000000c1 0c06 00000007'],
  ['Redback, under Ericsson AB', { name: 'Context-Name', value: 'isp' }, '1a0b 00000930 0405 697370'],
  ['ZTE', { name: 'ZTE-Rate-Ctrl-SCR-Down', value: 2048 }, '1a0c 00000f3e 5306 00000800'],
  ['H3C', { name: 'H3C-Input-Peak-Rate', value: 9 }, '1a0c 000063a2 0106 00000009'],
  ['ChilliSpot', { name: 'ChilliSpot-Max-Total-Octets', value: 1 }, '1a0c 000038df 0306 00000001'],
  [
    'IETF, IPv6 prefix',
    { name: 'Delegated-IPv6-Prefix', value: '2001:db8:7::/56' },
    '7b0b 0038 20010db8000700',
  ],
  [
    'IETF, extended',
    { name: 'IP-Port-Range', value: [{ name: 'IP-Port-Range-Range-Start', value: 1024 }] },
    'f109 06 0906 00000400',
  ],
])('%s: %o', (_, attribute, expected) => {
  const octets = encodeAttributes(dictionary, [attribute]);
  expect(Buffer.from(octets).toString('hex')).toBe(expected.replaceAll(' ', ''));
  expect(decodeAttributes(octets, dictionary)).toMatchObject([attribute]);
});
