import {
  type GraphQLError,
  type GraphQLSchema,
  getVariableValues,
  type OperationDefinitionNode,
} from 'graphql';

/** What is wrong with the client's variables, as the stock gateway says it; empty when they fit. */
export function variableErrors(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): readonly GraphQLError[] {
  if (operation.variableDefinitions === undefined || operation.variableDefinitions.length === 0) return [];
  return getVariableValues(schema, operation.variableDefinitions, variables).errors ?? [];
}
