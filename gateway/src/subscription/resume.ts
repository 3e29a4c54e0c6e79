import type { SnapshotPlace } from '@dotmac/platform';
import type { Topic } from '@dotmac/schema';
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
  valueFromASTUntyped,
  visit,
} from 'graphql';
import { GatewayError } from '../errors.ts';

/** Under these names the gateway asks for what it must know of an event, whether or not the client does. */
const cursorAlias = '_dotmac_cursor';
const placeAlias = '_dotmac_place';
const keyAlias = '_dotmac_key';
/** In these variables it tells the subgraph where to begin. */
const afterVariable = '_dotmac_after';
const initialVariable = '_dotmac_initial';
const ownVariables: readonly string[] = [afterVariable, initialVariable];

type Json = Readonly<Record<string, unknown>>;

/** Where a client's events begin: after a cursor; else now, with a snapshot of what stands first or without. */
export interface Start {
  readonly after: string | null;
  /** False where `after` is given: who comes back has had his snapshot. */
  readonly initial: boolean;
}

/** What the gateway must know of an event. */
export interface EventMarks {
  readonly cursor: string | null;
  readonly place: SnapshotPlace | null;
  /** Where only the newest of a key matters. */
  readonly key: string | null;
}

/** A subscription as the gateway runs it: with the marks selected, and the start in variables of its own. */
export interface ResumableOperation {
  readonly document: DocumentNode;
  /** Whether events carry cursors, so that the stream can go on after a break. */
  readonly resumable: boolean;
  /** Whether only the newest of a key matters to a client who is slow. */
  readonly coalesces: boolean;
  /**
   * @param lastEventId where a client goes on that says so outside of its document.
   * @throws GatewayError `BAD_REQUEST` when the cursor is no string.
   */
  startOf(variables: Json, lastEventId: string | null): Start;
  /** The client's variables without the start. */
  sharedVariables(variables: Json): Json;
  /** What tells the subgraph where to begin. */
  startVariables(start: Start): Json;
  /** The marks of an event as the subgraph sent it. */
  marksOf(data: unknown): EventMarks;
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
  topics: Readonly<Record<string, Topic>>,
): ResumableOperation {
  const operation = operationOf(document, operationName);
  const root = rootFieldOf(operation, document);
  const definition = root && schema.getSubscriptionType()?.getFields()[root.name.value];
  const after = definition?.args.find(({ name }) => name === 'after');
  const type = definition && getNamedType(definition.type);
  const fields = isObjectType(type) || isInterfaceType(type) ? type.getFields() : {};
  if (root === undefined || after === undefined || fields.cursor === undefined) return notResumable(document);

  const initial = definition?.args.find(({ name }) => name === 'initial');
  const starts = initial === undefined || fields.snapshot === undefined ? [after] : [after, initial];
  const topic = topics[root.name.value];
  const key = topic?.kind === 'STATE' ? topic.key : null;
  const given = (name: string) => root.arguments?.find((argument) => argument.name.value === name)?.value;
  const rootKey = root.alias?.value ?? root.name.value;
  const rewritten = withMarks(root, { starts, key });
  const dropped = starts.flatMap(({ name }) => {
    const value = given(name);
    const used =
      value?.kind === Kind.VARIABLE && !usesVariable(document, operation, rewritten, value.name.value);
    return used ? [value.name.value] : [];
  });
  const newOperation: OperationDefinitionNode = {
    ...operation,
    variableDefinitions: [
      ...(operation.variableDefinitions ?? []).filter(
        ({ variable }) => !dropped.includes(variable.name.value),
      ),
      ...starts.map((argument) => ({
        kind: Kind.VARIABLE_DEFINITION as const,
        variable: variableNamed(argument.name),
        type: parseType(String(argument.type)) as TypeNode,
      })),
    ],
    selectionSet: { kind: Kind.SELECTION_SET, selections: [rewritten] },
  };
  return {
    document: {
      ...document,
      definitions: document.definitions.map((item) => (item === operation ? newOperation : item)),
    },
    resumable: true,
    coalesces: key !== null,
    startOf(variables, lastEventId) {
      const cursor = lastEventId ?? cursorFrom(given('after'), operation, variables);
      const wanted = starts.length > 1 && argumentValue(given('initial'), operation, variables) === true;
      return { after: cursor, initial: cursor === null && wanted };
    },
    sharedVariables: (variables) =>
      Object.fromEntries(
        Object.entries(variables).filter(([name]) => !dropped.includes(name) && !ownVariables.includes(name)),
      ),
    startVariables: (start) => ({
      ...(start.after === null ? {} : { [afterVariable]: start.after }),
      ...(starts.length > 1 ? { [initialVariable]: start.initial } : {}),
    }),
    marksOf: (data) => marksOf(objectAt(data, rootKey)),
    strip(data) {
      const payload = objectAt(data, rootKey);
      if (payload === undefined) return;
      delete payload[cursorAlias];
      if (starts.length > 1) delete payload[placeAlias];
      if (key !== null) delete payload[keyAlias];
    },
  };
}

function marksOf(payload: Json | undefined): EventMarks {
  const cursor = payload?.[cursorAlias];
  const place = payload?.[placeAlias] as SnapshotPlace | null | undefined;
  const key = payload?.[keyAlias];
  return {
    cursor: typeof cursor === 'string' ? cursor : null,
    place: place ?? null,
    // What belongs to a snapshot is complete or worth nothing.
    key: typeof key === 'string' && place == null ? key : null,
  };
}

function notResumable(document: DocumentNode): ResumableOperation {
  return {
    document,
    resumable: false,
    coalesces: false,
    startOf: () => ({ after: null, initial: false }),
    sharedVariables: (variables) => variables,
    startVariables: () => ({}),
    marksOf: () => ({ cursor: null, place: null, key: null }),
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

function variableNamed(argument: string) {
  const value = argument === 'after' ? afterVariable : initialVariable;
  return { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value } } as const;
}

function withMarks(
  root: FieldNode,
  { starts, key }: { readonly starts: readonly { readonly name: string }[]; readonly key: string | null },
): FieldNode {
  const names = starts.map(({ name }) => name);
  const added: SelectionNode[] = [select('cursor', cursorAlias)];
  if (names.includes('initial'))
    added.push({
      ...select('snapshot', placeAlias),
      selectionSet: { kind: Kind.SELECTION_SET, selections: [select('number'), select('of')] },
    });
  if (key !== null) added.push(select(key, keyAlias));
  return {
    ...root,
    arguments: [
      ...(root.arguments ?? []).filter(({ name }) => !names.includes(name.value)),
      ...names.map(
        (name): ArgumentNode => ({
          kind: Kind.ARGUMENT,
          name: { kind: Kind.NAME, value: name },
          value: variableNamed(name),
        }),
      ),
    ],
    selectionSet: {
      kind: Kind.SELECTION_SET,
      selections: [...(root.selectionSet?.selections ?? []), ...added],
    },
  };
}

function select(name: string, alias?: string): FieldNode {
  return {
    kind: Kind.FIELD,
    ...(alias === undefined ? {} : { alias: { kind: Kind.NAME, value: alias } }),
    name: { kind: Kind.NAME, value: name },
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

/** The value of an argument; undefined when it is not given. */
function argumentValue(
  given: ValueNode | undefined,
  operation: OperationDefinitionNode,
  variables: Json,
): unknown {
  if (given === undefined) return undefined;
  if (given.kind !== Kind.VARIABLE) return valueFromASTUntyped(given);
  const name = given.name.value;
  if (variables[name] !== undefined) return variables[name];
  const definition = operation.variableDefinitions?.find(({ variable }) => variable.name.value === name);
  return definition?.defaultValue === undefined ? undefined : valueFromASTUntyped(definition.defaultValue);
}

function cursorFrom(
  given: ValueNode | undefined,
  operation: OperationDefinitionNode,
  variables: Json,
): string | null {
  const value = argumentValue(given, operation, variables) ?? null;
  if (value === null || typeof value === 'string') return value;
  throw new GatewayError('BAD_REQUEST', '"after" must be a cursor that an event carried');
}

function objectAt(data: unknown, key: string): Record<string, unknown> | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const value = (data as Json)[key];
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}
