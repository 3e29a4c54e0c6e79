import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { understand } from './rules.ts';
import { readCsv, readSqlDump } from './tables.ts';

const mysql = `-- MySQL dump 10.13
CREATE TABLE \`radcheck\` (\`id\` int(11) NOT NULL);
INSERT INTO \`radcheck\` (\`id\`, \`username\`, \`attribute\`, \`op\`, \`value\`) VALUES
(1, 'ada', 'Cleartext-Password', ':=', 'it''s \\'secret\\', (really)'),
(2, 'grace', 'MD5-Password', ':=', '5f4d'),
(3, 'ada', 'Calling-Station-Id', '==', 'AA-BB-CC-00-11-22');
INSERT INTO radreply VALUES (1,'ada','Framed-IP-Address','=','100.64.0.20'),(2,'ada','Mikrotik-Rate-Limit','=','5M/20M'),(3,'ada','Framed-Pool');
INSERT INTO \`radusergroup\` VALUES (1,'ada','home',1),(2,'grace','home',2);
INSERT INTO radgroupcheck VALUES (1,'home','Simultaneous-Use',':=','2'),(2,'home','Odd-Attribute',':=','x');
INSERT INTO nas VALUES (1,'192.0.2.7','bng-7','mikrotik',NULL,'long enough','','',''),(2,'10.0.0.0/8','all','other',NULL,'long enough',NULL,NULL,NULL);
INSERT INTO userinfo VALUES (1,'passed over');
`;

describe('a dump', () => {
  const read = readSqlDump(mysql);
  const imported = understand(read.rows);
  test('is understood: quotes, groups, addresses and what has no counterpart', () => {
    expect(imported.users).toMatchObject([
      {
        username: 'ada',
        password: "it's 'secret', (really)",
        address: '100.64.0.20',
        simultaneousSessions: 2,
        macs: ['aa:bb:cc:00:11:22'],
      },
      { username: 'grace', password: null, simultaneousSessions: 2 },
    ]);
    expect(imported.nases).toMatchObject([
      { name: 'bng-7', sourceAddress: '192.0.2.7', profile: 'mikrotik' },
    ]);
  });
  test('every row that cannot be taken is named with its line and what would be right', () => {
    expect(read.errors).toEqual([
      { table: 'radreply', line: 7, message: '3 values for 5 columns (id, username, attribute, op, value)' },
    ]);
    expect(imported.errors.map(({ table, line }) => `${table} ${line}`)).toEqual([
      'radcheck 5',
      'nas 10',
      'radgroupcheck 9',
    ]);
    expect(imported.errors[0]?.message).toContain('updateAccess');
  });
});

test('PostgreSQL’s COPY says the same', () => {
  const { rows, errors } = readSqlDump(
    'COPY public.radcheck (id, username, attribute, op, value) FROM stdin;\n1\tada\tCleartext-Password\t:=\ta\\tb\n2\tgrace\tAuth-Type\t:=\t\\N\n\\.\nSELECT 1;\n',
  );
  expect(errors).toEqual([]);
  expect(rows.map((row) => row.values.get('value'))).toEqual(['a\tb', null]);
  expect(rows.map((row) => row.line)).toEqual([2, 3]);
});

describe('CSV', () => {
  test('with quotes, line breaks within and Windows line ends', () => {
    const { rows, errors } = readCsv(
      'radcheck',
      'Username,Attribute,op,Value\r\nada,Cleartext-Password,:=,"a ""b"",\nc"\r\n\r\nx,y\r\n',
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.values.get('value')).toBe('a "b",\nc');
    expect(errors).toMatchObject([{ line: 5 }]);
  });
  test('what is written is read back', () => {
    const field = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', ' ', 'ß') });
    fc.assert(
      fc.property(fc.array(fc.tuple(field, field), { maxLength: 8 }), (values) => {
        const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const text = ['username,value', ...values.map((row) => row.map(quoted).join(','))].join('\n');
        const { rows, errors } = readCsv('radcheck', text);
        expect(errors).toEqual([]);
        expect(rows.map((row) => [row.values.get('username'), row.values.get('value')])).toEqual(values);
      }),
    );
  });
  test.each(['', 'username,"never ends'])('%j is told', (text) => {
    expect(readCsv('nas', text).errors).toHaveLength(1);
  });
});

test('no text makes a reader throw or hang', () => {
  const word = fc.constantFrom(
    'INSERT INTO radcheck VALUES',
    'COPY nas FROM stdin;',
    '(',
    ')',
    "'",
    '\\',
    ',',
    '\n',
    '\\.',
    'NULL',
    '"',
    ';',
    'x',
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 40 }), (words) => {
      const text = words.join(' ');
      understand(readSqlDump(text).rows);
      understand(readCsv('radcheck', text).rows);
    }),
    { numRuns: 2_000 },
  );
});
