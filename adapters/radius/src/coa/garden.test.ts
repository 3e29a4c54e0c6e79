import { expect, test } from 'vitest';
import { acceptBlock } from '../server/accept-template.ts';
import { sessionTimeoutBlock } from '../server/session-timeout.ts';
import { gardenAttributes } from './garden.ts';
import { vendorProfiles } from './profiles.ts';

const redirectUrl = 'https://pay.example.net/';
const extras = { addressList: 'portal', filterId: 'pay', pool: 'garden', redirectUrl };
const hex = (vendor: string, only: Partial<typeof extras>) =>
  Buffer.from(
    acceptBlock(
      gardenAttributes(vendor, { addressList: null, filterId: null, pool: null, redirectUrl: null, ...only }),
    ),
  ).toString('hex');
const url = Buffer.from(redirectUrl).toString('hex');

test.each([
  ['mikrotik', { addressList: 'portal' }, `1a0e00003a8c1308${Buffer.from('portal').toString('hex')}`],
  ['cisco', { addressList: 'portal' }, ''],
  ['generic', { filterId: 'pay' }, '0b05706179'],
  ['zte', { pool: 'garden' }, `5808${Buffer.from('garden').toString('hex')}`],
  ['mikrotik', { redirectUrl }, `1a200000372a041a${url}`],
  ['cisco', { redirectUrl }, `1a2d000000090127${Buffer.from('url-redirect=').toString('hex')}${url}`],
  ['huawei', { redirectUrl }, `1a20000007db8c1a${url}`],
  ['juniper', { redirectUrl }, `1a2000000a4c321a${url}`],
  ['nokia', { redirectUrl }, `1a200000197fb11a${url}`],
  ['ericsson', { redirectUrl }, `1a2000000930a51a${url}`],
  ['canopy', { redirectUrl }, ''],
])('%s is told %o', (vendor, only, octets) => {
  expect(hex(vendor, only)).toBe(octets);
});

test('every profile can be told everything there is', () => {
  for (const vendor of Object.keys(vendorProfiles))
    expect(() => acceptBlock(gardenAttributes(vendor, extras))).not.toThrow();
});

test.each([
  [0.2, '1b0600000001'],
  [-5, '1b0600000001'],
  [3599.5, '1b0600000e10'],
  [2 ** 40, '1b067fffffff'],
])('a Session-Timeout of %d s', (seconds, octets) => {
  expect(Buffer.from(sessionTimeoutBlock(seconds)).toString('hex')).toBe(octets);
});
