import type { Principal } from '@dotmac/schema';
import type { AccessRules } from '@dotmac/schema/access';
import {
  buildASTSchema,
  type DefinitionNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type GraphQLSchema,
  type InterfaceTypeDefinitionNode,
  Kind,
  type NamedTypeNode,
  type ObjectTypeDefinitionNode,
  parse,
  printSchema,
  type TypeNode,
  visit,
} from 'graphql';
import type { Caller } from '../identity/caller.ts';

/** Schemas kept, one for each set of rights. */
const rememberedSchemas = 50;

/** The schema as each caller may use it, made when somebody first asks. */
export class VisibleSchemas {
  readonly #document: DocumentNode;
  readonly #access: AccessRules;
  readonly #made = new Map<string, GraphQLSchema>();

  constructor(schema: GraphQLSchema, access: AccessRules) {
    this.#document = parse(printSchema(schema), { noLocation: true });
    this.#access = access;
  }

  of({ principal }: Caller): GraphQLSchema {
    const { kind, tenantId, partnerId, roles, scopes } = principal;
    const key = JSON.stringify([kind, tenantId !== null, partnerId !== null, roles, scopes]);
    let schema = this.#made.get(key);
    if (schema === undefined) {
      schema = buildASTSchema(visibleTo(this.#document, this.#access, principal), { assumeValid: true });
      if (this.#made.size >= rememberedSchemas) this.#made.clear();
      this.#made.set(key, schema);
    }
    return schema;
  }
}

type Composite = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode;

const builtIn = new Set(['Int', 'Float', 'String', 'Boolean', 'ID']);
const rootNames = ['Query', 'Mutation', 'Subscription'];

/**
 * The part of a schema that a principal may use: fields whose guards let him pass, and of the types only those that he
 * reaches through such fields. A type of which nothing is left takes the fields with it that would give it. An object
 * that lost a field of an interface stands on its own.
 */
function visibleTo(document: DocumentNode, access: AccessRules, principal: Principal): DocumentNode {
  const types = new Map<string, DefinitionNode>();
  for (const definition of document.definitions) {
    if (
      'name' in definition &&
      definition.name !== undefined &&
      definition.kind !== Kind.DIRECTIVE_DEFINITION
    )
      types.set(definition.name.value, definition);
  }
  for (const [name, type] of types) {
    if (isComposite(type)) {
      types.set(
        name,
        withFields(type, (field) => access.allows(`${name}.${field.name.value}`, principal)),
      );
    }
  }
  // Each round may empty a type that others still point at.
  for (let before = -1; before !== sizeOf(types); ) {
    before = sizeOf(types);
    for (const [name, type] of types) {
      if (isComposite(type)) {
        const narrowed = withFields(type, ({ type: of }) => builtIn.has(nameOf(of)) || types.has(nameOf(of)));
        const interfaces = type.interfaces?.filter((one) => fits(narrowed, types.get(one.name.value)));
        types.set(name, { ...narrowed, ...(interfaces === undefined ? {} : { interfaces }) });
        if (narrowed.fields?.length === 0 || isEmptyInterface(narrowed, types)) types.delete(name);
      } else if (type.kind === Kind.UNION_TYPE_DEFINITION) {
        const members = type.types?.filter((member) => types.has(member.name.value)) ?? [];
        if (members.length === 0) types.delete(name);
        else types.set(name, { ...type, types: members });
      }
    }
  }
  // A schema without queries is none: this one at least tells its own name.
  if (!types.has('Query')) types.set('Query', nothing);
  const reached = reachedFrom(rootNames, types);
  const definitions = document.definitions.filter(
    (definition) =>
      definition.kind === Kind.DIRECTIVE_DEFINITION && !definition.name.value.startsWith('join__'),
  );
  return { kind: Kind.DOCUMENT, definitions: [...definitions, ...reached] };
}

const nothing: DefinitionNode = parse('type Query { _nothing: Boolean }').definitions[0] as DefinitionNode;

function isComposite(type: DefinitionNode | undefined): type is Composite {
  return type?.kind === Kind.OBJECT_TYPE_DEFINITION || type?.kind === Kind.INTERFACE_TYPE_DEFINITION;
}

function withFields<Type extends Composite>(type: Type, keep: (field: FieldDefinitionNode) => boolean): Type {
  return { ...type, fields: type.fields?.filter(keep) ?? [] };
}

/** Whether an object still has all fields of an interface, and the interface is there. */
function fits({ fields = [] }: Composite, of: DefinitionNode | undefined): boolean {
  if (!isComposite(of)) return false;
  const names = new Set(fields.map(({ name }) => name.value));
  return (of.fields ?? []).every(({ name }) => names.has(name.value));
}

/** An interface that no object has any more: nothing can ever come of it. */
function isEmptyInterface(type: Composite, types: ReadonlyMap<string, DefinitionNode>): boolean {
  if (type.kind !== Kind.INTERFACE_TYPE_DEFINITION) return false;
  const name = type.name.value;
  return ![...types.values()].some(
    (other) =>
      other.kind === Kind.OBJECT_TYPE_DEFINITION && other.interfaces?.some((one) => one.name.value === name),
  );
}

function nameOf(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type);
}

/** How much is left: it only ever shrinks. */
function sizeOf(types: ReadonlyMap<string, DefinitionNode>): number {
  let size = 0;
  for (const type of types.values()) {
    size += 1;
    if (isComposite(type)) size += (type.fields?.length ?? 0) + (type.interfaces?.length ?? 0);
    else if (type.kind === Kind.UNION_TYPE_DEFINITION) size += type.types?.length ?? 0;
  }
  return size;
}

/** The types that are named by these or by what these name, and the objects behind every interface among them. */
function reachedFrom(
  names: readonly string[],
  types: ReadonlyMap<string, DefinitionNode>,
): readonly DefinitionNode[] {
  const reached = new Map<string, DefinitionNode>();
  const waiting = [...names];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const type = types.get(name);
    if (type === undefined || reached.has(name) || builtIn.has(name)) continue;
    reached.set(name, type);
    visit(type, { [Kind.NAMED_TYPE]: ({ name: named }: NamedTypeNode) => void waiting.push(named.value) });
    if (type.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    for (const [other, definition] of types) {
      if (
        definition.kind === Kind.OBJECT_TYPE_DEFINITION &&
        definition.interfaces?.some((one) => one.name.value === name)
      )
        waiting.push(other);
    }
  }
  return [...types.keys()].flatMap((name) => reached.get(name) ?? []);
}
