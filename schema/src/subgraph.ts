import { printSubgraphSchema } from '@apollo/subgraph';
import { EntityType, entitiesField, serviceField } from '@apollo/subgraph/dist/types.js';
import { hasResolvableKey } from '@pothos/plugin-federation';
import {
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLUnionType,
  isObjectType,
} from 'graphql';

interface SubgraphBuilder {
  toSchema(options: { sortSchema: boolean }): GraphQLSchema;
  toSubGraphSchema(options: { linkUrl: string }): GraphQLSchema;
}

const linkUrl = 'https://specs.apollo.dev/federation/v2.12';

/**
 * The schema by which a subgraph answers, `_entities` among its fields. What only composition asks for (the order of types,
 * the directives' imports, the SDL) is made when it is asked for: a process that serves would spend a third of its
 * start on it.
 */
export function toSubgraph(builder: SubgraphBuilder): GraphQLSchema {
  const schema = builder.toSchema({ sortSchema: false });
  const config = schema.toConfig();
  const composed = () => builder.toSubGraphSchema({ linkUrl });
  const query = new GraphQLObjectType({
    ...schema.getQueryType()?.toConfig(),
    name: 'Query',
    fields: () => ({ ...federationFields(schema, composed), ...schema.getQueryType()?.toConfig().fields }),
  });
  return new GraphQLSchema({
    ...config,
    query,
    types: config.types.filter(({ name }) => name !== 'Query'),
    extensions: { ...config.extensions, forComposition: composed },
    // Composition validates it, in a test.
    assumeValid: true,
  });
}

function federationFields(schema: GraphQLSchema, composed: () => GraphQLSchema) {
  const entities = Object.values(schema.getTypeMap()).filter(isObjectType).filter(hasResolvableKey);
  const entity = new GraphQLUnionType({ ...EntityType.toConfig(), types: entities });
  return {
    ...(entities.length > 0 && {
      _entities: { ...entitiesField, type: new GraphQLNonNull(new GraphQLList(entity)) },
    }),
    _service: { ...serviceField, resolve: () => ({ sdl: printSubgraphSchema(composed()) }) },
  };
}

/** A subgraph as composition wants it: types in order, federation's directives imported. */
export function forComposition(schema: GraphQLSchema): GraphQLSchema {
  const { forComposition: make } = schema.extensions;
  return typeof make === 'function' ? make() : schema;
}
