/** A small graph and what clients ask of it, for the tests of `schema check`. */
export const sdl = `
type Query {
  customers(first: Int = 20, filter: CustomerFilter, order: Order = NAME): [Customer!]!
  customer(id: ID!): Customer
  node(id: ID!): Node
  search(text: String!): [Hit!]!
  plans(archived: Boolean = false): [Plan!]!
}
type Mutation {
  createCustomer(input: CreateCustomerInput!): CreateResult!
  rename(id: ID!, name: String!): Customer!
}
type Subscription {
  events(after: String): Event!
}
interface Node { id: ID! }
interface Event { cursor: String! }
interface Failure { message: String! }
type Customer implements Node {
  id: ID!
  name: String!
  email: String
  state: State!
  balance: Money
  notes: [String!]
  plan: Plan
  since: Date!
  invoices(last: Int = 3): [Int!]!
}
type Plan implements Node { id: ID! title: String! price: Money! }
type Money { amount: Int! currency: String! }
type Joined implements Event { cursor: String! customer: Customer! }
type Gone implements Event { cursor: String! reason: String }
type Invalid implements Failure { message: String! field: String! }
type Duplicate implements Failure { message: String! }
union Hit = Customer | Plan
union CreateResult = Customer | Invalid | Duplicate
enum State { ACTIVE LOCKED GONE }
enum Order { NAME STATE }
scalar Date
input CustomerFilter { state: State text: String since: Date limit: Int = 5 address: AddressFilter }
input AddressFilter { city: String country: String = "ZA" }
input CreateCustomerInput { name: String! email: String state: State = ACTIVE tags: [String!] }
`;

export const operations = {
  list: 'query List($n: Int, $filter: CustomerFilter) { customers(first: $n, filter: $filter) { id name state } }',
  one: 'query One($id: ID!) { customer(id: $id) { name email notes balance { amount } since } }',
  literal: '{ customers(order: STATE, filter: { state: ACTIVE, text: "" }) { id invoices } }',
  create: `mutation Create($input: CreateCustomerInput!) {
    createCustomer(input: $input) { __typename ... on Customer { id } ... on Failure { message } } }`,
  search:
    'query Search($t: String!) { search(text: $t) { __typename ... on Customer { name } ... on Plan { title } } }',
  node: 'query Node($id: ID!) { node(id: $id) { id ... on Customer { plan { price { currency } } } } }',
  rename: 'mutation Rename($id: ID!, $name: String!) { rename(id: $id, name: $name) { id } }',
  events: 'subscription { events { cursor ... on Joined { customer { name } } } }',
} as const;

export type OperationName = keyof typeof operations;
