import { composeServices } from '@apollo/composition';
import { printSubgraphSchema } from '@apollo/subgraph';
import { type GraphQLSchema, parse } from 'graphql';

/** The SDL of one subgraph, federation directives included. */
export const printSubgraph = printSubgraphSchema;

/** The supergraph SDL of these subgraphs, or an error that lists every reason why they do not compose. */
export function compose(subgraphs: Readonly<Record<string, GraphQLSchema>>): string {
  const services = Object.entries(subgraphs).map(([name, schema]) => ({
    name,
    url: `local://${name}`,
    typeDefs: parse(printSubgraphSchema(schema)),
  }));
  const { supergraphSdl, errors = [] } = composeServices(services);
  if (supergraphSdl === undefined) {
    throw new AggregateError(errors, `The supergraph does not compose: ${errors.join('; ')}`);
  }
  return supergraphSdl;
}
