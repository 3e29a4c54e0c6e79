import { readAccessRules } from '@dotmac/schema/access';
import { buildSchema, parse } from 'graphql';
import { expect, test } from 'vitest';
import { cachePolicyOf, readCacheHints } from './cache-policy.ts';

const sdl = `
  directive @cacheControl(maxAge: Int, scope: String, inheritMaxAge: Boolean) on FIELD_DEFINITION | OBJECT | INTERFACE
  directive @access(graph: String!, anyOf: [String!]!) repeatable on FIELD_DEFINITION
  directive @join__type(graph: join__Graph!) repeatable on OBJECT | INTERFACE
  enum join__Graph { SHOP }
  type Query @join__type(graph: SHOP) {
    offers: [Offer!]! @cacheControl(maxAge: 60, scope: "PUBLIC")
    page: Page
    things: [Thing!]! @cacheControl(maxAge: 60)
    count: Int!
    year: Int! @cacheControl(maxAge: 1000)
  }
  type Offer @join__type(graph: SHOP) {
    name: String!
    stock: Int! @cacheControl(maxAge: 5)
    price: Price! @cacheControl(inheritMaxAge: true)
    seller: Seller!
    shape: Shape!
    viewed: Int! @cacheControl(scope: "PRIVATE")
    margin: Int! @access(graph: "SHOP", anyOf: ["billing:read"])
  }
  type Price @join__type(graph: SHOP) { minor: Int! }
  type Seller @join__type(graph: SHOP) { name: String! }
  type Shape @join__type(graph: SHOP) @cacheControl(inheritMaxAge: true) { edges: Int! }
  type Page @join__type(graph: SHOP) @cacheControl(maxAge: 120, scope: "PRIVATE") { text: String! }
  interface Thing @join__type(graph: SHOP) { weight: Int! }
  type Open implements Thing @join__type(graph: SHOP) { weight: Int! }
  type Secret implements Thing @join__type(graph: SHOP) { weight: Int! @access(graph: "SHOP", anyOf: ["billing:read"]) }
`;
const schema = buildSchema(sdl);
const hints = readCacheHints(sdl);
const access = readAccessRules(sdl);

test.each([
  ['{ offers { name } }', 60, 'PUBLIC'],
  ['{ offers { name stock } }', 5, 'PUBLIC'],
  ['{ offers { price { minor } shape { edges } __typename } }', 60, 'PUBLIC'],
  ['{ year offers { name } }', 60, 'PUBLIC'],
  // An object without a hint, a root field without one.
  ['{ offers { seller { name } } }', 0, 'PUBLIC'],
  ['{ offers { name } count }', 0, 'PUBLIC'],
  ['{ count }', 0, 'PUBLIC'],
  // Private wins, from a field or from its type.
  ['{ offers { viewed } }', 60, 'PRIVATE'],
  ['{ page { text } offers { name } }', 60, 'PRIVATE'],
  // What a stranger may not have is nobody's to share, whatever its hint says.
  ['{ offers { margin } }', 60, 'PRIVATE'],
  ['{ things { weight } }', 60, 'PRIVATE'],
  ['{ things { ... on Open { weight } } }', 60, 'PUBLIC'],
  // Wherever it stands, and whether or not it will be there.
  [
    '{ offers { ...Part } } fragment Part on Offer { stock ... on Offer { viewed @skip(if: true) } }',
    5,
    'PRIVATE',
  ],
  ['{ __typename }', 0, 'PUBLIC'],
])('%s: %i %s', (text, maxAge, scope) => {
  expect(cachePolicyOf(schema, hints, access, parse(text))).toEqual({ maxAge, scope });
});
