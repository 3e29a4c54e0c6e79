import { Supergraph } from '@apollo/federation-internals';
import { type AccessRules, readAccessRules } from '@dotmac/schema/access';
import { buildSchema, type GraphQLSchema } from 'graphql';

/** A graph as clients meet it. */
export interface Graph {
  readonly schema: GraphQLSchema;
  /** Null where the text says nothing of who may use what. */
  readonly access: AccessRules | null;
}

/**
 * Reads a supergraph, or the plain SDL of a graph.
 * @throws Error that says what is wrong with it.
 */
export function readGraph(sdl: string): Graph {
  if (!sdl.includes('@join__type')) return { schema: buildSchema(sdl), access: null };
  const schema = Supergraph.build(sdl).apiSchema().toGraphQLJSSchema();
  return { schema, access: readAccessRules(sdl) };
}
