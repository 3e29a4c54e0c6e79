import { buildSchema, NoUnusedFragmentsRule, parse, print, specifiedRules, validate } from 'graphql';
import { describe, expect, test } from 'vitest';
import { resumableOperation } from './resume.ts';

const schema = buildSchema(`
  scalar Cursor
  type Query { a: Int }
  type Subscription { events(after: Cursor, kind: String): Event! required(after: Cursor!): Event! ticks: Int!
    states(after: Cursor, initial: Boolean): State! }
  type Event { cursor: Cursor! value: Int! other(after: Cursor): Int }
  type State { cursor: Cursor! id: ID! snapshot: Place }
  type Place { number: Int! of: Int! }`);
const topics = { events: { kind: 'LOG' }, states: { kind: 'STATE', key: 'id' } } as const;
const resumable = (text: string) => resumableOperation(schema, parse(text), undefined, topics);

// A fragment that nobody uses any more is all right for the executor.
const rules = specifiedRules.filter((rule) => rule !== NoUnusedFragmentsRule);

function rewritten(text: string, variables: Record<string, unknown> = {}) {
  const operation = resumable(text);
  expect(validate(schema, operation.document, rules)).toEqual([]);
  return {
    text: print(operation.document).replaceAll(/\s+/g, ' '),
    start: operation.startOf(variables, null).after,
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

describe('a subscription that may begin with a snapshot', () => {
  const text =
    'subscription ($from: Cursor, $all: Boolean = true) { s: states(after: $from, initial: $all) { id } }';
  const operation = resumable(text);

  test('is shared whatever its start, which goes to the subgraph in variables', () => {
    expect(validate(schema, operation.document, rules)).toEqual([]);
    expect(print(operation.document).replaceAll(/\s+/g, ' ')).toBe(
      'subscription ($_dotmac_after: Cursor, $_dotmac_initial: Boolean) { s: states(after: $_dotmac_after, initial: $_dotmac_initial) ' +
        '{ id _dotmac_cursor: cursor _dotmac_place: snapshot { number of } _dotmac_key: id } }',
    );
    expect(operation.coalesces).toBe(true);
    expect(operation.sharedVariables({ from: 'x', all: true, _dotmac_initial: true })).toEqual({});
    expect(operation.startVariables({ after: null, initial: true })).toEqual({ _dotmac_initial: true });
  });

  test('does so only without a cursor', () => {
    expect(operation.startOf({}, null)).toEqual({ after: null, initial: true });
    expect(operation.startOf({ all: false }, null)).toEqual({ after: null, initial: false });
    expect(operation.startOf({ from: 'x' }, null)).toEqual({ after: 'x', initial: false });
    expect(operation.startOf({}, 'y')).toEqual({ after: 'y', initial: false });
    expect(resumable('subscription { states(initial: true) { id } }').startOf({}, null).initial).toBe(true);
    expect(resumable('subscription { states { id } }').startOf({}, null).initial).toBe(false);
  });

  test('marks its events, which the client does not see; those of a snapshot are each of their own', () => {
    const place = { number: 1, of: 2 };
    const data = { s: { id: 'a', _dotmac_cursor: 'c', _dotmac_place: place, _dotmac_key: 'a' } };
    expect(operation.marksOf(data)).toEqual({ cursor: 'c', place, key: null });
    data.s._dotmac_place = null as never;
    expect(operation.marksOf(data)).toEqual({ cursor: 'c', place: null, key: 'a' });
    operation.strip(data);
    expect(data).toEqual({ s: { id: 'a' } });
  });
});

test('the cursor is read and taken out again', () => {
  const operation = resumable('subscription { e: events { value } }');
  const data = { e: { value: 1, _dotmac_cursor: 'x' } };
  expect(operation.marksOf(data)).toEqual({ cursor: 'x', place: null, key: null });
  operation.strip(data);
  expect(data).toEqual({ e: { value: 1 } });
  expect(operation.marksOf(null).cursor).toBe(null);
});

test('what has no cursor is left as it is', () => {
  const document = parse('subscription { ticks }');
  expect(resumableOperation(schema, document, undefined, topics)).toMatchObject({
    document,
    resumable: false,
  });
});
