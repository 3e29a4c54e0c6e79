import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { type DocumentNode, execute, type GraphQLSchema, parse } from 'graphql';
import type { SubgraphClient, SubgraphResponse } from '../executor.ts';

export interface SubgraphFixture {
  readonly name: string;
  readonly sdl: string;
  // Resolvers in the form that buildSubgraphSchema takes.
  readonly resolvers: Readonly<Record<string, unknown>>;
}

export interface GraphFixture {
  readonly name: string;
  readonly subgraphs: readonly SubgraphFixture[];
  /** Operations that show one feature each; variables beside them. */
  readonly operations: readonly (string | readonly [string, Record<string, unknown>])[];
}

export interface ComposedGraph {
  readonly supergraphSdl: string;
  /** Answers from the fixtures' data, through JSON as over HTTP. */
  readonly client: SubgraphClient;
}

const directives =
  '["@key", "@requires", "@provides", "@external", "@shareable", "@override", "@inaccessible", "@interfaceObject"]';
const header = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ${directives})\n`;

export function composeGraph({ name, subgraphs }: GraphFixture): ComposedGraph {
  const services = subgraphs.map((subgraph) => ({ ...subgraph, typeDefs: parse(header + subgraph.sdl) }));
  const composed = composeServices(
    services.map(({ name, typeDefs }) => ({ name, typeDefs, url: `http://${name}` })),
  );
  if (composed.errors !== undefined) throw new Error(`${name}: ${composed.errors.join('\n')}`);
  const schemas = new Map<string, GraphQLSchema>();
  for (const { name, typeDefs, resolvers } of services) {
    schemas.set(name, buildSubgraphSchema([{ typeDefs, resolvers: resolvers as never }]));
  }
  return { supergraphSdl: composed.supergraphSdl, client: schemaClient(schemas) };
}

function schemaClient(schemas: ReadonlyMap<string, GraphQLSchema>): SubgraphClient {
  const documents = new Map<string, DocumentNode>();
  return {
    async fetch(subgraph, { query, operationName, variables }) {
      const schema = schemas.get(subgraph);
      if (schema === undefined) throw new Error(`No subgraph ${subgraph}`);
      let document = documents.get(query);
      if (document === undefined) {
        document = parse(query);
        if (documents.size > 200) documents.clear();
        documents.set(query, document);
      }
      const result = await execute({
        schema,
        document,
        variableValues: variables,
        ...(operationName === undefined ? {} : { operationName }),
      });
      return JSON.parse(JSON.stringify(result)) as SubgraphResponse;
    },
  };
}
