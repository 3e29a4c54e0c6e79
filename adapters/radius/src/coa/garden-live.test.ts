import type { DesiredAccess, GardenExtras } from '@dotmac/device';
import { expect, test } from 'vitest';
import { encodeAttributes } from '../attribute/encode.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { planRequests } from './planning.ts';
import { type VendorProfileId, vendorProfiles } from './profiles.ts';

const dictionary = standardDictionary();
const target = { id: 'dev_1', host: '192.0.2.1', port: 3799 };
const nothing: GardenExtras = { addressList: null, filterId: null, pool: null, redirectUrl: null };
const hex = (text: string) => Buffer.from(text).toString('hex');

function requests(
  vendor: VendorProfileId,
  mode: DesiredAccess['mode'],
  garden: Partial<GardenExtras> | null,
  before: Partial<GardenExtras> | null = null,
) {
  const desired: DesiredAccess = {
    kind: 'access',
    marker: 'dotmac:svc_1',
    username: 'ada',
    address: '100.64.0.9',
    mac: null,
    sessionId: '81',
    mode,
    shaping: { downstream: { bitsPerSecond: 50_000_000n }, upstream: { bitsPerSecond: 10_000_000n } },
    garden: garden === null ? null : { ...nothing, ...garden },
    gardenBefore: before === null ? null : { ...nothing, ...before },
  };
  return planRequests(vendorProfiles[vendor], target, { secret: 'x', vendor }, desired).map(
    ({ kind, attributes, optional }) => ({
      kind,
      optional,
      octets: Buffer.from(encodeAttributes(dictionary, attributes)).toString('hex'),
    }),
  );
}
const kinds = (...of: Parameters<typeof requests>) => requests(...of).map(({ kind }) => kind);
const list = (name: string) =>
  `${Buffer.from([26, name.length + 8, 0, 0, 0x3a, 0x8c, 19, name.length + 2]).toString('hex')}${hex(name)}`;
const url = 'https://pay.example.net/';
const vsa = (vendor: number, type: number, value: string) => {
  const head = Buffer.alloc(8);
  head.set([26, value.length + 8]);
  head.writeUInt32BE(vendor, 2);
  head.set([type, value.length + 2], 6);
  return head.toString('hex') + hex(value);
};

test('MikroTik: lists and filter by one CoA, in and out; leaving takes the filter back', () => {
  const [into, ...more] = requests('mikrotik', 'walledGarden', { addressList: 'portal', filterId: 'pay' });
  expect(more).toEqual([]);
  // Session keys and rate, both lists, Filter-Id.
  expect(into?.octets).toBe(
    `0105616461080664400009${'2c04'}${hex('81')}0406c0000201` +
      `${vsa(14988, 8, '10M/50M')}${list('dotmac-suspended')}${list('portal')}0b05${hex('pay')}`,
  );
  const [out] = requests('mikrotik', 'open', null, { addressList: 'portal', filterId: 'pay' });
  expect(out?.kind).toBe('CoA');
  expect(out?.octets).toContain(list('dotmac-active'));
  expect(out?.octets).not.toContain(list('portal'));
  expect(out?.octets).toContain(`0b0d${hex('dotmac-open')}`);
  // Who never was in a garden with a filter is told of none.
  expect(requests('mikrotik', 'open', null)[0]?.octets).not.toContain(hex('dotmac-open'));
});

test.each<[VendorProfileId, string]>([
  ['huawei', `0b05${hex('pay')}`],
  ['h3c', `0b05${hex('pay')}`],
  ['ericsson', `0b05${hex('pay')}`],
])('%s: Filter-Id by CoA', (vendor, octets) => {
  const [request, ...more] = requests(vendor, 'walledGarden', { filterId: 'pay' });
  expect(more).toEqual([]);
  expect(request?.kind).toBe('CoA');
  expect(request?.octets.endsWith(octets)).toBe(true);
  expect(kinds(vendor, 'open', null, { filterId: 'pay' })).toEqual(['CoA']);
});

test.each<[VendorProfileId, string, number]>([
  ['nokia', vsa(6527, 177, url), 1],
  ['huawei', vsa(2011, 140, url), 1],
  ['ericsson', vsa(2352, 165, url), 1],
  // One command a request: the address goes in one of its own, whose refusal is no reason to disconnect.
  ['cisco', vsa(9, 1, `url-redirect=${url}`), 2],
  ['juniper', vsa(2636, 50, url), 2],
])('%s: the portal by CoA', (vendor, octets, count) => {
  const all = requests(vendor, 'walledGarden', { redirectUrl: url });
  expect(all.map(({ kind }) => kind)).toEqual(Array.from({ length: count }, () => 'CoA'));
  expect(all.at(-1)?.octets.endsWith(octets)).toBe(true);
  expect(all.at(-1)?.optional).toBe(count === 2);
});

test.each<[VendorProfileId]>([['cisco'], ['juniper'], ['nokia']])(
  '%s: a filter only by a new login',
  (vendor) => {
    expect(kinds(vendor, 'walledGarden', { filterId: 'pay' })).toEqual(['Disconnect']);
    expect(kinds(vendor, 'open', null, { filterId: 'pay' })).toEqual(['Disconnect']);
    // What it has already it is not disconnected for.
    expect(kinds(vendor, 'walledGarden', { filterId: 'pay' }, { filterId: 'pay' })).not.toContain(
      'Disconnect',
    );
  },
);

test('another pool is a new login for every vendor, and the same pool none', () => {
  for (const vendor of Object.keys(vendorProfiles) as VendorProfileId[]) {
    expect(kinds(vendor, 'walledGarden', { pool: 'garden' }), vendor).toEqual(['Disconnect']);
    expect(kinds(vendor, 'open', null, { pool: 'garden' }), vendor).toEqual(['Disconnect']);
  }
  expect(kinds('mikrotik', 'walledGarden', { pool: 'garden' }, { pool: 'garden' })).toEqual(['CoA']);
  expect(kinds('mikrotik', 'walledGarden', { pool: 'other' }, { pool: 'garden' })).toEqual(['Disconnect']);
});

test('a portal that a vendor reads at login only is not worth a drop', () => {
  const [request, ...more] = requests('mikrotik', 'walledGarden', { redirectUrl: url });
  expect(more).toEqual([]);
  expect(request?.kind).toBe('CoA');
  expect(request?.octets).not.toContain(hex(url));
});
