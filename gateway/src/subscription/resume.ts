import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  parseType,
  type SelectionNode,
  type SelectionSetNode,
  type TypeNode,
  type ValueNode,
  visit,
} from 'graphql';
import { GatewayError } from '../errors.ts';

/** Under this name the gateway asks for an event's cursor, whether or not the client does. */
const cursorAlias = '_dotmac_cursor';
/** In this variable it tells the subgraph where to go on. */
export const afterVariable = '_dotmac_after';

type Json = Readonly<Record<string, unknown>>;

/** A subscription as the gateway runs it: with the cursor selected, and the start in a variable of its own. */
export interface ResumableOperation {
  readonly document: DocumentNode;
  /** Whether events carry cursors, so that the stream can go on after a break. */
  readonly resumable: boolean;
  /**
   * The cursor that the client starts from; null for now.
   * @throws GatewayError `BAD_REQUEST` when it is no string.
   */
  startOf(variables: Json): string | null;
  /** The client's variables without the start. */
  sharedVariables(variables: Json): Json;
  /** The cursor of an event as the subgraph sent it. */
  cursorOf(data: unknown): string | null;
  /** Takes out of an answer what the client did not ask for. */
  strip(data: unknown): void;
}

/**
 * Makes a validated subscription resumable where its root field has an argument `after` and its type a field `cursor`;
 * otherwise the operation is run as it is.
 */
export function resumableOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | undefined,
): ResumableOperation {
  const operation = operationOf(document, operationName);
  const root = rootFieldOf(operation, document);
  const definition = root && schema.getSubscriptionType()?.getFields()[root.name.value];
  const after = definition?.args.find(({ name }) => name === 'after');
  const type = definition && getNamedType(definition.type);
  const hasCursor = (isObjectType(type) || isInterfaceType(type)) && type.getFields().cursor !== undefined;
  if (root === undefined || after === undefined || !hasCursor) return notResumable(document);

  const given = root.arguments?.find(({ name }) => name.value === 'after')?.value;
  const rootKey = root.alias?.value ?? root.name.value;
  const rewritten = withCursor(root);
  const clientVariable = given?.kind === Kind.VARIABLE ? given.name.value : undefined;
  const dropped =
    clientVariable !== undefined && !usesVariable(document, operation, rewritten, clientVariable)
      ? clientVariable
      : undefined;
  const newOperation: OperationDefinitionNode = {
    ...operation,
    variableDefinitions: [
      ...(operation.variableDefinitions ?? []).filter(({ variable }) => variable.name.value !== dropped),
      {
        kind: Kind.VARIABLE_DEFINITION,
        variable: { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: afterVariable } },
        type: parseType(String(after.type)) as TypeNode,
      },
    ],
    selectionSet: { kind: Kind.SELECTION_SET, selections: [rewritten] },
  };
  return {
    document: {
      ...document,
      definitions: document.definitions.map((item) => (item === operation ? newOperation : item)),
    },
    resumable: true,
    startOf: (variables) => cursorFrom(given, operation, variables),
    sharedVariables: (variables) =>
      Object.fromEntries(
        Object.entries(variables).filter(([name]) => name !== dropped && name !== afterVariable),
      ),
    cursorOf(data) {
      const payload = objectAt(data, rootKey);
      const cursor = payload?.[cursorAlias];
      return typeof cursor === 'string' ? cursor : null;
    },
    strip(data) {
      const payload = objectAt(data, rootKey);
      if (payload !== undefined) delete payload[cursorAlias];
    },
  };
}

function notResumable(document: DocumentNode): ResumableOperation {
  return {
    document,
    resumable: false,
    startOf: () => null,
    sharedVariables: (variables) => variables,
    cursorOf: () => null,
    strip: () => undefined,
  };
}

function operationOf(document: DocumentNode, name: string | undefined): OperationDefinitionNode {
  const operations = document.definitions.filter((item) => item.kind === Kind.OPERATION_DEFINITION);
  const operation = name === undefined ? operations[0] : operations.find((item) => item.name?.value === name);
  if (operation === undefined) throw new Error('Only prepared operations come here');
  return operation;
}

/**
 * The one root field, also out of fragments; several selections of it (validation makes sure that they agree) become
 * one. Undefined when a directive decides whether it is there.
 */
function rootFieldOf(operation: OperationDefinitionNode, document: DocumentNode): FieldNode | undefined {
  const fields: FieldNode[] = [];
  const collect = ({ selections }: SelectionSetNode): boolean =>
    selections.every((selection) => {
      if ((selection.directives?.length ?? 0) > 0) return false;
      if (selection.kind === Kind.FIELD) return fields.push(selection) > 0;
      const inner =
        selection.kind === Kind.INLINE_FRAGMENT ? selection : fragmentOf(document, selection.name.value);
      return inner !== undefined && collect(inner.selectionSet);
    });
  if (!collect(operation.selectionSet)) return undefined;
  const [first] = fields;
  if (first?.selectionSet === undefined) return undefined;
  const selections = fields.flatMap((field) => field.selectionSet?.selections ?? []);
  return { ...first, selectionSet: { kind: Kind.SELECTION_SET, selections } };
}

function fragmentOf(document: DocumentNode, name: string): FragmentDefinitionNode | undefined {
  return document.definitions.find(
    (item) => item.kind === Kind.FRAGMENT_DEFINITION && item.name.value === name,
  ) as FragmentDefinitionNode | undefined;
}

function withCursor(root: FieldNode): FieldNode {
  const cursor: SelectionNode = {
    kind: Kind.FIELD,
    alias: { kind: Kind.NAME, value: cursorAlias },
    name: { kind: Kind.NAME, value: 'cursor' },
  };
  const after: ArgumentNode = {
    kind: Kind.ARGUMENT,
    name: { kind: Kind.NAME, value: 'after' },
    value: { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: afterVariable } },
  };
  return {
    ...root,
    arguments: [...(root.arguments ?? []).filter(({ name }) => name.value !== 'after'), after],
    selectionSet: {
      kind: Kind.SELECTION_SET,
      selections: [...(root.selectionSet?.selections ?? []), cursor],
    },
  };
}

/** Whether anything but the start itself needs the client's variable. */
function usesVariable(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  rewritten: FieldNode,
  name: string,
): boolean {
  let found = false;
  const visitor = {
    Variable(node: { readonly name: { readonly value: string } }): undefined {
      if (node.name.value === name) found = true;
    },
  };
  visit(rewritten, visitor);
  for (const directive of operation.directives ?? []) visit(directive, visitor);
  for (const item of document.definitions) if (item.kind === Kind.FRAGMENT_DEFINITION) visit(item, visitor);
  return found;
}

function cursorFrom(
  given: ValueNode | undefined,
  operation: OperationDefinitionNode,
  variables: Json,
): string | null {
  let value: unknown = null;
  if (given?.kind === Kind.STRING) value = given.value;
  else if (given?.kind === Kind.VARIABLE) {
    const name = given.name.value;
    const fallback = operation.variableDefinitions?.find(
      ({ variable }) => variable.name.value === name,
    )?.defaultValue;
    value = variables[name] ?? (fallback?.kind === Kind.STRING ? fallback.value : null);
  } else if (given !== undefined && given.kind !== Kind.NULL) value = given;
  if (value === null || typeof value === 'string') return value;
  throw new GatewayError('BAD_REQUEST', '"after" must be a cursor that an event carried');
}

function objectAt(data: unknown, key: string): Record<string, unknown> | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const value = (data as Json)[key];
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}
