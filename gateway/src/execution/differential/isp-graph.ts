import type { GraphFixture } from './graphs.ts';

interface Reference {
  readonly id: string;
}

const customers = ['c1', 'c2', 'c3', 'c4'].map((id, index) => ({
  id,
  name: `Customer ${index}`,
  tags: index === 1 ? null : ['a', null, 'b'],
  balanceLimit: index * 10.5,
  referredBy: index === 0 ? null : { id: 'c1' },
}));
const sessions = Array.from({ length: 9 }, (_, index) => ({
  id: `s${index}`,
  octets: String(2n ** 40n + BigInt(index)),
  seconds: index * 60,
  state: index % 3 === 0 ? 'CLOSED' : 'OPEN',
  active: index % 2 === 0,
  customer: { id: `c${(index % 4) + 1}` },
  site: index === 4 ? null : { id: `p${index % 2}` },
}));
const sites = ['p0', 'p1'].map((id) => ({ id, label: `Site ${id}` }));

/** Entities met on many paths, mutations, custom scalars, enums, nulls in lists, several keys. */
export const ispGraph: GraphFixture = {
  name: 'isp',
  subgraphs: [
    {
      name: 'subscribers',
      sdl: `
        scalar Big
        type Query { customers(first: Int = 10, named: String): [Customer!]! customer(id: ID!): Customer me: Customer }
        type Mutation { renameCustomer(id: ID!, name: String!): Customer! touch: Int! }
        type Customer @key(fields: "id") @key(fields: "id name") {
          id: ID! name: String! tags: [String] balanceLimit: Float! referredBy: Customer
        }`,
      resolvers: {
        Query: {
          customers: (_: unknown, { first, named }: { first: number; named?: string }) =>
            customers
              .filter(({ name }) => named === undefined || named === null || name === named)
              .slice(0, first),
          customer: (_: unknown, { id }: Reference) => customers.find((customer) => customer.id === id),
          me: () => customers[1],
        },
        Mutation: {
          renameCustomer: (_: unknown, { id, name }: { id: string; name: string }) => ({
            ...customers[0],
            id,
            name,
          }),
          touch: () => 1,
        },
        Customer: {
          __resolveReference: ({ id }: Reference) => customers.find((customer) => customer.id === id),
          referredBy: ({ referredBy }: { referredBy: Reference | null }) =>
            referredBy && customers.find(({ id }) => id === referredBy.id),
        },
      },
    },
    {
      name: 'network',
      sdl: `
        scalar Big
        enum State { OPEN CLOSED }
        type Query { sessions(state: State): [Session!]! grid: [[Session]!] topSession: Session }
        type Mutation { closeSession(id: ID!): Session }
        type Subscription { sessionChanged: Session! }
        type Session @key(fields: "id") {
          id: ID! octets: Big! seconds: Int! state: State! active: Boolean! customer: Customer! site: Site
        }
        type Customer @key(fields: "id") { id: ID! sessions(first: Int): [Session!]! lastSession: Session }
        type Site @key(fields: "id") { id: ID! label: String! sessions: [Session] }`,
      resolvers: {
        Query: {
          sessions: (_: unknown, { state }: { state?: string }) =>
            sessions.filter((session) => state === undefined || state === null || session.state === state),
          grid: () => [[sessions[0], null], [], [sessions[1], sessions[2], sessions[0]]],
          topSession: () => sessions[4],
        },
        Mutation: {
          closeSession: (_: unknown, { id }: Reference) => sessions.find((session) => session.id === id),
        },
        Session: { __resolveReference: ({ id }: Reference) => sessions.find((session) => session.id === id) },
        Customer: {
          __resolveReference: ({ id }: Reference) => ({ id }),
          sessions: ({ id }: Reference, { first }: { first?: number }) =>
            sessions.filter(({ customer }) => customer.id === id).slice(0, first ?? 100),
          lastSession: ({ id }: Reference) => sessions.findLast(({ customer }) => customer.id === id),
        },
        Site: {
          __resolveReference: ({ id }: Reference) => sites.find((site) => site.id === id),
          label: ({ id }: Reference) => sites.find((site) => site.id === id)?.label,
          sessions: ({ id }: Reference) => [null, ...sessions.filter(({ site }) => site?.id === id)],
        },
      },
    },
    {
      name: 'billing',
      sdl: `
        scalar Big
        type Query { invoices: [Invoice!]! }
        type Invoice @key(fields: "number") { number: ID! total: Money! paid: Boolean! customer: Customer! lines: [Line!]! }
        type Money { amount: Big! currency: String! }
        type Line { text: String! money: Money session: Session }
        type Session @key(fields: "id") { id: ID! charge: Money }
        type Customer @key(fields: "id") { id: ID! balance: Money! invoices(first: Int = 2): [Invoice!]! bestFriend: Customer }`,
      resolvers: {
        Query: { invoices: () => [0, 1, 2, 3].map((index) => invoice(index)) },
        Customer: {
          __resolveReference: ({ id }: Reference) => ({ id }),
          balance: ({ id }: Reference) => ({ amount: `${id.length}00`, currency: 'ZAR' }),
          invoices: ({ id }: Reference, { first }: { first: number }) =>
            [0, 1, 2, 3]
              .map((index) => invoice(index))
              .filter(({ customer }) => customer.id === id)
              .slice(0, first),
          bestFriend: ({ id }: Reference) => (id === 'c3' ? null : { id: 'c2' }),
        },
        Session: {
          __resolveReference: ({ id }: Reference) => (id === 's7' ? null : { id }),
          charge: ({ id }: Reference) => (id === 's2' ? null : { amount: { big: id }, currency: 'ZAR' }),
        },
        Invoice: { __resolveReference: ({ number }: { number: string }) => invoice(Number(number.slice(1))) },
      },
    },
  ],
  operations: [
    '{ customers { id name tags balanceLimit } }',
    '{ sessions { id customer { name referredBy { name balance { amount } } } site { label } } }',
    '{ sessions { customer { name } } customers { sessions { customer { name balance { amount currency } } } } }',
    '{ grid { id octets customer { name } charge { amount } } }',
    '{ a: topSession { c: customer { n: name n2: name } } b: topSession { c: customer { i: id b: balance { amount } } } }',
    '{ a: topSession { customer { name } } b: topSession { customer { name } } c: topSession { customer { name } } }',
    'query Named { a: topSession { customer { name } } b: topSession { customer { name } } }',
    '{ me { invoices { lines { session { seconds customer { name } } money { amount } } } } }',
    'mutation { closeSession(id: "s1") { customer { name } } renameCustomer(id: "c2", name: "New") { name sessions { id } } touch }',
    [
      'query ($id: ID!, $skip: Boolean!) { customer(id: $id) { id name @skip(if: $skip) balance @include(if: $skip) { amount } } }',
      { id: 'c2', skip: true },
    ],
    [
      'query ($id: ID!, $skip: Boolean!) { customer(id: $id) { id name @skip(if: $skip) balance @include(if: $skip) { amount } } }',
      { id: 'c2', skip: false },
    ],
    [
      'query ($yes: Boolean = true) { me { name ... @include(if: $yes) { sessions { id } } ...F @skip(if: $yes) } } fragment F on Customer { invoices { number } }',
      {},
    ],
    [
      'query ($yes: Boolean = true) { me { name ... @include(if: $yes) { sessions { id } } ...F @skip(if: $yes) } } fragment F on Customer { invoices { number } }',
      { yes: false },
    ],
    ['query ($yes: Boolean = true) { me { name @include(if: $yes) sessions { id } } }', { yes: null }],
    [
      'query ($a: Boolean!, $b: Boolean!) { me { name @include(if: $a) name @include(if: $b) sessions @skip(if: $a) { id } sessions @skip(if: $b) { octets } } }',
      { a: true, b: false },
    ],
    [
      'query ($a: Boolean!, $b: Boolean!) { me { name @include(if: $a) @skip(if: $b) } ... @include(if: $b) { topSession { id customer { name } } } }',
      { a: true, b: true },
    ],
    ['query ($first: Int) { customers(first: $first) { id } }', {}],
    ['query ($first: Int) { customers(first: $first) { id } }', { first: 'many' }],
    ['query ($id: ID!) { customer(id: $id) { id } }', {}],
    [
      'query ($representations: String) { customers(named: $representations) { sessions { id } } }',
      { representations: 'Customer 1' },
    ],
    '{ __typename a: __typename me { __typename t: __typename sessions { __typename s: __typename id } } }',
    '{ __schema { queryType { name } } me { name } }',
    'query ($n: String!) { __type(name: $n) { name fields { name } } }',
    [
      'query ($n: String!) { ... on Query { t: __type(name: $n) { ...T } } } fragment T on __Type { name kind }',
      { n: 'Session' },
    ],
    '{ me { toString: name constructor: id hasOwnProperty: sessions { __proto__: id valueOf: customer { name } } } }',
    '{ me { name } me { id sessions { id } } ... on Query { me { sessions { seconds } balance { amount } } } }',
    'query A { me { id } } query B { me { name } }',
  ],
};

function invoice(index: number) {
  return {
    number: `i${index}`,
    total: { amount: `${index}99`, currency: 'ZAR' },
    paid: index % 2 === 0,
    customer: { id: `c${(index % 2) + 1}` },
    lines: [
      { text: 'Fibre', money: null, session: { id: `s${index}` } },
      { text: 'Data', money: { amount: '7', currency: 'ZAR' }, session: { id: 's7' } },
    ],
  };
}
