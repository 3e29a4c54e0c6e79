import { readAccessRules } from '@dotmac/schema/access';
import { expect, test } from 'vitest';
import { checkRecords, type KeyRecord } from './check.ts';
import { type Graph, readGraph } from './graph.ts';
import { operations, sdl } from './testing-graph.ts';

const supergraph = (scope: string) => `
enum join__Graph { A @join__graph(name: "a", url: "") }
type Customer @join__type(graph: A) { email: String @access(graph: "a", anyOf: ["${scope}"]) }`;
const graph = (scope: string, text = sdl): Graph => ({
  ...readGraph(text),
  access: readAccessRules(supergraph(scope)),
});
const record = (more: Partial<KeyRecord> = {}, scopes = ['customers:read']): KeyRecord => ({
  apiKey: { id: 'key_1', name: 'crm', scopes },
  tenantId: 'ten_1',
  partnerId: null,
  operations: [
    { hash: 'h', text: operations.one, operationName: 'One', lastSeenAt: '2026-11-01T00:00:00.000Z' },
  ],
  complete: true,
  ...more,
});

test('a field that needs a scope which the key lacks breaks the key, and no key that has it', () => {
  const verdicts = checkRecords(graph('customers:read'), graph('billing:read'), [
    record(),
    record({}, ['customers:read', 'billing:read']),
    record({}, ['network:read']),
  ]);
  // The last one was refused the field before, too.
  expect(verdicts.map(({ verdict }) => verdict)).toEqual(['breaks', 'safe', 'safe']);
  expect(verdicts[0]?.touched[0]?.findings).toEqual([
    { level: 'breaks', message: 'Customer.email needs the scope billing:read' },
  ]);
});

test('a key of whose operations some are not recorded is never called safe', () => {
  const same = graph('customers:read');
  const verdicts = checkRecords(same, same, [record({ complete: false }), record({ operations: [] })]);
  expect(verdicts.map(({ verdict }) => verdict)).toEqual(['unknown', 'safe']);
});

test('an operation that no longer fits, or cannot be read, is never called safe', () => {
  const same = graph('customers:read');
  const [first] = record().operations;
  const texts = ['{ customer(id: "") { fax } }', '{ customer(', 'query A { plans { id } }'];
  const verdicts = texts.map((text) => {
    const operation = { ...first, hash: '', lastSeenAt: '', text, operationName: 'A' };
    return checkRecords(same, same, [record({ operations: [operation] })])[0]?.verdict;
  });
  expect(verdicts).toEqual(['breaks', 'breaks', 'safe']);
});

test('only the operation that was run counts, with the fragments that it uses', () => {
  const text =
    'query A { ...F } query B { plans { title } } fragment F on Query { customer(id: "") { email } }';
  const operation = { hash: '', lastSeenAt: '', text };
  const after = { ...readGraph(sdl.replace('  email: String\n', '')), access: null };
  const verdicts = ['A', 'B'].map(
    (operationName) =>
      checkRecords(graph('customers:read'), after, [
        record({ operations: [{ ...operation, operationName }] }),
      ])[0]?.verdict,
  );
  expect(verdicts).toEqual(['breaks', 'safe']);
});
