import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { standardSources } from './compile.ts';
import { parseDictionaries } from './parse.ts';
import { standardDictionary } from './standard.ts';
import { readTable, writeTable } from './table.ts';

const dictionary = standardDictionary();
const packaged = '/usr/share/freeradius';

test.each([
  ['User-Name', '1', 'string'],
  ['Framed-IPv6-Prefix', '97', 'ipv6prefix'],
  ['Delegated-IPv6-Prefix', '123', 'ipv6prefix'],
  ['Mikrotik-Rate-Limit', '26.14988.8', 'string'],
  ['Cisco-AVPair', '26.9.1', 'string'],
  ['ERX-Service-Activate', '26.4874.65', 'string'],
  ['Juniper-Local-User-Name', '26.2636.1', 'string'],
  ['Huawei-Input-Average-Rate', '26.2011.2', 'integer'],
  ['Alc-SLA-Prof-Str', '26.6527.13', 'string'],
  ['Cambium-ePMP-Max-Burst-Uplink-Rate', '26.17713.26', 'integer'],
  ['Motorola-Canopy-LPULCIR', '26.161.1', 'integer'],
  ['WISPr-Bandwidth-Max-Up', '26.14122.7', 'integer'],
  ['Mimosa-TrafficShapingPeak-Parameter', '26.43356.13', 'string'],
  ['ZTE-Rate-Ctrl-Scr-Down', '26.3902.83', 'integer'],
  ['H3C-Input-Peak-Rate', '26.25506.1', 'integer'],
  ['MS-CHAP2-Response', '26.311.25', 'octets'],
  ['IP-Port-Range-Range-Start', '241.6.9', 'integer'],
])('%s is %s %s', (name, oid, type) => {
  expect(dictionary.attribute(name)).toMatchObject({ oid, type });
});

test('flags, values and aliases: the first name wins on decode, all encode, without case', () => {
  expect(dictionary.attribute('Tunnel-Password')).toMatchObject({ hasTag: true, encrypt: 2 });
  expect(dictionary.attribute('EAP-Message')).toMatchObject({ concat: true });
  expect(dictionary.byOid.get('26.14988.25')?.name).toBe('Mikrotik-DHCP-Option-Param-STR2');
  expect(dictionary.attribute('mikrotik-dhcp-option-paramstr2')?.oid).toBe('26.14988.25');
  expect(dictionary.attribute('Service-Type')?.valueNumbers.get('framed-user')).toBe(2n);
  expect(dictionary.attribute('Acct-Status-Type')?.valueNumbers.get('interim-update')).toBe(3n);
});

test('the table keeps everything', () => {
  expect(writeTable(readTable(writeTable(dictionary)))).toBe(writeTable(dictionary));
});

test.skipIf(!existsSync(packaged))('the table is what Debian packages, compiled', () => {
  expect(writeTable(parseDictionaries(standardSources(packaged)))).toBe(writeTable(dictionary));
});
