import { anonymous } from '@dotmac/schema';
import type { AccessRules } from '@dotmac/schema/access';
import {
  type ConstDirectiveNode,
  type DocumentNode,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  Kind,
  parse,
  TypeInfo,
  valueFromASTUntyped,
  visit,
  visitWithTypeInfo,
} from 'graphql';

/** For how long an answer without errors holds, and for whom. */
export interface CachePolicy {
  /** Seconds; 0: it must be asked for again. */
  readonly maxAge: number;
  /** `PUBLIC`: for everybody who asks in the same tenant. */
  readonly scope: 'PUBLIC' | 'PRIVATE';
}

interface Hint {
  readonly maxAge?: number;
  readonly scope?: string;
  readonly inheritMaxAge?: boolean;
}

/** What a supergraph says with `@cacheControl`: by `Type`, and by `Type.field`. */
export type CacheHints = ReadonlyMap<string, Hint>;

/** Reads `@cacheControl` from a supergraph. */
export function readCacheHints(supergraphSdl: string): CacheHints {
  const hints = new Map<string, Hint>();
  const note = (coordinate: string, directives: readonly ConstDirectiveNode[] | undefined) => {
    const given = directives?.find(({ name }) => name.value === 'cacheControl')?.arguments;
    if (given === undefined) return;
    const values = given.map(({ name, value }) => [name.value, valueFromASTUntyped(value)] as const);
    hints.set(coordinate, Object.fromEntries(values.filter(([, value]) => value !== null)));
  };
  for (const definition of parse(supergraphSdl, { noLocation: true }).definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION && definition.kind !== Kind.INTERFACE_TYPE_DEFINITION)
      continue;
    note(definition.name.value, definition.directives);
    for (const field of definition.fields ?? [])
      note(`${definition.name.value}.${field.name.value}`, field.directives);
  }
  return hints;
}

/**
 * The policy of a query's answer, as Apollo Server combines hints: the shortest time of all fields, `PRIVATE` when one is,
 * and no time for a root field or an object that has no hint. Beyond that nothing is public that a stranger may not ask for.
 * Fields that a directive may leave out count too.
 */
export function cachePolicyOf(
  schema: GraphQLSchema,
  hints: CacheHints,
  access: AccessRules,
  document: DocumentNode,
): CachePolicy {
  let maxAge = Number.POSITIVE_INFINITY;
  let scope: CachePolicy['scope'] = 'PUBLIC';
  const types = new TypeInfo(schema);
  const visitor = visitWithTypeInfo(types, {
    Field({ name }) {
      const parent = types.getParentType();
      const type = getNamedType(types.getType());
      if (!parent || !type || name.value.startsWith('__')) return;
      const coordinate = `${parent.name}.${name.value}`;
      const ofType = isCompositeType(type) ? hints.get(type.name) : undefined;
      const ofField = hints.get(coordinate);
      const inherits = ofField?.inheritMaxAge ?? (ofField?.maxAge === undefined && ofType?.inheritMaxAge);
      const isRoot = parent === schema.getQueryType();
      const needsOwn = isRoot || (isCompositeType(type) && inherits !== true);
      const own = ofField?.maxAge ?? ofType?.maxAge ?? (needsOwn ? 0 : undefined);
      if (own !== undefined) maxAge = Math.min(maxAge, own);
      const places = isAbstractType(parent) ? [parent, ...schema.getPossibleTypes(parent)] : [parent];
      const isGuarded = places.some((place) => !access.allows(`${place.name}.${name.value}`, anonymous));
      if (isGuarded || (ofField?.scope ?? ofType?.scope) === 'PRIVATE') scope = 'PRIVATE';
    },
  });
  visit(document, visitor);
  return { maxAge: Number.isFinite(maxAge) ? maxAge : 0, scope };
}
