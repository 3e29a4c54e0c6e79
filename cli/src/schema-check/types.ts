import {
  type GraphQLAbstractType,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql';

/** Whether whoever reads the one can read the other: the same type, or one that is never null where the old one was. */
export function readsAlike(before: GraphQLOutputType, after: GraphQLOutputType): boolean {
  if (isNonNullType(before)) return isNonNullType(after) && readsAlike(before.ofType, after.ofType);
  if (isNonNullType(after)) return readsAlike(before, after.ofType);
  if (isListType(before)) return isListType(after) && readsAlike(before.ofType, after.ofType);
  return !isListType(after) && before.name === after.name;
}

/** Whether whatever was written for the one can be written for the other: the same type, or one that may be null. */
export function writesAlike(before: GraphQLInputType, after: GraphQLInputType): boolean {
  if (isNonNullType(before)) return writesAlike(before.ofType, isNonNullType(after) ? after.ofType : after);
  if (isNonNullType(after)) return false;
  if (isListType(before)) return isListType(after) && writesAlike(before.ofType, after.ofType);
  return !isListType(after) && before.name === after.name;
}

/** The objects that an abstract type may turn out to be. */
export function membersOf(schema: GraphQLSchema, type: GraphQLAbstractType): ReadonlySet<string> {
  return new Set(schema.getPossibleTypes(type).map(({ name }) => name));
}

/** The types that a value of this type may hold, itself included: input objects, enums and scalars. */
export function inputClosure(type: GraphQLInputType): readonly GraphQLNamedType[] {
  const found = new Set<GraphQLNamedType>();
  const waiting: GraphQLNamedType[] = [getNamedType(type)];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    if (isInputObjectType(next))
      waiting.push(...Object.values(next.getFields()).map((field) => getNamedType(field.type)));
  }
  return [...found];
}

export function enumValues(type: GraphQLNamedType | undefined): ReadonlySet<string> {
  return new Set(isEnumType(type) ? type.getValues().map(({ name }) => name) : []);
}
