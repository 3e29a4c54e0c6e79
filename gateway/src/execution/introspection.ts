import {
  type DocumentNode,
  executeSync,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionNode,
  visit,
} from 'graphql';

/** Answers one `__schema` or `__type` selection of an operation from the API schema. */
export function executeIntrospection(
  schema: GraphQLSchema,
  selection: SelectionNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): unknown {
  const used = new Set<string>();
  visit(selection, { Variable: ({ name }) => void used.add(name.value) });
  const document: DocumentNode = {
    kind: Kind.DOCUMENT,
    definitions: [
      {
        kind: Kind.OPERATION_DEFINITION,
        operation: OperationTypeNode.QUERY,
        variableDefinitions: (operation.variableDefinitions ?? []).filter((definition) =>
          used.has(definition.variable.name.value),
        ),
        selectionSet: { kind: Kind.SELECTION_SET, selections: [selection] },
      },
    ],
  };
  const { data, errors } = executeSync({ schema, document, rootValue: {}, variableValues: variables });
  const text = JSON.stringify(selection);
  if (errors !== undefined && errors.length > 0) {
    throw new Error(
      `Introspection query for ${text} should not have failed but got ${JSON.stringify(errors)}`,
    );
  }
  if (!data) throw new Error(`Introspection query for ${text} should not have failed`);
  const name = selection.kind === Kind.FIELD ? (selection.alias ?? selection.name).value : '';
  return data[name];
}
