import { expect, test } from 'vitest';
import { maskWalk } from './mask.ts';
import type { WalkObject } from './parse.ts';

const text = (oid: string, value: string): WalkObject => ({
  oid,
  value: { type: 'octets', value: Buffer.from(value) },
});
const mac = Buffer.from('cc2de0a33dd5', 'hex');

const walk: WalkObject[] = [
  text('1.3.6.1.2.1.1.1.0', 'RouterOS RB4011'),
  text('1.3.6.1.2.1.1.4.0', 'Ada Lovelace +44 20 7946 0000'),
  text('1.3.6.1.2.1.1.5.0', 'core1.ada-isp.example'),
  text('1.3.6.1.2.1.2.2.1.2.7', '<pppoe-ada>'),
  { oid: '1.3.6.1.2.1.2.2.1.6.1', value: { type: 'octets', value: mac } },
  { oid: '1.3.6.1.2.1.2.2.1.6.2', value: { type: 'octets', value: mac } },
  text('1.3.6.1.2.1.31.1.1.1.18.1', 'to Babbage, Acton Street'),
  { oid: '1.3.6.1.2.1.4.22.1.2.1.10.1.2.3', value: { type: 'octets', value: mac } },
  text('1.3.6.1.4.1.9999.1.0', 'admin s3cret at 10.20.30.40, ada@ada-isp.example, CC:2D:E0:A3:3D:D5'),
  text('1.3.6.1.6.3.18.1.1.1.2.1', 's3cret'),
  { oid: '1.3.6.1.4.1.9999.2.0', value: { type: 'ipAddress', value: '10.20.30.40' } },
  { oid: '1.3.6.1.4.1.9999.3.0', value: { type: 'integer', value: 415 } },
];

test('who and where a device is does not leave it; what it measures does', () => {
  const masked = maskWalk(walk, ['s3cret']);
  const all = masked
    .map(({ oid, value }) => `${oid} ${'value' in value ? String(value.value) : ''}`)
    .join('\n');
  for (const told of ['Ada', 'ada', 'Babbage', 's3cret', '10.20.30.40', 'A3:3D:D5', '10.1.2.3']) {
    expect(all, told).not.toContain(told);
  }
  expect(all).toContain('RouterOS RB4011');
  expect(masked.at(-1)).toEqual(walk.at(-1));
});

test('equal addresses stay equal, and a MAC address keeps its maker', () => {
  const masked = maskWalk(walk, []);
  const macs = masked
    .filter(({ oid }) => oid.startsWith('1.3.6.1.2.1.2.2.1.6'))
    .map(({ value }) => ('value' in value ? value.value : null));
  expect(macs[0]).toEqual(macs[1]);
  expect(Buffer.from(macs[0] as Buffer).subarray(0, 3)).toEqual(mac.subarray(0, 3));
  expect(macs[0]).not.toEqual(mac);
});
