import { expect, test } from 'vitest';
import { deviceErrorOf, deviceErrorOfFatal, TrapError } from './errors.ts';
import { describeSentence } from './redact.ts';
import { parseReply } from './reply.ts';

test('attributes keep empty values and equals signs; the tag may stand anywhere', () => {
  const reply = parseReply(['!re', '=comment=a=b', '.tag=7', '=caller-id=', '=.id=*1']);
  expect(reply).toMatchObject({ kind: 're', tag: '7' });
  expect('row' in reply && { ...reply.row }).toEqual({ comment: 'a=b', 'caller-id': '', '.id': '*1' });
});

test('a row has no names but the ones sent', () => {
  const reply = parseReply(['!re', '=__proto__=x']);
  const row = 'row' in reply ? reply.row : {};
  expect(row.constructor).toBeUndefined();
  expect(row.toString).toBeUndefined();
  expect(Object.keys(row)).toEqual(['__proto__']);
});

test('an unknown reply word is told apart, not refused', () => {
  expect(parseReply(['!news', '.tag=1'])).toMatchObject({ kind: 'unknown', tag: '1' });
});

test.each([
  [null, 'no such command prefix', 'CAPABILITY_UNSUPPORTED', undefined],
  [null, 'no such command', 'CAPABILITY_UNSUPPORTED', undefined],
  [null, 'unknown parameter colour', 'INVALID_ARGUMENT', 'colour'],
  [null, 'unknown parameter', 'INVALID_ARGUMENT', undefined],
  [1, 'input does not match any value of service', 'INVALID_ARGUMENT', 'service'],
  [1, 'input does not match any value of profile', 'UNKNOWN_REFERENCE', 'profile'],
  [null, 'failure: already have such entry', 'ALREADY_EXISTS', undefined],
  [null, 'failure: secret with the same name already exists', 'ALREADY_EXISTS', undefined],
  [null, 'no such item (4)', 'NOT_FOUND', undefined],
  [null, 'not enough permissions (9)', 'PERMISSION_DENIED', undefined],
  [null, 'invalid user name or password (6)', 'AUTH_FAILED', undefined],
  [2, 'interrupted', 'CANCELLED', undefined],
  [5, 'malformed', 'PROTOCOL_VIOLATION', undefined],
  [4, 'failure: something else', 'CONFLICT', undefined],
] as const)('trap (%s) "%s" is %s', (category, message, code, field) => {
  const error = deviceErrorOf(new TrapError(category, message, '/ppp/secret/add'));
  expect(error).toMatchObject({ code, field, native: `/ppp/secret/add: ${message}` });
});

test('a fatal reply says what happened', () => {
  expect(deviceErrorOfFatal('too many sessions').code).toBe('SESSION_LIMIT');
  expect(deviceErrorOfFatal('session terminated on request').code).toBe('UNREACHABLE');
});

test('secrets do not reach a line for people', () => {
  const line = describeSentence([
    '/ppp/secret/add',
    '=name=a',
    '=password=hunter2\nmore',
    '=secret=s',
    '=response=00ff',
  ]);
  expect(line).toBe('/ppp/secret/add =name=a =password=*** =secret=*** =response=***');
});
