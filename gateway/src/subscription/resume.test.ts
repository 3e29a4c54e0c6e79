import { buildSchema, NoUnusedFragmentsRule, parse, print, specifiedRules, validate } from 'graphql';
import { describe, expect, test } from 'vitest';
import { resumableOperation } from './resume.ts';

const schema = buildSchema(`
  scalar Cursor
  type Query { a: Int }
  type Subscription { events(after: Cursor, kind: String): Event! required(after: Cursor!): Event! ticks: Int! }
  type Event { cursor: Cursor! value: Int! other(after: Cursor): Int }`);

// A fragment that nobody uses any more is all right for the executor.
const rules = specifiedRules.filter((rule) => rule !== NoUnusedFragmentsRule);

function rewritten(text: string, variables: Record<string, unknown> = {}) {
  const operation = resumableOperation(schema, parse(text), undefined);
  expect(validate(schema, operation.document, rules)).toEqual([]);
  return {
    text: print(operation.document).replaceAll(/\s+/g, ' '),
    start: operation.startOf(variables),
    shared: operation.sharedVariables(variables),
  };
}

describe('a subscription becomes resumable', () => {
  const plain =
    'subscription ($_dotmac_after: Cursor) { events(after: $_dotmac_after) { value _dotmac_cursor: cursor } }';

  test('without a start', () => {
    expect(rewritten('subscription { events { value } }')).toEqual({ text: plain, start: null, shared: {} });
  });

  test('with a start in its text', () => {
    expect(rewritten('subscription { events(after: "x") { value } }')).toEqual({
      text: plain,
      start: 'x',
      shared: {},
    });
    expect(rewritten('subscription { events(after: null) { value } }').start).toBe(null);
  });

  test('with a start in a variable, which equal operations then share', () => {
    const text = 'subscription ($from: Cursor = "d") { events(after: $from) { value } }';
    expect(rewritten(text, { from: 'x' })).toEqual({ text: plain, start: 'x', shared: {} });
    expect(rewritten(text)).toEqual({ text: plain, start: 'd', shared: {} });
  });

  test('keeping a variable that something else needs', () => {
    const text = 'subscription ($from: Cursor) { events(after: $from) { other(after: $from) } }';
    const { text: printed, shared } = rewritten(text, { from: 'x' });
    expect(printed).toContain('($from: Cursor, $_dotmac_after: Cursor)');
    expect(shared).toEqual({ from: 'x' });
  });

  test('with its field in a fragment, an alias, or in several parts', () => {
    expect(
      rewritten('subscription { ...F } fragment F on Subscription { e: events { value } }').text,
    ).toContain('e: events(after: $_dotmac_after) { value _dotmac_cursor: cursor }');
    expect(rewritten('subscription { events { value } ... { events { cursor } } }').text).toContain(
      '{ value cursor _dotmac_cursor: cursor }',
    );
  });

  test('with a start that must be given', () => {
    expect(rewritten('subscription ($c: Cursor!) { required(after: $c) { value } }', { c: 'x' }).start).toBe(
      'x',
    );
  });

  test('only with a start that is text', () => {
    expect(() => rewritten('subscription ($c: Cursor) { events(after: $c) { value } }', { c: 5 })).toThrow(
      '"after"',
    );
  });
});

test('the cursor is read and taken out again', () => {
  const operation = resumableOperation(schema, parse('subscription { e: events { value } }'), undefined);
  const data = { e: { value: 1, _dotmac_cursor: 'x' } };
  expect(operation.cursorOf(data)).toBe('x');
  operation.strip(data);
  expect(data).toEqual({ e: { value: 1 } });
  expect(operation.cursorOf(null)).toBe(null);
});

test('what has no cursor is left as it is', () => {
  const document = parse('subscription { ticks }');
  expect(resumableOperation(schema, document, undefined)).toMatchObject({ document, resumable: false });
});
