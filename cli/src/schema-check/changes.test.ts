import { anonymous } from '@dotmac/schema';
import {
  type ExecutionResult,
  executeSync,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  Kind,
  parse,
  typeFromAST,
  validate,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import { readGraph } from './graph.ts';
import { type Finding, judge } from './rules.ts';
import { type OperationName, operations, sdl } from './testing-graph.ts';

type Level = Finding['level'];
type Change = readonly [what: string, from: string, to: string, found: Partial<Record<OperationName, Level>>];

const all = Object.keys(operations) as OperationName[];
const everywhere = (level: Level, names: readonly OperationName[]) =>
  Object.fromEntries(names.map((name) => [name, level]));

/** Changes of the graph, and the operations that each of them touches; for all others it is safe. */
const changes: readonly Change[] = [
  // Fields
  ['a field is added', 'email: String\n', 'email: String\n  phone: String!\n', {}],
  ['a field that nobody asks for is removed', ' reason: String', ' other: String', {}],
  ['a field is removed', '  email: String\n', '', { one: 'breaks' }],
  ['a field is renamed', 'title: String!', 'name: String!', { search: 'breaks' }],
  ['a field is removed that a fragment asks for', '  plan: Plan\n', '', { node: 'breaks' }],
  [
    'a field becomes nullable',
    '  name: String!\n  email',
    '  name: String\n  email',
    { list: 'breaks', one: 'breaks', search: 'breaks', events: 'breaks' },
  ],
  ['a field is never null any more', 'email: String\n', 'email: String!\n', {}],
  ['entries of a list become nullable', 'notes: [String!]', 'notes: [String]', { one: 'breaks' }],
  ['a list is never null any more', 'notes: [String!]', 'notes: [String!]!', {}],
  [
    'a list becomes nullable',
    'search(text: String!): [Hit!]!',
    'search(text: String!): [Hit!]',
    { search: 'breaks' },
  ],
  ['a field becomes a list', '  email: String\n', '  email: [String]\n', { one: 'breaks' }],
  ['a list becomes a single one', 'notes: [String!]', 'notes: String', { one: 'breaks' }],
  ['another scalar', 'amount: Int!', 'amount: Float!', { one: 'breaks' }],
  ['another scalar of the same look', 'currency: String!', 'currency: ID!', { node: 'breaks' }],
  ['a scalar becomes an object', 'since: Date!\n  invoices', 'since: Money!\n  invoices', { one: 'breaks' }],
  ['an object becomes another of the same fields', 'balance: Money\n', 'balance: Sum\n', { one: 'breaks' }],
  [
    'a field is described and deprecated',
    'email: String\n',
    '"""By post no more."""\n  email: String @deprecated(reason: "x")\n',
    {},
  ],
  [
    'the root type goes by another name',
    'type Query {',
    'schema { query: Root mutation: Mutation subscription: Subscription }\ntype Root {',
    {},
  ],
  ['a root type is gone', 'type Mutation {', 'type Unused {', { create: 'breaks', rename: 'breaks' }],
  [
    'a root field is gone',
    '  rename(id: ID!, name: String!): Customer!',
    '  renamed: Int',
    { rename: 'breaks' },
  ],
  // Arguments
  ['an optional argument is added', 'customer(id: ID!)', 'customer(id: ID!, at: Date)', {}],
  ['a required argument is added', 'customer(id: ID!)', 'customer(id: ID!, at: Date!)', { one: 'breaks' }],
  ['a required argument with a default is added', 'customer(id: ID!)', 'customer(id: ID!, at: Int! = 1)', {}],
  [
    'an argument is removed',
    'customers(first: Int = 20, ',
    'customers(',
    { list: 'breaks', literal: 'risks' },
  ],
  ['an argument is removed that nobody gives', 'events(after: String)', 'events', {}],
  [
    'an argument has another default',
    'first: Int = 20',
    'first: Int = 10',
    { list: 'risks', literal: 'risks' },
  ],
  ['an argument becomes required', 'first: Int = 20', 'first: Int!', { list: 'breaks', literal: 'breaks' }],
  ['an argument is required no more', 'search(text: String!)', 'search(text: String)', {}],
  ['an argument takes another type', 'node(id: ID!)', 'node(id: String!)', { node: 'breaks' }],
  ['an argument takes a list', 'search(text: String!)', 'search(text: [String!]!)', { search: 'breaks' }],
  [
    'an argument goes by another name',
    'rename(id: ID!, name: String!)',
    'rename(id: ID!, to: String!)',
    { rename: 'breaks' },
  ],
  [
    'an argument of a field that nobody asks for',
    'plans(archived: Boolean = false)',
    'plans(archived: Boolean!)',
    {},
  ],
  // Inputs
  ['an optional input field is added', 'tags: [String!] }', 'tags: [String!] phone: String }', {}],
  [
    'a required input field is added',
    'tags: [String!] }',
    'tags: [String!] phone: String! }',
    { create: 'breaks' },
  ],
  [
    'a required input field with a default is added',
    'tags: [String!] }',
    'tags: [String!] phone: String! = "" }',
    {},
  ],
  ['an input field is removed', 'tags: [String!] }', '}', { create: 'breaks' }],
  [
    'an input field that is written out is removed',
    'text: String since',
    'since',
    { list: 'breaks', literal: 'breaks' },
  ],
  [
    'an input field becomes required',
    'name: String! email: String state',
    'name: String! email: String! state',
    { create: 'breaks' },
  ],
  ['an input field is required no more', '{ name: String! email', '{ name: String email', {}],
  [
    'an input field has another default',
    'state: State = ACTIVE tags',
    'state: State = LOCKED tags',
    { create: 'risks' },
  ],
  [
    'an input field deep below has another default',
    'country: String = "ZA"',
    'country: String = "CA"',
    { list: 'risks' },
  ],
  [
    'an input field that is left out has another default',
    'limit: Int = 5',
    'limit: Int = 6',
    { list: 'risks', literal: 'risks' },
  ],
  [
    'an input field deep below is gone',
    'input AddressFilter { city: String ',
    'input AddressFilter { ',
    { list: 'breaks' },
  ],
  [
    'an input field takes a list',
    'text: String since',
    'text: [String] since',
    { list: 'breaks', literal: 'breaks' },
  ],
  [
    'an input takes exactly one field',
    'input AddressFilter { city: String country: String = "ZA" }',
    'input AddressFilter @oneOf { city: String country: String }',
    { list: 'breaks' },
  ],
  ['an input goes by another name', 'CreateCustomerInput', 'CustomerInput', { create: 'breaks' }],
  // Enums, unions, interfaces, scalars
  [
    'an enum loses a value',
    'enum State { ACTIVE LOCKED GONE }',
    'enum State { ACTIVE LOCKED }',
    { list: 'breaks', create: 'breaks' },
  ],
  [
    'an enum loses the value that is written out',
    'enum Order { NAME STATE }',
    'enum Order { NAME }',
    { literal: 'breaks' },
  ],
  [
    'an enum has a new value',
    'enum State { ACTIVE LOCKED GONE }',
    'enum State { ACTIVE LOCKED GONE NEW }',
    { list: 'risks' },
  ],
  [
    'an enum that is only written has a new value',
    'enum Order { NAME STATE }',
    'enum Order { NAME STATE DATE }',
    {},
  ],
  [
    'a union has a new member',
    'union Hit = Customer | Plan',
    'union Hit = Customer | Plan | Money',
    { search: 'risks' },
  ],
  ['a union loses a member', 'union Hit = Customer | Plan', 'union Hit = Customer', { search: 'breaks' }],
  [
    'a union of results loses a member',
    'union CreateResult = Customer | Invalid | Duplicate',
    'union CreateResult = Customer | Invalid',
    { create: 'risks' },
  ],
  [
    'a failure is none any more',
    'type Duplicate implements Failure {',
    'type Duplicate {',
    { create: 'breaks' },
  ],
  [
    'an interface has a new object',
    'scalar Date',
    'type Site implements Node { id: ID! }\nscalar Date',
    { node: 'risks' },
  ],
  ['an object leaves an interface', 'type Plan implements Node {', 'type Plan {', { node: 'risks' }],
  [
    'an interface has a new field',
    'interface Node { id: ID! }',
    'interface Node { id: ID! }\ninterface Named { name: String! }',
    {},
  ],
  [
    'an interface loses a field',
    'interface Event { cursor: String! }',
    'interface Event { at: String! }',
    { events: 'breaks' },
  ],
  [
    'an interface becomes a union',
    'interface Node { id: ID! }',
    'union Node = Customer | Plan',
    { node: 'breaks' },
  ],
  [
    'an enum becomes a scalar',
    'enum State { ACTIVE LOCKED GONE }',
    'scalar State',
    { list: 'breaks', literal: 'breaks', create: 'breaks' },
  ],
  [
    'a scalar is specified by something else',
    'scalar Date',
    'scalar Date @specifiedBy(url: "https://example.net/date")',
    { one: 'risks', list: 'risks' },
  ],
  [
    'a type that nobody asks for is gone',
    'type Gone implements Event { cursor: String! reason: String }',
    'type Gone implements Event { cursor: String! }',
    {},
  ],
  ['nothing at all', 'scalar Date', 'scalar Date', {}],
];

const before = readGraph(sdl);

function changed(from: string, to: string) {
  if (!sdl.includes(from)) throw new Error(`There is no ${JSON.stringify(from)} in the graph`);
  let text = sdl.replaceAll(from, to);
  // Whatever a change leaves without its kin is put right, so that the graph itself stays whole.
  if (to.includes('Sum')) text += '\ntype Sum { amount: Int! currency: String! }';
  if (from.startsWith('interface Event')) {
    text = text.replaceAll('implements Event { cursor: String!', 'implements Event { at: String!');
  }
  if (from.startsWith('interface Node')) {
    if (to.startsWith('union')) text = text.replaceAll(' implements Node {', ' {');
  }
  return readGraph(text);
}

const key = { ...anonymous, kind: 'apiKey', id: 'key_1', tenantId: 'ten_1' } as const;
const worst = (findings: readonly Finding[]): Level | 'safe' =>
  findings.some(({ level }) => level === 'breaks') ? 'breaks' : findings.length > 0 ? 'risks' : 'safe';

test('there are more than fifty changes', () => {
  expect(changes.length).toBeGreaterThan(50);
});

describe.each(changes)('%s', (_, from, to, found) => {
  test('is found in the operations that it touches, and in no other', () => {
    const after = changed(from, to);
    const verdicts = Object.fromEntries(
      all.map((name) => [
        name,
        worst(judge(before, after, { text: operations[name], operationName: '' }, key)),
      ]),
    );
    expect(verdicts).toEqual({ ...everywhere('safe' as Level, all), ...found });
  });

  test('changes no answer of an operation that is called safe', () => {
    const after = changed(from, to);
    for (const name of all) {
      const operation = { text: operations[name], operationName: '' };
      if (judge(before, after, operation, key).length > 0) continue;
      for (let variant = 0; variant < 6; variant += 1) {
        const variables = variablesOf(operations[name], variant);
        expect([name, variant, answer(after.schema, operations[name], variables, variant)]).toEqual([
          name,
          variant,
          answer(before.schema, operations[name], variables, variant),
        ]);
      }
    }
  });
});

/** Variables that today's graph allows: the variants leave out what may be, and go through the values of enums. */
function variablesOf(text: string, variant: number): Record<string, unknown> {
  const [definition] = parse(text).definitions;
  if (definition?.kind !== Kind.OPERATION_DEFINITION) return {};
  return Object.fromEntries(
    (definition.variableDefinitions ?? []).flatMap(({ variable, type }) => {
      const of = typeFromAST(before.schema, type as never) as GraphQLInputType;
      const value = inputValue(of, variant);
      return value === undefined ? [] : [[variable.name.value, value]];
    }),
  );
}

function inputValue(type: GraphQLInputType, variant: number): unknown {
  if (isNonNullType(type)) return inputValue(type.ofType, variant + (variant % 2));
  if (variant % 2 === 1) return undefined;
  if (isListType(type)) return [inputValue(type.ofType, variant)];
  if (isEnumType(type)) return type.getValues()[(variant / 2) % type.getValues().length]?.name;
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).map(({ name, type: of }, index) => [
      name,
      inputValue(of, variant + (variant === 4 ? 0 : index % 2)),
    ]);
    return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
  }
  return type.name === 'Int' ? variant : `value ${variant}`;
}

/** Arguments and input fields that today's clients do not know are no business of theirs. */
function isKnown(name: string): boolean {
  return name === '' || /^\d+$/.test(name) || new RegExp(`\\b${name}\\b`).test(sdl);
}

/** What a server of this graph answers that makes the most of what its types allow, and tells the arguments it got. */
function answer(
  schema: GraphQLSchema,
  text: string,
  variables: Record<string, unknown>,
  variant: number,
): ExecutionResult | readonly string[] {
  const document = parse(text);
  const refused = validate(schema, document);
  if (refused.length > 0) return refused.map(({ message }) => message);
  const produce = (type: GraphQLOutputType, told: string): unknown => {
    if (isNonNullType(type)) return produce(type.ofType, told);
    if (isListType(type)) return [0, 1, 2, 3].map((index) => produce(type.ofType, `${told}${index}`));
    if (isEnumType(type)) return type.getValues()[variant % type.getValues().length]?.value;
    if (isScalarType(type))
      return type.name === 'Int' ? variant : type.name === 'Float' ? variant + 0.5 : told;
    if (isObjectType(type)) return { __typename: type.name, told };
    const members = isAbstractType(type) ? schema.getPossibleTypes(type) : [];
    return { __typename: members[(variant + told.length) % members.length]?.name, told };
  };
  const result = executeSync({
    schema,
    document,
    variableValues: variables,
    rootValue: { told: '' },
    fieldResolver(source: { told: string }, args, _context, info) {
      const nullable = !isNonNullType(info.returnType);
      if (nullable && variant % 3 === 2) return null;
      const told = JSON.stringify(args, (name, value) => (isKnown(name) ? value : undefined));
      return produce(info.returnType, `${source.told} ${info.fieldName} ${told}`);
    },
  });
  return JSON.parse(JSON.stringify(result)) as ExecutionResult;
}
