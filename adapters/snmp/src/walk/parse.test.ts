import fc from 'fast-check';
import { expect, test } from 'vitest';
import { recordingLine } from './format.ts';
import { parseWalk } from './parse.ts';

const octets = (text: string) => ({ type: 'octets', value: Buffer.from(text) });

test('a recording: tags in decimal, hexadecimal values, bars inside text', () => {
  const { objects, problems } = parseWalk(
    [
      '1.3.6.1.2.1.1.1.0|4|a|b',
      '1.3.6.1.2.1.2.2.1.6.1|4x|0200000000FF',
      '1.3.6.1.2.1.1.3.0|67|42',
      '1.3.6.1.9|99|x',
    ].join('\r\n'),
  );
  expect(objects.map(({ value }) => value)).toEqual([
    octets('a|b'),
    { type: 'octets', value: Buffer.from('0200000000FF', 'hex') },
    { type: 'timeTicks', value: 42 },
  ]);
  expect(problems).toEqual(['line 4: 1.3.6.1.9|99|x']);
});

test('what snmpwalk -On prints: names of states, broken lines, missing objects', () => {
  const { objects, problems } = parseWalk(`.1.3.6.1.2.1.1.1.0 = STRING: "two
lines"
.1.3.6.1.2.1.1.2.0 = OID: .1.3.6.1.4.1.9999.1
.1.3.6.1.2.1.1.3.0 = Timeticks: (1234) 0:00:12.34
.1.3.6.1.2.1.2.2.1.8.1 = INTEGER: up(1)
.1.3.6.1.2.1.2.2.1.6.1 = Hex-STRING: 02 00 00 00 00 01
.1.3.6.1.2.1.4.20.1.1.1 = IpAddress: 192.0.2.1
.1.3.6.1.4.1.9999.1.0 = Counter64: 18446744073709551615
.1.3.6.1.4.1.9999.2.0 = ""
.1.3.6.1.4.1.9999.3.0 = No Such Object available on this agent at this OID
.1.3.6.1.4.1.9999.4.0 = Opaque: Float: 1.5
nonsense`);
  expect(objects.map(({ value }) => value)).toEqual([
    octets('two\nlines'),
    { type: 'oid', value: '1.3.6.1.4.1.9999.1' },
    { type: 'timeTicks', value: 1234 },
    { type: 'integer', value: 1 },
    { type: 'octets', value: Buffer.from('020000000001', 'hex') },
    { type: 'ipAddress', value: '192.0.2.1' },
    { type: 'counter64', value: 2n ** 64n - 1n },
    octets(''),
    { type: 'double', value: 1.5 },
  ]);
  // The last line goes on the value before it, which takes only its number.
  expect(problems).toEqual([]);
});

test('minus nothing is nothing', () => {
  expect(parseWalk('1.3.6.1.1.2|2|-0').objects).toEqual([
    { oid: '1.3.6.1.1.2', value: { type: 'integer', value: 0 } },
  ]);
});

test('any text is survivable, and what is understood is written and read back the same', () => {
  const line = fc.oneof(
    fc.string(),
    fc
      .tuple(fc.constantFrom('2', '4', '4x', '64', '65', '70', '6', '99'), fc.string())
      .map(([tag, text]) => `1.3.6.1.${tag.length}.${text.length}|${tag}|${text}`),
    fc
      .tuple(fc.constantFrom('STRING', 'INTEGER', 'Hex-STRING', 'IpAddress', 'OID', 'BITS'), fc.string())
      .map(([type, text]) => `.1.3.6.1.7.${text.length} = ${type}: ${text}`),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      const { objects } = parseWalk(lines.join('\n'));
      const written = objects.flatMap((object) => recordingLine(object) ?? []);
      const kept = objects.filter((object) => recordingLine(object) !== null);
      expect(parseWalk(written.join('\n')).objects).toEqual(
        kept.map(({ oid, value }) => ({
          oid,
          value: value.type === 'double' ? octets(String(value.value)) : value,
        })),
      );
    }),
    { numRuns: 300 },
  );
});
