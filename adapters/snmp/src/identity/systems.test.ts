import { describe, expect, test } from 'vitest';
import { encodeOid } from '../codec/oid.ts';
import {
  ENTERPRISES,
  registeredMaker,
  vendorInText,
  vendorOfObjectId,
  vendorOfServed,
} from './enterprises.ts';
import { factsOf, inProduct, textFacts } from './facts.ts';
import { knownSystem } from './identify.ts';
import { tableOf } from './import-registry.ts';
import { makerInText } from './maker-in-text.ts';
import { makerName, withoutMaker } from './maker-name.ts';
import { productOf } from './products.ts';
import type { FactObject, FactSource } from './rule.ts';
import standard from './standard.json' with { type: 'json' };
import { systemRules } from './systems.ts';

const system = (sysObjectId: string | null, sysDescr: string | null = null) => ({
  sysObjectId: sysObjectId === null ? null : `${ENTERPRISES}${sysObjectId}`,
  sysDescr,
  sysUpTime: 1,
  sysName: null,
  sysLocation: null,
});
const osOf = (sysObjectId: string | null, sysDescr?: string, served?: string[]) =>
  knownSystem(system(sysObjectId, sysDescr ?? null), new Set(served)).os;

describe('rules', () => {
  test.each(systemRules.map((rule) => [rule.os ?? rule.vendor, rule] as const))(
    '%s is well formed',
    (_, rule) => {
      expect(rule.objectId ?? rule.sysDescr ?? rule.has).toBeDefined();
      if (rule.os !== null) expect(rule.os).toMatch(/^[A-Za-z0-9_-]+$/);
      for (const prefix of [...(rule.objectId ?? []), ...(rule.has ?? [])])
        expect(prefix).toMatch(/^\.?\d+(\.\d+)*$/);
      for (const pattern of [rule.sysDescr, ...(rule.text ?? [])]) {
        if (pattern !== undefined) expect(() => new RegExp(pattern, 'i')).not.toThrow();
      }
      for (const pattern of rule.text ?? []) expect(pattern).toMatch(/\(\?<(model|version|serial)>/);
      const sources: readonly FactSource[] = [
        ...(rule.model ?? []),
        ...(rule.version ?? []),
        ...(rule.serial ?? []),
      ];
      for (const source of sources) {
        const { oid, column, from, pattern }: FactObject =
          typeof source === 'string' ? { oid: source } : source;
        expect([oid, column, from].filter((it) => it !== undefined)).toHaveLength(1);
        if (oid !== undefined) encodeOid(inProduct(oid, '1.3.6.1.4.1.9.1.1.1.1.1') ?? '');
        if (column !== undefined) encodeOid(inProduct(column, '1.3.6.1.4.1.9.1.1.1.1.1') ?? '');
        if (pattern !== undefined) expect(new RegExp(`${pattern}|`, 'i').exec('')?.length).toBeGreaterThan(1);
      }
    },
  );
});

test('the longest prefix and a fitting text win, a generic system yields', () => {
  expect(
    osOf(
      '9.1.2688',
      'Cisco IOS Software [Dublin], Catalyst L3 Switch Software (CAT9K_IOSXE), Version 17.12.4',
    ),
  ).toBe('iosxe');
  expect(osOf('9.1.516', 'Cisco IOS Software, C3750 Software (C3750-IPBASE-M), Version 12.2(50)SE3')).toBe(
    'ios',
  );
  expect(osOf('9.12.3.1.3.9999')).toBe('nxos');
  expect(osOf('3902.1082.1001.300.2.1')).toBe('zxa10');
  expect(osOf('3902.1004.9806.1')).toBe('zxdsl');
  expect(osOf('8072.3.2.10', 'Linux gw 5.10.0 #1 SMP x86_64')).toBe('linux');
  expect(osOf('8072.3.2.10', 'Powercode BMU')).toBe('powercode');
  expect(osOf('25049.1.81', 'Linux TS 3.10.0-uc0 #1 armv4tl')).toBe('opengear');
});

test('a box that reports the number of net-snmp is told by the tables it serves', () => {
  const linux = 'Linux box 4.14.221 #0 mips';
  expect(osOf('8072.3.2.10', linux, ['2021', '48690'])).toBe('rutos-rutx');
  expect(osOf('8072.3.2.10', linux, ['2021', '6574'])).toBe('dsm');
  expect(osOf('10002.1', linux, ['10002', '41112', '41112.1.4'])).toBe('airos');
  expect(osOf('10002.1', linux, ['10002', '41112', '41112.1.6'])).toBe('unifi');
  const known = knownSystem(system('8072.3.2.10', linux), new Set(['2021', '8072', '33555']));
  expect(known).toMatchObject({ os: 'linux', vendor: vendorOfObjectId(`${ENTERPRISES}33555`) });
});

test('the maker of unknown hardware comes from the registry, in ordinary spelling', () => {
  expect(makerName('Ubiquiti Networks, Inc.')).toBe('Ubiquiti');
  expect(makerName('Wiesemann & Theis GmbH')).toBe('Wiesemann & Theis');
  expect(makerName('Palo Alto Networks')).toBe('Palo Alto');
  expect(makerName('IBM (https://w3.ibm.com/standards )')).toBe('IBM');
  expect(makerName('General Electric Company')).toBe('General Electric');
  expect(makerName('Reserved')).toBeNull();
  expect(registeredMaker(46242)).toBe('Netonix');
  expect(vendorOfObjectId('1.3.6.1.4.1.8072.3.2.10')).toBeNull();
  expect(vendorOfObjectId('1.3.6.1.4.1.161.19.250')).toBe('Cambium');
  expect(vendorOfObjectId('1.3.6.1.4.1.999999999')).toBeNull();
  expect(vendorOfServed(new Set(['2021', '46242', '46242.1']))).toBe('Netonix');
  expect(vendorOfServed(new Set(['46242', '14988']))).toBeNull();
});

test('a suffix is put behind a fact when its object has a value', () => {
  const rule = {
    os: 'x',
    vendor: 'X',
    version: [{ oid: '1.9.1.0', suffix: { column: '1.9.2', format: ' [$]' } }],
  } as const;
  const octets = (text: string) => ({ type: 'octets', value: Buffer.from(text) }) as const;
  const values = new Map([['1.9.1.0', [octets('8.1')]]]);
  expect(factsOf(rule, values, system('1.7')).version).toBe('8.1');
  values.set('1.9.2', [octets(''), octets('SPH005')]);
  expect(factsOf(rule, values, system('1.7')).version).toBe('8.1 [SPH005]');
});

test('a description that begins with a maker names it, common words do not', () => {
  expect(vendorInText('Barracuda Load Balancer ADC')).toBe('Barracuda');
  expect(knownSystem(system('8072.3.2.999999', 'Perle MCR-MGT 9')).vendor).toBe('Perle');
  for (const text of ['Linux gw 5.10', 'SNMP agent', 'Switch 24', 'DS-4', '', null])
    expect(vendorInText(text)).toBeNull();
});

test('a box is of the maker its description begins with, whoever built it', () => {
  expect(knownSystem(system('32999.1', 'Teleste Luminato 4X4 20.8.23')).vendor).toBe('Teleste');
  expect(knownSystem(system('17163.9', 'a box')).vendor).toBe('Riverbed');
  for (const text of ['Alpha test', 'Linux gw 5.10', 'Ciscoland 9', null])
    expect(makerInText(text)).toBeNull();
});

test('a product is named by its sysObjectID', () => {
  expect(productOf(`${ENTERPRISES}9.1.576`)).toBe('cisco2811');
  expect(productOf(`${ENTERPRISES}11863.5.28`)).toBe('T1600G-28TS');
  expect(productOf(`${ENTERPRISES}25053.3.1.4.70`)).toBe('R710');
  expect(productOf(`${ENTERPRISES}9.1`)).toBeNull();
  expect(productOf(null)).toBeNull();
});

test('the registry is a line for each number', () => {
  expect(tableOf('# remark\n0\tReserved\n2\tIBM\n3 Carnegie Mellon\n')).toBe('\n\nIBM\nCarnegie Mellon\n');
});

test('facts: objects before text, patterns, enumerations; placeholders are no fact', () => {
  const octets = (text: string) => ({ type: 'octets', value: Buffer.from(text) }) as const;
  const rule = {
    os: 'x',
    vendor: 'X',
    text: ['^(?<model>\\S+) v(?<version>\\S+) SN (?<serial>\\S+)'],
    version: [{ oid: '1.9.1.0', pattern: '^DSM (\\S+)' }],
    serial: ['1.9.2.0', { column: '1.9.3' }],
    model: [{ from: 'sysObjectId', pattern: '\\.(\\d+)$', values: { 7: 'Box 7' } }] as const,
  };
  const values = new Map([
    ['1.9.1.0', [octets('DSM 7.1-42962')]],
    ['1.9.2.0', [octets('N/A')]],
    ['1.9.3', [octets('  '), octets('S123\0')]],
  ]);
  expect(factsOf(rule, values, system('1.7', 'Model9 v1 SN 55'))).toEqual({
    model: 'Box 7',
    version: '7.1-42962',
    serial: 'S123',
  });
  expect(factsOf(rule, new Map(), system('1.8', 'Model9 v1 SN 55'))).toEqual({
    model: 'Model9',
    version: '1',
    serial: '55',
  });
});

test('descriptions of makers without a rule give what their grammar says', () => {
  const told = (descr: string) => textFacts(standard.text, descr);
  expect(told('CC8800D;hardware version:V2.2.4;software version:V2.3.0.54').version).toBe('V2.3.0.54');
  expect(told('Wx-4410 outdoor unit, FooOS 6.07p1').version).toBe('6.07p1');
  expect(told('FB9001 Abbots (V2.00.218D10 2024-03-12)').version).toBe('2.00.218D10');
  expect(told('Alta AP6 2.2w')).toMatchObject({ model: 'Alta AP6', version: '2.2w' });
  expect(told('Linux gw 5.10.0 #1 SMP aarch64')).toEqual({});
});

test("a model is told without its maker's name", () => {
  expect(withoutMaker('Ruckus Wireless R850', 'Ruckus')).toBe('R850');
  expect(withoutMaker('Raritan PDU', 'Raritan')).toBe('Raritan PDU');
  expect(withoutMaker('R850', null)).toBe('R850');
});
