import { composeServices } from '@apollo/composition';
import { buildSchema, parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { compileCost } from './cost.ts';
import { readCostDirectives } from './cost-directives.ts';

const sdl = `
  type Query { customers(first: Int): Connection! customer: Customer tags: [String!]! all: [Customer!]! heavy: Int
    ranked(top: Int): [Customer!]! }
  type Mutation { rename: Customer! }
  type Connection { edges: [Edge!]! total: Int }
  type Edge { node: Customer! }
  type Customer { id: ID! name: String invoices(first: Int, last: Int): [Invoice!]! friend: Customer }
  type Invoice { id: ID! total: Money! }
  type Money { amount: String! }
`;
const schema = buildSchema(sdl);
const none = readCostDirectives('type Query { a: Int }');
const costOf = (text: string, variables: Record<string, unknown> = {}, directives = none) =>
  compileCost(schema, directives, parse(text), undefined)(variables);

describe('the cost of an operation', () => {
  test.each([
    ['scalars are free', '{ heavy __typename }', 1],
    ['an object is 1', '{ customer { id name } }', 1],
    ['objects add up', '{ customer { friend { friend { id } } } }', 3],
    ['a list counts its first', '{ customer { invoices(first: 7) { id } } }', 8],
    ['the larger of two', '{ customer { invoices(first: 7, last: 9) { id } } }', 10],
    ['a list without a size is 10', '{ all { id } }', 10],
    ['lists multiply', '{ all { invoices(first: 5) { total { amount } } } }', 10 * (1 + 5 * 2)],
    ['a page counts its first', '{ customers(first: 3) { total edges { node { id } } } }', 1 + 3 * 2],
    ['a page without a size is 20', '{ customers { edges { node { id } } } }', 1 + 20 * 2],
    ['a mutation is 10', 'mutation { rename { id } }', 10],
    ['aliases count each', '{ a: customer { id } b: customer { id } }', 2],
    [
      'fragments count where they are spread',
      '{ a: customer { ...F } b: customer { ...F } } fragment F on Customer { friend { id } }',
      4,
    ],
    ['what is left out may be there', '{ customer @include(if: false) { id } }', 1],
    ['a negative size is not a discount', '{ customer { invoices(first: -100) { id } } all { id } }', 11],
  ])('%s', (_, text, expected) => expect(costOf(text)).toBe(expected));

  test('depends on the variables and their defaults', () => {
    const text = 'query ($n: Int = 4) { customer { invoices(first: $n) { id } } }';
    expect([costOf(text), costOf(text, { n: 9 }), costOf(text, { n: null })]).toEqual([5, 10, 11]);
  });

  test('follows @cost and @listSize of a supergraph', () => {
    const { supergraphSdl, errors } = composeServices([
      {
        name: 'a',
        url: 'local://a',
        typeDefs: parse(
          `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@cost", "@listSize"])\n${sdl
            .replace('heavy: Int', 'heavy: Int @cost(weight: 50)')
            .replace('all: [Customer!]!', 'all: [Customer!]! @listSize(assumedSize: 3)')
            .replace(
              'ranked(top: Int): [Customer!]!',
              'ranked(top: Int): [Customer!]! @listSize(slicingArguments: ["top"])',
            )
            .replace('type Money', 'type Money @cost(weight: 2)')}`,
        ),
      },
    ]);
    expect(errors).toBeUndefined();
    const directives = readCostDirectives(supergraphSdl ?? '');
    expect(costOf('{ heavy }', {}, directives)).toBe(50);
    expect(costOf('{ all { id } }', {}, directives)).toBe(3);
    expect(costOf('{ ranked(top: 6) { id } }', {}, directives)).toBe(6);
    expect(costOf('{ customer { invoices(first: 2) { total { amount } } } }', {}, directives)).toBe(7);
  });
});
