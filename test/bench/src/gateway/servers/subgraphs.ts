import { buildSubgraphSchema } from '@apollo/subgraph';
import { execute, type GraphQLSchema, parse } from 'graphql';
import { subgraphSdl } from '../graph.ts';
import { serveParent } from './child.ts';
import { listen, readBody } from './http.ts';

/** All subgraphs of the benchmark. Every answer is computed once: what is measured is the gateway in front. */

interface Reference {
  readonly id: string;
}

const numberOf = ({ id }: Reference) => Number(id.slice(1));
const money = (cents: number) => ({ amount: String(cents), currency: 'ZAR' });
const customer = (index: number): object => ({
  id: `c${index}`,
  name: `Customer number ${index}`,
  email: `customer-${index}@example.net`,
  city: ['Musina', 'Polokwane', 'Thohoyandou'][index % 3],
  referredBy: index % 4 === 0 ? null : () => customer(index % 7),
});
const partner = (index: number) => ({ id: `p${index}`, name: `Partner ${index}`, territory: 'Limpopo' });
const site = (index: number) => ({ id: `t${index}`, name: `Tower ${index}`, signalDbm: -60.25 - index });
const range = <Item>(count: number, item: (index: number) => Item) =>
  Array.from({ length: count }, (_, i) => item(i));

const resolvers: Readonly<Record<string, Record<string, unknown>>> = {
  subscribers: {
    Query: {
      version: () => '1',
      customers: (_: unknown, { first }: { first: number }) => range(first, customer),
    },
    Customer: { __resolveReference: (reference: Reference) => customer(numberOf(reference)) },
  },
  billing: {
    Customer: {
      __resolveReference: (reference: Reference) => reference,
      balance: (reference: Reference) => money(numberOf(reference) * 100),
      invoices: (reference: Reference, { first }: { first: number }) =>
        range(first, (index) => ({
          id: `i${numberOf(reference)}-${index}`,
          number: `2026-${numberOf(reference)}-${index}`,
          total: money(59900),
          paid: index % 2 === 0,
          lines: range(3, (line) => ({
            text: `Fibre 100 Mbit/s, part ${line}`,
            quantity: line + 1,
            price: money(19900),
          })),
        })),
    },
  },
  network: {
    Customer: {
      __resolveReference: (reference: Reference) => reference,
      sessions: (reference: Reference, { first }: { first: number }) =>
        range(first, (index) => ({
          id: `s${numberOf(reference)}-${index}`,
          state: index === 0 ? 'OPEN' : 'CLOSED',
          uptimeSeconds: 86_400 + index,
          downstreamOctets: '1099511627776',
          site: site(numberOf(reference) % 9),
        })),
    },
  },
  partners: {
    Customer: {
      __resolveReference: (reference: Reference) => reference,
      partner: (reference: Reference) =>
        numberOf(reference) % 5 === 0 ? null : partner(numberOf(reference) % 3),
    },
    Site: {
      __resolveReference: (reference: Reference) => reference,
      installer: (reference: Reference) => partner(numberOf(reference) % 3),
    },
  },
};

/** One server for all of them, as in a tenant's runtime: `/graphql/<subgraph>`. */
async function serve(schemas: ReadonlyMap<string, GraphQLSchema>): Promise<string> {
  const answers = new Map<string, Buffer>();
  return listen(async (request, response) => {
    const text = await readBody(request);
    const question = `${request.url} ${text}`;
    let answer = answers.get(question);
    if (answer === undefined) {
      const schema = schemas.get(request.url?.split('/').at(-1) ?? '');
      if (schema === undefined) throw new Error(`No subgraph at ${request.url}`);
      const { query, variables } = JSON.parse(text) as { query: string; variables: Record<string, unknown> };
      const result = await execute({ schema, document: parse(query), variableValues: variables });
      answer = Buffer.from(JSON.stringify(result));
      answers.set(question, answer);
    }
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length });
    response.end(answer);
  });
}

if (import.meta.main) {
  const schemas = new Map(
    Object.entries(subgraphSdl).map(([name, sdl]) => {
      const own = (resolvers[name] ?? {}) as never;
      return [name, buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers: own }])];
    }),
  );
  const url = await serve(schemas);
  serveParent({ urls: Object.fromEntries([...schemas.keys()].map((name) => [name, `${url}/${name}`])) });
}
