import { readFileSync } from 'node:fs';
import { Supergraph } from '@apollo/federation-internals';
import { printedSchemas } from '@dotmac/cli/generate';
import { topics } from '@dotmac/schema';
import { GraphQLObjectType, getOperationAST, Kind, parse, validate } from 'graphql';
import { describe, expect, test } from 'vitest';

const schema = Supergraph.build(printedSchemas()['supergraph.graphql'] ?? '')
  .apiSchema()
  .toGraphQLJSSchema();
const page = readFileSync(new URL('../../../gateway/PROTOCOL.md', import.meta.url), 'utf8');

interface Message {
  readonly id?: string;
  readonly type: string;
  readonly payload?: {
    readonly query?: string;
    readonly variables?: Record<string, unknown>;
    readonly data?: Record<string, object>;
  };
}
const exchange = [...page.matchAll(/^([→←]) (\{.*\})$/gm)].map(
  ([, side, text = '']) => [side, JSON.parse(text) as Message] as const,
);
const inProse = [...page.matchAll(/`((?:query|mutation|subscription) [^`]+)`/g)].map(([, text = '']) => text);
const subscribed = exchange.flatMap(([, { id, payload }]) =>
  id === undefined || payload?.query === undefined ? [] : [[id, payload.query] as const],
);

describe('the exchange on the page', () => {
  test('is there, and of messages that each side may send', () => {
    const said = (side: string) =>
      new Set(exchange.flatMap(([who, { type }]) => (who === side ? [type] : [])));
    // graphql-transport-ws
    expect(said('→')).toEqual(new Set(['connection_init', 'subscribe', 'pong']));
    expect(said('←')).toEqual(new Set(['connection_ack', 'ping', 'next', 'error']));
  });

  test('has results of the form that was asked for', () => {
    const results = exchange.flatMap(([, { id, payload }]) =>
      payload?.data === undefined ? [] : [[id ?? '', payload.data] as const],
    );
    expect(results.length).toBeGreaterThan(0);
    for (const [id, data] of results) {
      const operation = getOperationAST(parse(new Map(subscribed).get(id) ?? ''));
      const [root] = operation?.selectionSet.selections ?? [];
      if (root?.kind !== Kind.FIELD) throw new Error('A subscription selects a field');
      expect(Object.keys(data)).toEqual([root.name.value]);
      const result = data[root.name.value] as { __typename: string };
      const type = schema.getType(result.__typename);
      if (!(type instanceof GraphQLObjectType))
        throw new Error(`${result.__typename} is no type of the graph`);
      const fields = Object.keys(result).filter((name) => name !== '__typename');
      expect(Object.keys(type.getFields())).toEqual(expect.arrayContaining(fields));
    }
  });
});

test.each([...subscribed.map(([, query]) => query), ...inProse])(
  '%s is valid in the graph of today',
  (text) => {
    expect(validate(schema, parse(text)).map(({ message }) => message)).toEqual([]);
  },
);

test('the topics of the page are those of the graph', () => {
  const rows = [...page.matchAll(/^\| (log|state) \| ([^|]+) \|/gm)];
  const listed = rows.flatMap(([, kind, fields = '']) =>
    [...fields.matchAll(/`(\w+)`(?: \(by `(\w+)`\))?/g)].map(([, field, key]) => [
      field,
      key === undefined ? { kind: kind?.toUpperCase() } : { kind: kind?.toUpperCase(), key },
    ]),
  );
  expect(Object.fromEntries(listed)).toEqual(topics);
});

test('the mutation that the page names is there', () => {
  expect(schema.getMutationType()?.getFields()).toHaveProperty('registerTrustedDocuments');
});
