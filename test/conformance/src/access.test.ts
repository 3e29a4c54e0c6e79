import { subgraphs } from '@dotmac/cli/generate';
import { anonymous, ForbiddenError, type Principal, scopes } from '@dotmac/schema';
import { readAccessRules } from '@dotmac/schema/access';
import { compose } from '@dotmac/schema/compose';
import { type GraphQLField, type GraphQLResolveInfo, isObjectType } from 'graphql';
import { expect, test } from 'vitest';

/** Everything it is asked for is there, belongs to whoever asks, and fails when it is used. */
function thing(owner: unknown): object {
  return new Proxy({}, { get: (_, name) => (name === 'then' ? undefined : owner) });
}

/** What a subgraph's own resolver says to a principal: the scope that is missing, or null when he gets past its guards. */
async function refusal(
  place: { typeName: string; field: GraphQLField<unknown, unknown> },
  principal: Principal,
): Promise<string | null> {
  const { typeName, field } = place;
  const owner = principal.tenantId ?? principal.partnerId;
  const info = { parentType: { name: typeName }, fieldName: field.name, path: { key: field.name } };
  try {
    // A resolver that is reached fails at once, for nothing it needs is there. That is as good as an answer here.
    const answer: unknown = await field.resolve?.(
      thing(owner),
      { input: thing(owner) },
      { principal },
      info as unknown as GraphQLResolveInfo,
    );
    // A mutation may have the refusal among its results.
    const { code, missingScope } = (answer ?? {}) as Partial<ForbiddenError>;
    return code === 'FORBIDDEN' ? (missingScope ?? '') : null;
  } catch (error) {
    return error instanceof ForbiddenError ? error.missingScope : null;
  }
}

/** A field that a subgraph does not give but needs from another one (`@external`); of a key each gives what it was given. */
function isBorrowed({ name, extensions }: GraphQLField<unknown, unknown>): boolean {
  const directives = (extensions.directives ?? []) as readonly { readonly name: string }[];
  return name !== 'id' && directives.some((directive) => directive.name === 'external');
}

const guarded = Object.entries(subgraphs).flatMap(([graph, schema]) =>
  Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) && !type.name.startsWith('__'))
    .flatMap((type) =>
      isObjectType(type)
        ? Object.values(type.getFields())
            // Federation's own fields are the gateway's, and printing the SDL for every key takes minutes.
            .filter((field) => !field.name.startsWith('_') && !isBorrowed(field))
            .map((field) => ({ graph, typeName: type.name, field }))
        : [],
    ),
);
const access = readAccessRules(compose(subgraphs));

const tenantKey = (held: readonly string[]): Principal => ({
  ...anonymous,
  kind: 'apiKey',
  id: 'key_1',
  tenantId: 'ten_1',
  scopes: scopes.filter((scope) => held.includes(scope)),
});
const keys: readonly (readonly [string, Principal])[] = [
  ['no scope', tenantKey([])],
  ["a partner's, no scope", { ...tenantKey([]), tenantId: null, partnerId: 'par_1' }],
  ['all scopes', tenantKey(scopes)],
  ...scopes.map((scope) => [`only ${scope}`, tenantKey([scope])] as const),
  ...scopes.map((scope) => [`all but ${scope}`, tenantKey(scopes.filter((one) => one !== scope))] as const),
];

/** A refusal names one of the scopes that would help, if any would. */
const names = (helpful: readonly string[], missing: string | null) =>
  helpful.length === 0 ? missing === '' : helpful.includes(missing ?? '');

/** The contract is derived from the guards; here the guards themselves are asked, one resolver at a time. */
test.each(keys)('what @access says of a key with %s is what the resolvers do', async (_, principal) => {
  const wrong: string[] = [];
  for (const place of guarded) {
    const name = `${place.typeName}.${place.field.name}`;
    const others = guarded.filter(
      (other) => other.typeName === place.typeName && other.field.name === place.field.name,
    );
    const refusals = await Promise.all(others.map((other) => refusal(other, principal)));
    const allowed = refusals.some((missing) => missing === null);
    if (access.allows(name, principal) !== allowed)
      wrong.push(`${name}: @access says ${!allowed}, the resolvers ${allowed}`);
    else if (!allowed && !refusals.some((missing) => names(access.missing(name, principal), missing)))
      wrong.push(`${name}: @access misses ${access.missing(name, principal)}, the resolvers ${refusals}`);
  }
  expect(wrong).toEqual([]);
});

test('most of the graph is guarded: the comparison compares something', () => {
  const [, nobody] = keys[0] ?? [];
  const shut = guarded.filter(
    ({ typeName, field }) => nobody !== undefined && !access.allows(`${typeName}.${field.name}`, nobody),
  );
  expect(shut.length).toBeGreaterThan(300);
});
