import type { Shaping } from '@dotmac/device';
import { describe, expect, test } from 'vitest';
import { encodeAttributes } from '../attribute/encode.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { mikrotikRate, ProfileError } from './profile.ts';
import { accessReplyAttributes, type VendorProfileId, vendorProfiles } from './profiles.ts';

const dictionary = standardDictionary();
/** 50 Mbit/s down with a burst to 60, 25 Mbit/s up. */
const plan: Shaping = {
  downstream: {
    bitsPerSecond: 50_000_000n,
    burst: { bitsPerSecond: 60_000_000n, thresholdBitsPerSecond: 40_000_000n, seconds: 8 },
  },
  upstream: { bitsPerSecond: 25_000_000n },
};
const fiber: Shaping = {
  downstream: { bitsPerSecond: 10_000_000_000n },
  upstream: { bitsPerSecond: 5_000_000_000n },
};
const text = (value: string) => Buffer.from(value).toString('hex');

function octets(vendor: VendorProfileId, mode: 'open' | 'walledGarden', shaping = plan): string {
  return Buffer.from(encodeAttributes(dictionary, accessReplyAttributes(vendor, shaping, mode))).toString(
    'hex',
  );
}
/** Vendor-Specific with one sub-attribute of format 1,1. */
function vsa(vendor: number, type: number, value: string): string {
  const size = value.length / 2;
  const head = Buffer.from([
    26,
    size + 8,
    0,
    vendor >> 16,
    (vendor >> 8) & 255,
    vendor & 255,
    type,
    size + 2,
  ]);
  return head.toString('hex') + value;
}

test('MikroTik: rx is the upload, first', () => {
  expect(octets('mikrotik', 'open')).toBe(
    // The first two heads in full: type, length, vendor 14988, sub-type, sub-length.
    `1a2300003a8c081d${text('25M/50M 25M/60M 25M/40M 1/8')}1a1500003a8c130f${text('dotmac-active')}`,
  );
  expect(octets('mikrotik', 'walledGarden')).toContain(vsa(14988, 19, text('dotmac-suspended')));
});

test('Cisco: QoS policies by name, ISG service for the garden', () => {
  const qos =
    vsa(9, 1, text('ip:sub-qos-policy-in=dotmac-25000k')) +
    vsa(9, 1, text('ip:sub-qos-policy-out=dotmac-50000k'));
  expect(octets('cisco', 'open')).toBe(qos);
  expect(octets('cisco', 'walledGarden')).toBe(qos + vsa(9, 250, text('Adotmac-garden')));
});

test('Juniper: a tagged service with parameters', () => {
  expect(octets('juniper', 'open')).toBe(vsa(4874, 65, `01${text('dotmac-internet(25000k,50000k)')}`));
  expect(octets('juniper', 'walledGarden')).toBe(vsa(4874, 65, `01${text('dotmac-garden')}`));
});

test('Huawei: sustained and peak, both ways, in bit/s; a profile by name above 32 bits', () => {
  expect(octets('huawei', 'open')).toBe(
    vsa(2011, 2, '017d7840') +
      vsa(2011, 3, '017d7840') +
      vsa(2011, 5, '02faf080') +
      vsa(2011, 6, '03938700') +
      vsa(2011, 138, text('dotmac')),
  );
  expect(octets('huawei', 'open', fiber)).toBe(
    vsa(2011, 31, text('dotmac-10000m-5000m')) + vsa(2011, 138, text('dotmac')),
  );
});

test('Nokia: an SLA profile and overrides in kbit/s', () => {
  expect(octets('nokia', 'open')).toBe(
    vsa(6527, 13, text('dotmac-open')) +
      vsa(6527, 126, text('i:q:1:pir=25000,cir=25000')) +
      vsa(6527, 126, text('e:q:1:pir=60000,cir=50000')),
  );
  expect(octets('nokia', 'walledGarden')).toBe(vsa(6527, 13, text('dotmac-garden')));
});

test('Cambium: kbit/s', () => {
  expect(octets('cambium', 'open')).toBe(vsa(17713, 26, '000061a8') + vsa(17713, 27, '0000c350'));
  expect(octets('cambium', 'walledGarden')).toContain(vsa(17713, 160, '00000001'));
});

test('PMP 450: kbit/s, and a VLAN for the garden', () => {
  const speed =
    vsa(161, 6, '000061a8') + vsa(161, 7, '000061a8') + vsa(161, 8, '0000c350') + vsa(161, 9, '0000ea60');
  expect(octets('canopy', 'open')).toBe(speed);
  expect(octets('canopy', 'walledGarden')).toBe(speed + vsa(161, 21, '000003e7'));
});

test('Ericsson: policing up, metering down, a forward policy for the way of access', () => {
  const qos = vsa(2352, 87, text('dotmac-25000k')) + vsa(2352, 88, text('dotmac-50000k'));
  expect(octets('ericsson', 'open')).toBe(qos + vsa(2352, 92, text('in:dotmac-open')));
  expect(octets('ericsson', 'walledGarden')).toBe(qos + vsa(2352, 92, text('in:dotmac-garden')));
});

test('H3C: bit/s, as much as 32 bits can say; a user group for the garden', () => {
  expect(octets('h3c', 'open')).toBe(
    vsa(25506, 2, '017d7840') +
      vsa(25506, 1, '017d7840') +
      vsa(25506, 5, '02faf080') +
      vsa(25506, 4, '03938700') +
      vsa(25506, 140, text('dotmac')),
  );
  expect(octets('h3c', 'open', fiber)).toContain(vsa(25506, 4, 'ffffffff'));
  expect(octets('h3c', 'walledGarden')).toContain(vsa(25506, 140, text('dotmac-garden')));
});

test('Mimosa: shaping as text, a tagged VLAN for the garden', () => {
  const speed = vsa(43356, 13, text('60000/25000')) + vsa(43356, 14, text('50000/25000'));
  expect(octets('mimosa', 'open')).toBe(speed);
  expect(octets('mimosa', 'walledGarden')).toBe(
    `${speed}4006010000${'0d'}4106010000065106${'01'}${text('999')}`,
  );
});

test('ZTE: bit/s, a context for the garden', () => {
  const speed = vsa(3902, 89, '017d7840') + vsa(3902, 83, '02faf080');
  const context = (name: string) => vsa(3902, 4, text(name));
  expect(octets('zte', 'open')).toBe(speed + context('dotmac'));
  expect(octets('zte', 'walledGarden')).toBe(speed + context('dotmac-garden'));
});

test.each(['wispr', 'generic'] as const)(
  '%s: WISPr in bit/s, as much as 32 bits can say; a pool for the garden',
  (vendor) => {
    expect(octets(vendor, 'open')).toBe(vsa(14122, 7, '017d7840') + vsa(14122, 8, '02faf080'));
    expect(octets(vendor, 'open', fiber)).toBe(vsa(14122, 7, 'ffffffff') + vsa(14122, 8, 'ffffffff'));
    expect(octets(vendor, 'walledGarden')).toContain(`580f${text('dotmac-garden')}`);
  },
);

describe('speeds', () => {
  const rate = (down: bigint, up: bigint) =>
    mikrotikRate({ downstream: { bitsPerSecond: down }, upstream: { bitsPerSecond: up } });
  test.each([
    [50_000_000n, 25_000_000n, '25M/50M'],
    [1_500_000n, 512_000n, '512k/1500k'],
    [1_000_001n, 999n, '999/1000001'],
  ])('%d down, %d up is %s', (down, up, expected) => expect(rate(down, up)).toBe(expected));

  test('kbit/s round up; nothing is no speed', () => {
    const odd: Shaping = { downstream: { bitsPerSecond: 1_000_001n }, upstream: { bitsPerSecond: 1n } };
    expect(octets('cambium', 'open', odd)).toBe(vsa(17713, 26, '00000001') + vsa(17713, 27, '000003e9'));
    const none: Shaping = { downstream: { bitsPerSecond: 0n }, upstream: { bitsPerSecond: 1n } };
    expect(() => accessReplyAttributes('mikrotik', none, 'open')).toThrow(ProfileError);
  });
});

test('an operator’s names replace the profile’s; a placeholder nobody fills is an error', () => {
  expect(accessReplyAttributes('mikrotik', plan, 'walledGarden', { 'list.garden': 'unpaid' })).toContainEqual(
    {
      name: 'Mikrotik-Address-List',
      value: 'unpaid',
    },
  );
  const wrong = {
    ...vendorProfiles.wispr,
    open: { accept: [{ attribute: 'Filter-Id', value: '{nothing}' }], coa: [] },
  };
  expect(() => accessReplyAttributes(wrong, plan, 'open')).toThrow('needs "nothing"');
});

test('every attribute of every profile is in the dictionary', () => {
  for (const profile of Object.values(vendorProfiles)) {
    const templates = [profile.open, profile.walledGarden].flatMap(({ accept, coa }) => [
      ...accept,
      ...coa.flatMap(({ attributes }) => attributes),
    ]);
    for (const { attribute } of [...templates, ...profile.sessionKeys.flat()])
      expect(dictionary.attribute(attribute), `${profile.id} ${attribute}`).toBeDefined();
  }
});
