import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import type { CostDirectives, ListSize } from './cost-directives.ts';

type Variables = Readonly<Record<string, unknown>>;
/** What an operation costs with these variables. */
export type Cost = (variables: Variables) => number;

/** Entries of a list whose length nobody says, and of a page whose size nobody asks for. */
const assumedListSize = 10;
const assumedPageSize = 20;
const mutationWeight = 10;
/** The whole schema is a third of a megabyte of text and takes the time of a hundred ordinary queries. */
const schemaWeights: Readonly<Record<string, number>> = { __schema: 20_000, __type: 1_000 };
const sliceArguments = ['first', 'last', 'limit'];
const pageFields = ['edges', 'nodes'];

/**
 * What an operation costs at worst, before it is planned. Every object counts 1 (a mutation 10), scalars nothing; what
 * lies in a list counts as often as the list may have entries: its `first`, `last` or `limit`, else 10, or 20 for a page
 * of a connection. `@cost` and `@listSize` of the supergraph say otherwise where they stand. `@skip` and `@include` are
 * not looked at: the costlier way counts.
 */
export function compileCost(
  schema: GraphQLSchema,
  directives: CostDirectives,
  document: DocumentNode,
  operationName: string | undefined,
): Cost {
  const fragments = new Map<string, FragmentDefinitionNode>();
  let operation: OperationDefinitionNode | undefined;
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
    else if (definition.kind === Kind.OPERATION_DEFINITION) {
      if (operationName === undefined || definition.name?.value === operationName) operation ??= definition;
    }
  }
  if (operation === undefined) return () => 0;
  const defaults = new Map<string, unknown>(
    (operation.variableDefinitions ?? []).map(({ variable, defaultValue }) => [
      variable.name.value,
      defaultValue?.kind === Kind.INT ? Number(defaultValue.value) : undefined,
    ]),
  );
  const isMutation = operation.operation === 'mutation';
  const root = schema.getRootType(operation.operation);

  /** `sized` gives the length of the lists among these fields that a page's arguments decide. */
  function ofSelections(
    { selections }: SelectionSetNode,
    type: GraphQLNamedType,
    sized: Sized | null,
    isRoot = false,
  ): Cost {
    const costs = selections.map((selection) => {
      if (selection.kind === Kind.FIELD) return ofField(selection, type, sized, isRoot);
      const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
      if (inner === undefined) return free;
      const name = inner.typeCondition?.name.value;
      const condition = name === undefined ? type : (schema.getType(name) ?? type);
      return ofSelections(inner.selectionSet, condition, sized, isRoot);
    });
    return sum(costs);
  }

  function ofField(field: FieldNode, parent: GraphQLNamedType, sized: Sized | null, isRoot: boolean): Cost {
    const name = field.name.value;
    if (name.startsWith('__')) return isRoot ? () => schemaWeights[name] ?? 1 : free;
    const definition = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
    if (definition === undefined) return free;
    const type = getNamedType(definition.type);
    const coordinate = `${parent.name}.${name}`;
    const weight =
      directives.fieldWeights.get(coordinate) ??
      directives.typeWeights.get(type.name) ??
      (isRoot && isMutation ? mutationWeight : isCompositeType(type) ? 1 : 0);
    const isList = isListType(isNonNullType(definition.type) ? definition.type.ofType : definition.type);
    const listSize = directives.listSizes.get(coordinate);
    const slice = sliceOf(
      field,
      definition.args.map((argument) => argument.name),
      listSize,
      isList,
    );
    const page =
      isList || slice === null ? null : { fields: listSize?.sizedFields ?? pageFields, size: slice };
    const below = field.selectionSet === undefined ? free : ofSelections(field.selectionSet, type, page);
    const length = isList
      ? (slice ??
        (sized?.fields.includes(name) === true ? sized.size : () => listSize?.assumedSize ?? assumedListSize))
      : null;
    if (length === null) return (variables) => weight + below(variables);
    return (variables) => length(variables) * (weight + below(variables));
  }

  /** How many entries the arguments ask for; null when none of them says it. */
  function sliceOf(
    field: FieldNode,
    known: readonly string[],
    listSize: ListSize | undefined,
    isList: boolean,
  ): Cost | null {
    const names = (listSize?.slicingArguments ?? sliceArguments).filter((name) => known.includes(name));
    if (names.length === 0) return null;
    const given = (field.arguments ?? []).filter(({ name }) => names.includes(name.value));
    const fallback = listSize?.assumedSize ?? (isList ? assumedListSize : assumedPageSize);
    return (variables) => {
      let size: number | undefined;
      for (const { value } of given) {
        const wanted = numberOf(value, variables);
        if (wanted !== undefined) size = Math.max(size ?? 0, wanted);
      }
      return size ?? fallback;
    };
  }

  function numberOf(value: ValueNode, variables: Variables): number | undefined {
    if (value.kind === Kind.INT) return Number(value.value);
    if (value.kind !== Kind.VARIABLE) return undefined;
    const name = value.name.value;
    const given = variables[name] === undefined ? defaults.get(name) : variables[name];
    return typeof given === 'number' ? given : undefined;
  }

  return root === undefined || root === null ? free : ofSelections(operation.selectionSet, root, null, true);
}

interface Sized {
  readonly fields: readonly string[];
  readonly size: Cost;
}

const free: Cost = () => 0;

function sum(costs: readonly Cost[]): Cost {
  const all = costs.filter((cost) => cost !== free);
  if (all.length === 0) return free;
  return (variables) => {
    let total = 0;
    for (const cost of all) total += cost(variables);
    return total;
  };
}
