import type { GraphFixture } from './graphs.ts';

interface Reference {
  readonly __typename?: string;
  readonly id: string;
}

const devices = ['Router', 'Switch', 'Router', 'Radio', 'Switch'].map((__typename, index) => ({
  __typename,
  id: `d${index}`,
  label: index === 3 ? null : `Device ${index}`,
  routes: index * 100,
  ports: [
    { number: 1, peer: { id: `d${(index + 1) % 5}` } },
    { number: 2, peer: null },
  ],
  signalDbm: -60.5 - index,
  parent: index === 0 ? null : { id: 'd0' },
}));
const byId = ({ id }: Reference) => devices.find((device) => device.id === id);

/** Interfaces, unions, interface objects, entity interfaces, fragments on all of them. */
export const abstractGraph: GraphFixture = {
  name: 'abstract',
  subgraphs: [
    {
      name: 'inventory',
      sdl: `
        type Query { devices: [Device!]! device(id: ID!): Device things: [Thing] named: [Named!]! matrix: [[Thing!]] }
        interface Named { label: String }
        interface Device implements Named @key(fields: "id") { id: ID! label: String parent: Device }
        type Router implements Device & Named @key(fields: "id") { id: ID! label: String parent: Device routes: Int! }
        type Switch implements Device & Named @key(fields: "id") { id: ID! label: String parent: Router ports: [Port!]! }
        type Radio implements Device & Named @key(fields: "id") { id: ID! label: String parent: Device signalDbm: Float! }
        type Port { number: Int! peer: Device }
        type Note implements Named { label: String text: String! about: Thing }
        union Thing = Router | Switch | Note`,
      resolvers: {
        Query: {
          devices: () => devices,
          device: (_: unknown, reference: Reference) => byId(reference),
          things: () => [devices[0], note(1), null, devices[1]],
          named: () => [note(2), devices[3], devices[2]],
          matrix: () => [[devices[0], note(0)], null, []],
        },
        Device: { __resolveType: ({ __typename }: Reference) => __typename, __resolveReference: byId },
        Named: { __resolveType: ({ __typename }: Reference) => __typename },
        Thing: { __resolveType: ({ __typename }: Reference) => __typename },
        Router: { __resolveReference: byId, parent: parentOf },
        Switch: { __resolveReference: byId, parent: parentOf },
        Radio: { __resolveReference: byId, parent: parentOf },
        Port: { peer: ({ peer }: { peer: Reference | null }) => peer && byId(peer) },
      },
    },
    {
      name: 'monitoring',
      sdl: `
        enum Health { UP DOWN UNKNOWN }
        type Query { worst: Device alarms: [Alarm!]! }
        type Device @key(fields: "id") @interfaceObject { id: ID! health: Health! readings(last: Int = 2): [Float] neighbours: [Device!]! }
        type Alarm @key(fields: "id") { id: ID! device: Device severity: Int! cause: Cause }
        union Cause = Reading | Alarm
        type Reading { value: Float! }
        `,
      resolvers: {
        Query: {
          worst: () => ({ id: 'd3' }),
          alarms: () => [alarm(0), alarm(1), alarm(2), alarm(3)],
        },
        Device: {
          __resolveReference: ({ id }: Reference) => ({ id }),
          health: ({ id }: Reference) => (id === 'd2' ? 'DOWN' : 'UP'),
          readings: (_: Reference, { last }: { last: number }) => [1.5, null, 3].slice(0, last),
          neighbours: ({ id }: Reference) => (id === 'd1' ? [{ id: 'd0' }, { id: 'd0' }] : [{ id: 'd1' }]),
        },
        Alarm: { __resolveReference: ({ id }: Reference) => alarm(Number(id.slice(1))) },
        Cause: { __resolveType: ({ __typename }: Reference) => __typename },
      },
    },
    {
      name: 'support',
      sdl: `
        type Query { tickets: [Ticket!]! }
        type Ticket { subject: Subject title: String! }
        union Subject = Router | Alarm
        type Router @key(fields: "id") { id: ID! tickets: [Ticket!]! }
        type Alarm @key(fields: "id") { id: ID! ticket: Ticket handled: Boolean! }`,
      resolvers: {
        Query: { tickets: () => [ticket(0), ticket(1), ticket(2)] },
        Router: { __resolveReference: ({ id }: Reference) => ({ id }), tickets: () => [ticket(1)] },
        Alarm: {
          __resolveReference: ({ id }: Reference) => ({ id }),
          ticket: () => ticket(0),
          handled: ({ id }: Reference) => id === 'a1',
        },
        Subject: { __resolveType: ({ __typename }: Reference) => __typename },
      },
    },
  ],
  operations: [
    '{ devices { id label health } }',
    '{ devices { __typename id ... on Router { routes } ... on Switch { ports { number peer { health label } } } ... on Radio { signalDbm } } }',
    '{ things { __typename t: __typename ... on Named { label } ... on Router { routes tickets { title } } ... on Note { text about { ... on Switch { id health } } } } }',
    '{ worst { __typename id label health parent { label health } } }',
    '{ worst { ... on Radio { signalDbm } ... on Router { routes } } }',
    '{ worst { id } }',
    '{ alarms { severity device { label neighbours { label neighbours { id } } } cause { ... on Reading { value } ... on Alarm { handled severity } } } }',
    '{ tickets { title subject { ... on Router { label health cpu: routes } ... on Alarm { severity device { label } } } } }',
    '{ named { label ... on Device { id health parent { id ... on Router { routes } } } ... on Note { text } } }',
    '{ matrix { ... on Router { id health } ... on Note { label } } }',
    [
      'query ($id: ID!, $last: Int) { device(id: $id) { ...D neighbours { ...D } } } fragment D on Device { id health readings(last: $last) }',
      { id: 'd1', last: 3 },
    ],
    [
      'query ($id: ID!, $last: Int) { device(id: $id) { ...D neighbours { ...D } } } fragment D on Device { id health readings(last: $last) }',
      { id: 'none' },
    ],
    '{ devices { ... on Named { label ... on Router { routes } } ... on Switch { parent { routes } } ... on Radio { parent { id } } } }',
    '{ devices { ... on Switch { x: ports { peer { id } } } ... on Router { x: tickets { title } } } }',
    '{ devices { ... on Switch { p: parent { label } } ... on Router { p: parent { health } } } }',
    '{ a: worst { label } b: worst { label health } devices { neighbours { label } } }',
  ],
};

function parentOf({ parent }: { parent: Reference | null }) {
  return parent && byId(parent);
}

function note(index: number) {
  return { __typename: 'Note', label: `Note ${index}`, text: 'text', about: index === 1 ? devices[1] : null };
}

function alarm(index: number): object {
  const cause =
    index === 0
      ? null
      : index === 1
        ? { __typename: 'Reading', value: 2 }
        : { __typename: 'Alarm', id: 'a1', severity: 1 };
  return { id: `a${index}`, device: index === 2 ? null : { id: `d${index}` }, severity: index, cause };
}

function ticket(index: number): object {
  const subject =
    index === 0 ? null : index === 1 ? { __typename: 'Router', id: 'd0' } : { __typename: 'Alarm', id: 'a2' };
  return { title: `Ticket ${index}`, subject };
}
