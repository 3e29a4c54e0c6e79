import { type GraphQLSchema, isInterfaceType, isObjectType, Kind, parse } from 'graphql';
import { anonymous, type Principal } from './principal.ts';

/**
 * Who gets past a rule: a scope, a role, `signedIn`, `system`, or `ownTenant` and `ownPartner` for keys of the tenant or
 * partner that the thing belongs to.
 */
type Clause = readonly string[];
/** All clauses must be met, each by any of its members. None at all: open. */
type Rule = readonly Clause[];

const specification = 'https://specs.dotmac.dev/access/v1.0';

/**
 * The SDL of a subgraph with `@access` on every field that its resolvers guard. The directive is derived from the guards
 * themselves (`authScopes`), so that it cannot say anything else than what is enforced.
 * @throws Error that names the guard that cannot be described.
 */
export function withAccess(name: string, schema: GraphQLSchema, sdl: string): string {
  const rules = accessRules(schema);
  if (rules.size === 0) return sdl;
  const insertions: { readonly at: number; readonly text: string }[] = [];
  for (const definition of parse(sdl).definitions) {
    if (
      definition.kind !== Kind.OBJECT_TYPE_DEFINITION &&
      definition.kind !== Kind.OBJECT_TYPE_EXTENSION &&
      definition.kind !== Kind.INTERFACE_TYPE_DEFINITION
    ) {
      continue;
    }
    for (const field of definition.fields ?? []) {
      const rule = rules.get(`${definition.name.value}.${field.name.value}`);
      const external = field.directives?.some((directive) => directive.name.value === 'external') ?? false;
      if (rule === undefined || external || field.loc === undefined) continue;
      const text = rule
        .map((anyOf) => ` @access(graph: "${name}", anyOf: ${JSON.stringify(anyOf)})`)
        .join('');
      insertions.push({ at: field.loc.end, text });
    }
  }
  let printed = sdl;
  for (const { at, text } of insertions.toReversed())
    printed = printed.slice(0, at) + text + printed.slice(at);
  return `${printed.trimEnd()}

extend schema
  @link(url: "${specification}", import: ["@access"])
  @federation__composeDirective(name: "@access")

"""
Who may use a field of this subgraph: all applications must be met, each by any of its members. These are scopes, roles,
signedIn, system, and ownTenant or ownPartner for keys of the tenant or partner that the thing belongs to.
"""
directive @access(graph: String!, anyOf: [String!]!) repeatable on FIELD_DEFINITION
`;
}

/** The rules of a subgraph's fields by `Type.field`, as an API key meets them; open fields are left out. */
function accessRules(schema: GraphQLSchema): Map<string, Rule> {
  const rules = new Map<string, Rule>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    const guards = [type, ...type.getInterfaces()].map((guarded) => optionsOf(guarded).authScopes);
    for (const field of Object.values(type.getFields())) {
      const place = `${type.name}.${field.name}`;
      const options = optionsOf(field);
      if (options.skipTypeScopes !== undefined || options.skipInterfaceScopes !== undefined) {
        throw new Error(`${place} skips the scopes of its type, which @access cannot describe`);
      }
      // Whoever may not see such a field gets a value in its place, and no refusal.
      if (options.unauthorizedResolver !== undefined) continue;
      const clauses = [
        ...guards.flatMap((guard) => ruleOf(guard, (principal, thing) => [thing, { principal }], place)),
        ...ruleOf(options.authScopes, (principal, thing) => [thing, { input: thing }, { principal }], place),
      ];
      const unique = new Map(clauses.map((clause) => [clause.join(), clause]));
      if (unique.size > 0) rules.set(place, [...unique.values()]);
    }
  }
  return rules;
}

interface GuardOptions {
  readonly authScopes?: unknown;
  readonly skipTypeScopes?: unknown;
  readonly skipInterfaceScopes?: unknown;
  readonly unauthorizedResolver?: unknown;
}

function optionsOf({ extensions }: { readonly extensions: Readonly<Record<string, unknown>> }): GuardOptions {
  return extensions.pothosOptions ?? {};
}

const tenantKey: Principal = { ...anonymous, kind: 'apiKey', id: 'key_1', tenantId: 'ten_1' };
const partnerKey: Principal = { ...anonymous, kind: 'apiKey', id: 'key_2', partnerId: 'par_1' };

/**
 * A guard that looks at the thing is asked itself, as a key without scopes would ask: about something that belongs to
 * somebody else, and about something whose every field says that it is the key's own.
 */
function ruleOf(
  guard: unknown,
  parameters: (principal: Principal, thing: unknown) => readonly unknown[],
  place: string,
): Rule {
  if (guard === undefined || guard === null) return [];
  if (typeof guard !== 'function') return clausesOf(guard, place);
  const ask = (principal: Principal, owner: string | null): unknown => {
    const answer: unknown = guard(...parameters(principal, thingOf(owner)));
    if (answer instanceof Promise) {
      throw new Error(`The guard of ${place} answers an API key only later: let it answer without waiting`);
    }
    return answer;
  };
  const foreign = clausesOf(ask(tenantKey, 'somebody else'), place);
  const toPartners = clausesOf(ask(partnerKey, 'somebody else'), place);
  if (JSON.stringify(foreign) !== JSON.stringify(toPartners)) {
    throw new Error(
      `The guard of ${place} tells tenants' keys from partners', which @access cannot describe`,
    );
  }
  const own = [
    ...(ask(tenantKey, tenantKey.tenantId) === true ? ['ownTenant'] : []),
    ...(ask(partnerKey, partnerKey.partnerId) === true ? ['ownPartner'] : []),
  ];
  return foreign.map((clause) => [...clause, ...own]);
}

/** Something whose every field has this value. */
function thingOf(value: string | null): unknown {
  return new Proxy({}, { get: () => value });
}

/** The clauses of what a guard answers: scope-auth's `AuthScopes`, or a boolean. */
function clausesOf(answer: unknown, place: string): Rule {
  if (answer === true) return [];
  if (answer === false || answer === null || answer === undefined) return [[]];
  const entries = Object.entries(answer as Record<string, unknown>);
  const all = entries.find(([key]) => key === '$all');
  if (all !== undefined) {
    if (entries.length > 1) throw new Error(`The guard of ${place} mixes $all with others`);
    return Object.entries(all[1] as object).flatMap(([key, value]) => clausesOf({ [key]: value }, place));
  }
  return [entries.flatMap(([key, value]) => membersOf(key, value, place))];
}

function membersOf(key: string, value: unknown, place: string): string[] {
  switch (key) {
    case 'scope':
    case 'role':
      return [String(value)];
    case 'signedIn':
    case 'system':
      return value === true ? [key] : [];
    case '$any':
      return Object.entries(value as object).flatMap(([inner, of]) => membersOf(inner, of, place));
    default:
      throw new Error(`The guard of ${place} has "${key}", which @access cannot describe`);
  }
}
