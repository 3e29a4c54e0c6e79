import { Supergraph } from '@apollo/federation-internals';
import { printSchema } from 'graphql';

/** The SDL of a supergraph as clients see it, without what federation adds. @throws when it is no supergraph. */
export function apiSchema(supergraph: string): string {
  return `${printSchema(Supergraph.build(supergraph).apiSchema().toGraphQLJSSchema())}\n`;
}
