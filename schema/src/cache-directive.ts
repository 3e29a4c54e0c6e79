import { type GraphQLSchema, isInterfaceType, isObjectType, Kind, parse } from 'graphql';

/**
 * For how long an answer holds: `extensions: { cacheControl }` of a type or field. Apollo's rules combine them: the shortest
 * time of all that an operation selects, and private when any of it is. A root field, and one that gives objects, holds for
 * no time unless it says so itself, or its type does.
 */
interface CacheHint {
  /** Seconds. */
  readonly maxAge?: number;
  readonly scope?: 'PUBLIC' | 'PRIVATE';
  /** Holds for as long as what it belongs to. */
  readonly inheritMaxAge?: true;
}

const specification = 'https://specs.dotmac.dev/cacheControl/v1.0';

/** The SDL of a subgraph with `@cacheControl` on every type and field that has a hint. */
export function withCacheControl(schema: GraphQLSchema, sdl: string): string {
  const insertions: { readonly at: number; readonly text: string }[] = [];
  for (const definition of parse(sdl).definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION && definition.kind !== Kind.INTERFACE_TYPE_DEFINITION)
      continue;
    const type = schema.getType(definition.name.value);
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    const { name, interfaces = [], directives = [], fields = [] } = definition;
    const add = (hint: CacheHint | undefined, at: number | undefined) => {
      if (hint !== undefined && at !== undefined) insertions.push({ at, text: ` ${applied(hint)}` });
    };
    add(hintOf(type), (directives.at(-1) ?? interfaces.at(-1) ?? name).loc?.end);
    for (const field of fields) add(hintOf(type.getFields()[field.name.value]), field.loc?.end);
  }
  if (insertions.length === 0) return sdl;
  let printed = sdl;
  for (const { at, text } of insertions.toReversed())
    printed = printed.slice(0, at) + text + printed.slice(at);
  return `${printed.trimEnd()}

extend schema
  @link(url: "${specification}", import: ["@cacheControl"])
  @federation__composeDirective(name: "@cacheControl")

"""
For how many seconds it holds, and whether for everybody (PUBLIC) or for who asked (PRIVATE).
"""
directive @cacheControl(maxAge: Int, scope: String, inheritMaxAge: Boolean) on FIELD_DEFINITION | OBJECT | INTERFACE
`;
}

function hintOf(
  annotated: { readonly extensions: Readonly<Record<string, unknown>> } | undefined,
): CacheHint | undefined {
  return annotated?.extensions.cacheControl as CacheHint | undefined;
}

function applied(hint: CacheHint): string {
  const values = Object.entries(hint).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return `@cacheControl(${values.join(', ')})`;
}
