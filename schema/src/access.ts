import {
  type ASTNode,
  type ConstDirectiveNode,
  type FieldDefinitionNode,
  type InterfaceTypeDefinitionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  parse,
  valueFromASTUntyped,
} from 'graphql';
import type { Principal } from './principal.ts';

/** All clauses must be met, each by any of its members. */
type Rule = readonly (readonly string[])[];

/** Who may use which field of a supergraph, as its subgraphs enforce it; see `access-directive.ts`. */
export interface AccessRules {
  /** Whether a principal gets past the guards of a field, given as `Type.field`, of anything that may be his. */
  allows(field: string, principal: Principal): boolean;
  /** The scopes that would help him past; empty where he gets past, or where none would help. */
  missing(field: string, principal: Principal): readonly string[];
}

/**
 * Reads `@access` from a supergraph. A field that several subgraphs give is open to whoever one of them gives it to.
 * @throws GraphQLError for a text that is no SDL.
 */
export function readAccessRules(supergraphSdl: string): AccessRules {
  const rules = new Map<string, readonly Rule[]>();
  const { definitions } = parse(supergraphSdl, { noLocation: true });
  const graphNames = graphNamesOf(definitions);
  for (const type of definitions) {
    if (type.kind !== Kind.OBJECT_TYPE_DEFINITION && type.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    for (const field of type.fields ?? []) {
      const byGraph = Map.groupBy(argumentsOf(field.directives, 'access'), ({ graph }) => String(graph));
      if (byGraph.size === 0) continue;
      const graphs = graphsOf(type, field).map((graph) => graphNames.get(graph) ?? graph);
      if (graphs.some((graph) => !byGraph.has(graph))) continue;
      rules.set(
        `${type.name.value}.${field.name.value}`,
        [...byGraph.values()].map((clauses) => clauses.map(({ anyOf }) => anyOf as string[])),
      );
    }
  }
  return {
    allows(field, principal) {
      const alternatives = rules.get(field);
      return alternatives === undefined || alternatives.some((rule) => unmet(rule, principal).length === 0);
    },
    missing(field, principal) {
      const [rule] = rules.get(field) ?? [];
      if (rule === undefined || this.allows(field, principal)) return [];
      return unmet(rule, principal).flatMap((clause) => clause.filter(isScopeName));
    },
  };
}

function unmet(rule: Rule, principal: Principal): Rule {
  return rule.filter((clause) => !clause.some((member) => isMember(member, principal)));
}

const isScopeName = (member: string) => member.includes(':');

function isMember(member: string, principal: Principal): boolean {
  if (isScopeName(member)) return (principal.scopes as readonly string[]).includes(member);
  switch (member) {
    case 'signedIn':
      return principal.kind !== 'anonymous';
    case 'system':
      return principal.kind === 'system';
    case 'ownTenant':
      return principal.tenantId !== null;
    case 'ownPartner':
      return principal.partnerId !== null;
    default:
      return (principal.roles as readonly string[]).includes(member);
  }
}

/** The names of subgraphs by the value of `join__Graph` that stands for them. */
function graphNamesOf(definitions: readonly ASTNode[]): Map<string, string> {
  const graphs = definitions.find(
    (definition) => definition.kind === Kind.ENUM_TYPE_DEFINITION && definition.name.value === 'join__Graph',
  );
  const values = graphs?.kind === Kind.ENUM_TYPE_DEFINITION ? (graphs.values ?? []) : [];
  return new Map(
    values.map(({ name, directives }) => [
      name.value,
      String(argumentsOf(directives, 'join__graph')[0]?.name ?? name.value),
    ]),
  );
}

/** The subgraphs that can give a field: those of its `@join__field`, else all that have its type. */
function graphsOf(
  type: ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode,
  field: FieldDefinitionNode,
): string[] {
  const given = argumentsOf(field.directives, 'join__field').filter(({ graph }) => graph !== undefined);
  const source = given.length > 0 ? given : argumentsOf(type.directives, 'join__type');
  return source.filter(({ external }) => external !== true).map(({ graph }) => String(graph));
}

function argumentsOf(
  directives: readonly ConstDirectiveNode[] | undefined,
  name: string,
): Record<string, unknown>[] {
  return (directives ?? [])
    .filter((directive) => directive.name.value === name)
    .map(({ arguments: given = [] }) =>
      Object.fromEntries(given.map((one) => [one.name.value, valueFromASTUntyped(one.value)])),
    );
}
