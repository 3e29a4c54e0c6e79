import { expect, test } from 'vitest';
import type { SnmpValue } from '../codec/value.ts';
import { identityValue } from './identity.ts';

const octets = (text: string): SnmpValue => ({ type: 'octets', value: Buffer.from(text) });

test('a profile gives facts from objects, columns and the system group; the first with a value counts', () => {
  const values = {
    scalars: new Map([['1.9.1.0', octets(' ')]]),
    columns: new Map([
      [
        '1.9.2',
        new Map([
          ['1', octets('')],
          ['2', octets('S-77')],
        ]),
      ],
    ]),
    entityNames: new Map<string, string>(),
  };
  const system = { sysDescr: 'Box 12 v3.4', sysName: 'core' };
  expect(identityValue([{ oid: '1.9.1.0' }, { column: '1.9.2' }], values, system)).toBe('S-77');
  expect(identityValue([{ from: 'sysDescr', pattern: 'v(\\S+)' }], values, system)).toBe('3.4');
  expect(identityValue([{ from: 'sysDescr', pattern: 'rev (\\S+)' }], values, system)).toBeNull();
});
