import { composeServices } from '@apollo/composition';
import { printSubgraphSchema } from '@apollo/subgraph';
import { type GraphQLSchema, parse } from 'graphql';
import { withAccess } from './access-directive.ts';
import { withCacheControl } from './cache-directive.ts';
import { forComposition } from './subgraph.ts';

/** The SDL of one subgraph, with the directives of federation, who may use its fields, and how long answers hold. */
export function printSubgraph(name: string, schema: GraphQLSchema): string {
  return withAccess(name, schema, withCacheControl(schema, printSubgraphSchema(forComposition(schema))));
}

/** The supergraph SDL of these subgraphs, or an error that lists every reason why they do not compose. */
export function compose(subgraphs: Readonly<Record<string, GraphQLSchema>>): string {
  const services = Object.entries(subgraphs).map(([name, schema]) => ({
    name,
    url: `local://${name}`,
    typeDefs: parse(printSubgraph(name, schema)),
  }));
  const { supergraphSdl, errors = [] } = composeServices(services);
  if (supergraphSdl === undefined) {
    throw new AggregateError(errors, `The supergraph does not compose: ${errors.join('; ')}`);
  }
  return supergraphSdl;
}
