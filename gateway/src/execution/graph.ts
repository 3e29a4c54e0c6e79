import { type Schema, Supergraph } from '@apollo/federation-internals';
import { QueryPlanner } from '@apollo/query-planner';
import type { GraphQLSchema } from 'graphql';
import { type ApolloInternals, loadApolloInternals } from './apollo-internals.ts';

/** A supergraph, ready to plan and execute. */
export interface Graph {
  /** What clients may ask, for graphql-js. */
  readonly schema: GraphQLSchema;
  /** The same for Apollo's packages. */
  readonly apiSchema: Schema;
  readonly supergraphSchema: GraphQLSchema;
  readonly queryPlanner: QueryPlanner;
  readonly internals: ApolloInternals;
}

/**
 * Builds all of it once. Throws when the supergraph uses a feature that nobody here enforces or executes
 * (`@authenticated`, `@requiresScopes`, `@policy`, `@context`), or Apollo's packages are not those that were proven.
 */
export function buildGraph(supergraphSdl: string): Graph {
  const internals = loadApolloInternals();
  const supergraph = Supergraph.build(supergraphSdl, { validateSupergraph: true });
  const apiSchema = supergraph.apiSchema();
  return {
    schema: apiSchema.toGraphQLJSSchema(),
    apiSchema,
    supergraphSchema: supergraph.schema.toGraphQLJSSchema(),
    queryPlanner: new QueryPlanner(supergraph),
    internals,
  };
}
