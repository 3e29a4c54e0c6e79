import {
  type CompositeType,
  type Field,
  isCompositeType,
  isCustomScalarType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isSubtype,
  type Operation,
  type Schema,
  type Selection,
  type SelectionSet,
  type Type,
  typenameFieldName,
  Variable,
} from '@apollo/federation-internals';

type Json = Record<string, unknown>;

/** The value is not what the schema promises, or needs the reference shaping. */
export const unusual = Symbol('unusual');
type Completer = (value: unknown) => unknown;

/** Shapes merged subgraph data into the client's `data`, or says {@link unusual}. Never changes its input. */
export type Shaper = (input: Json) => Json | typeof unusual;

/** Values of the variables that `@skip` and `@include` use. */
export type Conditions = ReadonlyMap<string, boolean>;

/**
 * Compiles the shaping of an operation's regular answers for one setting of its `@skip` and `@include` variables.
 * It knows only data that fits the schema: a null in a non-null place, a wrong leaf, an unknown `__typename` and the
 * like are {@link unusual}, and the caller then uses Apollo's own shaping, which knows what to say about them.
 * `null` when the operation has parts left to Apollo's shaping: introspection, or a response name that every
 * JavaScript object already has.
 */
export function compileShaper(operation: Operation, conditions: Conditions): Shaper | null {
  const schema = operation.schema();
  const rootType = schema.schemaDefinition.rootType(operation.rootKind);
  if (rootType === undefined) return null;
  for (const { element } of selectionsOf(operation)) {
    if (element.kind !== 'Field') continue;
    if (element.definition.isSchemaIntrospectionField() || element.responseName() in Object.prototype)
      return null;
  }
  const complete = compileComposite(rootType, [operation.selectionSet], { schema, conditions });
  return (input) => complete(input) as Json | typeof unusual;
}

/** Names of the variables that decide an operation's `@skip` and `@include`. */
export function conditionVariables(operation: Operation): readonly string[] {
  const names = new Set<string>();
  for (const selection of selectionsOf(operation)) {
    for (const directive of conditionsOf(selection)) {
      const value: unknown = directive.arguments().if;
      if (value instanceof Variable) names.add(value.name);
    }
  }
  return [...names];
}

function* selectionsOf(operation: Operation): Generator<Selection> {
  const seen = new Set<SelectionSet>([operation.selectionSet]);
  for (const selectionSet of seen) {
    for (const selection of selectionSet.selections()) {
      yield selection;
      if (selection.selectionSet !== undefined) seen.add(selection.selectionSet);
    }
  }
}

function conditionsOf({ element }: Selection) {
  return element.appliedDirectives.filter(({ name }) => name === 'skip' || name === 'include');
}

interface Scope {
  readonly schema: Schema;
  readonly conditions: Conditions;
}

function isSkipped(selection: Selection, { conditions }: Scope): boolean {
  return conditionsOf(selection).some((directive) => {
    const value: unknown = directive.arguments().if;
    const holds = value instanceof Variable ? conditions.get(value.name) : value;
    return (directive.name === 'skip') === holds;
  });
}

/** What one object type's selection comes down to: a response name once, with all its sub-selections. */
interface CollectedField {
  readonly field: Field;
  readonly parentType: CompositeType;
  readonly selectionSets: SelectionSet[];
  /** Selected with two types, an interface's and an object's: left to Apollo's shaping. */
  mixed: boolean;
}

/**
 * Fields in response order. `typename` is what the data says, if it does; without it fragments apply by the
 * type known so far, as in the stock gateway.
 */
function collectFields(
  selectionSets: readonly SelectionSet[],
  typename: string | undefined,
  parentType: CompositeType,
  scope: Scope,
  fields: Map<string, CollectedField>,
): Map<string, CollectedField> {
  for (const selectionSet of selectionSets) {
    for (const selection of selectionSet.selections()) {
      if (isSkipped(selection, scope)) continue;
      if (selection.kind === 'FieldSelection') {
        const field = selection.element;
        const existing = fields.get(field.responseName());
        if (existing === undefined) {
          const selectionSets = selection.selectionSet === undefined ? [] : [selection.selectionSet];
          fields.set(field.responseName(), { field, parentType, selectionSets, mixed: false });
        } else if (selection.selectionSet !== undefined) {
          existing.selectionSets.push(selection.selectionSet);
          existing.mixed ||= String(existing.field.definition.type) !== String(field.definition.type);
        }
        continue;
      }
      const { typeCondition } = selection.element;
      const type = typename === undefined ? parentType : scope.schema.type(typename);
      if (typeCondition !== undefined && !(type !== undefined && isSubtype(typeCondition, type))) continue;
      collectFields([selection.selectionSet], typename, typeCondition ?? parentType, scope, fields);
    }
  }
  return fields;
}

function compileType(type: Type, selectionSets: readonly SelectionSet[], scope: Scope): Completer {
  if (isNonNullType(type)) {
    const complete = compileType(type.ofType, selectionSets, scope);
    return (value) => (value === null || value === undefined ? unusual : complete(value));
  }
  if (isListType(type)) return compileList(compileType(type.ofType, selectionSets, scope));
  if (isCompositeType(type)) return compileComposite(type, selectionSets, scope);
  const isValid = leafTest(type, scope.schema);
  return (value) => (value === null || value === undefined ? null : isValid(value) ? value : unusual);
}

function compileList(complete: Completer): Completer {
  return (value) => {
    if (value === null || value === undefined) return null;
    if (!Array.isArray(value)) return unusual;
    const completed = new Array<unknown>(value.length);
    for (let index = 0; index < value.length; index += 1) {
      const element = complete(value[index]);
      if (element === unusual) return unusual;
      completed[index] = element;
    }
    return completed;
  };
}

function compileComposite(
  type: CompositeType,
  selectionSets: readonly SelectionSet[],
  scope: Scope,
): Completer {
  let untyped: Completer | undefined;
  const byTypename = new Map<string, Completer>();
  return (value) => {
    if (value === null || value === undefined) return null;
    if (typeof value !== 'object' || Array.isArray(value)) return unusual;
    const typename: unknown = (value as Json)[typenameFieldName];
    if (typename === undefined) {
      untyped ??= compileObject(type, undefined, selectionSets, scope);
      return untyped(value);
    }
    let complete = byTypename.get(typename as string);
    if (complete === undefined) {
      if (typeof typename !== 'string') return unusual;
      const runtimeType = scope.schema.type(typename);
      if (runtimeType === undefined || !isCompositeType(runtimeType)) return unusual;
      complete = compileObject(runtimeType, typename, selectionSets, scope);
      byTypename.set(typename, complete);
    }
    return complete(value);
  };
}

function compileObject(
  type: CompositeType,
  typename: string | undefined,
  selectionSets: readonly SelectionSet[],
  scope: Scope,
): Completer {
  const names: string[] = [];
  const completers: Completer[] = [];
  for (const [name, { field, parentType, selectionSets: below, mixed }] of collectFields(
    selectionSets,
    typename,
    type,
    scope,
    new Map(),
  )) {
    names.push(name);
    completers.push(
      mixed
        ? () => unusual
        : field.name === typenameFieldName
          ? completeTypename(typename, parentType, scope.schema)
          : compileType(field.definition.type as Type, below, scope),
    );
  }
  return (value) => {
    const output: Json = {};
    for (let index = 0; index < names.length; index += 1) {
      const name = names[index] as string;
      const completed = (completers[index] as Completer)((value as Json)[name]);
      if (completed === unusual) return unusual;
      output[name] = completed;
    }
    return output;
  };
}

/** `__typename`: what the data says when that is an object type, else the type that the selection stands in. */
function completeTypename(
  typename: string | undefined,
  parentType: CompositeType,
  schema: Schema,
): Completer {
  const type = (typename === undefined ? undefined : schema.type(typename)) ?? parentType;
  if (!isObjectType(type)) return () => unusual;
  const { name } = type;
  return (value) => (value === undefined || value === null || value === name ? name : unusual);
}

/** The same judgement as `isValidLeafValue` of federation-internals, made once per type. */
function leafTest(type: Type, schema: Schema): (value: unknown) => boolean {
  if (!isLeafType(type)) throw new Error(`${type} is no output type`);
  if (isCustomScalarType(type)) return () => true;
  if (isEnumType(type)) {
    const values = new Set<unknown>(type.values.map(({ name }) => name));
    return (value) => values.has(value);
  }
  switch (type) {
    case schema.booleanType():
      return (value) => typeof value === 'boolean';
    case schema.intType():
      return isInteger;
    case schema.floatType():
      return (value) => Number.isFinite(value);
    case schema.idType():
      return (value) => typeof value === 'string' || isInteger(value);
    default:
      return (value) => typeof value === 'string';
  }
}

/** From 1e21 on numbers have an exponent in their text, which the stock gateway does not take for an integer. */
function isInteger(value: unknown): boolean {
  return Number.isInteger(value) && Math.abs(value as number) < 1e21;
}
