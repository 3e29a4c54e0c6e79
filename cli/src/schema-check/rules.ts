import type { Principal } from '@dotmac/schema';
import {
  type DocumentNode,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLNamedType,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isInputType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  isRequiredInputField,
  isScalarType,
  Kind,
  type ObjectValueNode,
  OperationTypeNode,
  parse,
  separateOperations,
  TypeInfo,
  typeFromAST,
  validate,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { Graph } from './graph.ts';
import { enumValues, inputClosure, membersOf, readsAlike, writesAlike } from './types.ts';

/**
 * `breaks`: the operation is refused, or answers with something that its client cannot read.
 * `risks`: it still runs, and may mean or bring something that its client does not know.
 */
export interface Finding {
  readonly level: 'breaks' | 'risks';
  readonly message: string;
}

/**
 * What becomes of an operation when one graph takes the place of another: everything that the operation uses is looked
 * up in both. Nothing found means that it gets the same answers as before. The values of variables are not known, so
 * whatever their types allowed counts as used.
 * @throws GraphQLError when the text is no document.
 */
export function judge(
  before: Graph,
  after: Graph,
  operation: { readonly text: string; readonly operationName: string },
  principal: Principal,
): readonly Finding[] {
  const document = operationOf(parse(operation.text), operation.operationName);
  const refused = validate(before.schema, document);
  if (refused.length > 0) {
    return refused.map(({ message }) => ({
      level: 'breaks',
      message: `It does not fit today's graph: ${message}`,
    }));
  }
  const findings = new Map<string, Finding>();
  const find = (level: Finding['level'], message: string) => {
    findings.set(message, { level, message });
  };
  for (const { message } of validate(after.schema, document)) find('breaks', message);
  // Validation has no word for it.
  for (const { operation: kind } of document.definitions.filter(
    (one) => one.kind === Kind.OPERATION_DEFINITION,
  )) {
    if (!after.schema.getRootType(kind)) find('breaks', `There are no operations of type ${kind}`);
  }
  compareFields(before, after, document, principal, find);
  for (const type of typesOfVariables(before, document)) compareInput(type, after, find);
  return [...findings.values()];
}

type Find = (level: Finding['level'], message: string) => void;

/** The named operation with the fragments that it uses. */
function operationOf(document: DocumentNode, operationName: string): DocumentNode {
  const separate = separateOperations(document);
  return (operationName === '' ? Object.values(separate)[0] : separate[operationName]) ?? document;
}

function compareFields(
  before: Graph,
  after: Graph,
  document: DocumentNode,
  principal: Principal,
  find: Find,
): void {
  const types = new TypeInfo(before.schema);
  visit(
    document,
    visitWithTypeInfo(types, {
      [Kind.FIELD](node) {
        const parent = types.getParentType();
        const field = types.getFieldDef();
        if (!parent || !field || field.name.startsWith('__')) return;
        const place = `${parent.name}.${field.name}`;
        compareAccess(before, after, parent, field.name, principal, find);
        const newParent = counterpartOf(parent, before, after);
        const hasFields = isObjectType(newParent) || isInterfaceType(newParent);
        const changed = hasFields ? newParent.getFields()[field.name] : undefined;
        // Validation has said what is gone.
        if (changed === undefined) return;
        if (!readsAlike(field.type, changed.type))
          find('breaks', `${place} was ${field.type} and is ${changed.type}`);
        compareOutput(before, after, getNamedType(field.type), find);
        const filled = filledBy(node.arguments ?? []);
        for (const argument of field.args) {
          const counterpart = changed.args.find(({ name }) => name === argument.name);
          compareSlot(`${place}(${argument.name})`, argument, counterpart, filled(argument.name), find);
        }
      },
      [Kind.INLINE_FRAGMENT]: () => compareCondition(before, after, types.getType(), find),
      [Kind.FRAGMENT_DEFINITION]: () => compareCondition(before, after, types.getType(), find),
      [Kind.OBJECT](node) {
        const type = types.getInputType();
        if (type) compareLiteral(getNamedType(type), node, after, find);
      },
    }),
  );
}

/** The type of the new graph in the place of this one: root types may go by another name. */
function counterpartOf(
  type: GraphQLNamedType,
  before: Graph,
  after: Graph,
): GraphQLNamedType | null | undefined {
  const root = Object.values(OperationTypeNode).find((kind) => before.schema.getRootType(kind) === type);
  return root === undefined ? after.schema.getType(type.name) : after.schema.getRootType(root);
}

/** A field that the key could use and no longer can, on the type it stands in and on whatever that may turn out to be. */
function compareAccess(
  before: Graph,
  after: Graph,
  parent: GraphQLNamedType,
  fieldName: string,
  principal: Principal,
  find: Find,
): void {
  if (before.access === null || after.access === null) return;
  const members = isAbstractType(parent) ? membersOf(before.schema, parent) : [];
  for (const type of [parent.name, ...members]) {
    const field = `${type}.${fieldName}`;
    if (!before.access.allows(field, principal) || after.access.allows(field, principal)) continue;
    const [scope] = after.access.missing(field, principal);
    find(
      'breaks',
      scope === undefined ? `${field} is closed to the key` : `${field} needs the scope ${scope}`,
    );
  }
}

function compareOutput(before: Graph, after: Graph, type: GraphQLNamedType, find: Find): void {
  const changed = after.schema.getType(type.name);
  if (changed === undefined) return;
  if (kindOf(type) !== kindOf(changed)) {
    find('breaks', `${type.name} was ${kindOf(type)} and is ${kindOf(changed)}`);
    return;
  }
  if (isEnumType(type)) {
    const values = { before: enumValues(type), after: enumValues(changed) };
    for (const value of values.before.difference(values.after))
      find('risks', `${type.name}.${value} is gone`);
    for (const value of values.after.difference(values.before)) find('risks', `${type.name}.${value} is new`);
  }
  if (isAbstractType(type) && isAbstractType(changed))
    compareMembers(before, after, type.name, 'risks', find);
  if (isScalarType(type)) compareScalar(type, changed, find);
}

/** A fragment on an abstract type catches whatever belongs to it: what left it is no longer caught. */
function compareCondition(
  before: Graph,
  after: Graph,
  type: ReturnType<TypeInfo['getType']>,
  find: Find,
): void {
  if (type && isAbstractType(getNamedType(type)))
    compareMembers(before, after, getNamedType(type).name, 'breaks', find);
}

function compareMembers(
  before: Graph,
  after: Graph,
  name: string,
  levelOfLoss: Finding['level'],
  find: Find,
): void {
  const old = before.schema.getType(name);
  const changed = after.schema.getType(name);
  if (!isAbstractType(old) || !isAbstractType(changed)) return;
  const members = { before: membersOf(before.schema, old), after: membersOf(after.schema, changed) };
  for (const member of members.before.difference(members.after))
    find(levelOfLoss, `${member} no longer belongs to ${name}`);
  for (const member of members.after.difference(members.before))
    find('risks', `${member} is new among ${name}`);
}

function kindOf(type: GraphQLNamedType): string {
  return type.constructor.name.replace(/^GraphQL|Type$/g, '').toLowerCase();
}

function compareScalar(type: GraphQLNamedType, changed: GraphQLNamedType, find: Find): void {
  if (!isScalarType(type) || !isScalarType(changed)) return;
  if (type.specifiedByURL !== changed.specifiedByURL)
    find('risks', `${type.name} is specified by something else`);
}

/** Whether an argument or input field is filled. A variable may be left out, and then it is not. */
type Filled = 'yes' | 'no' | 'maybe';

function filledBy(
  given: readonly { readonly name: { readonly value: string }; readonly value: { readonly kind: Kind } }[],
): (name: string) => Filled {
  const kinds = new Map(given.map(({ name, value }) => [name.value, value.kind]));
  return (name) => {
    const kind = kinds.get(name);
    return kind === undefined ? 'no' : kind === Kind.VARIABLE ? 'maybe' : 'yes';
  };
}

/** An argument or input field of something that is used. */
function compareSlot(
  place: string,
  before: GraphQLArgument | GraphQLInputField,
  after: GraphQLArgument | GraphQLInputField | undefined,
  filled: Filled,
  find: Find,
): void {
  if (after === undefined) {
    // Validation refuses it where it is filled; where it is not, its default no longer has effect.
    if (filled !== 'yes' && before.defaultValue !== undefined)
      find('risks', `${place} and its default are gone`);
    return;
  }
  if (filled !== 'no' && !writesAlike(before.type, after.type))
    find('breaks', `${place} was ${before.type} and is ${after.type}`);
  const kinds = { before: kindOf(getNamedType(before.type)), after: kindOf(getNamedType(after.type)) };
  if (filled !== 'no' && kinds.before !== kinds.after)
    find('breaks', `${place} was of kind ${kinds.before} and is of kind ${kinds.after}`);
  if (filled !== 'yes' && JSON.stringify(before.defaultValue) !== JSON.stringify(after.defaultValue))
    find('risks', `The default of ${place} is another`);
}

/** An input object that is written out in the document. */
function compareLiteral(type: GraphQLNamedType, node: ObjectValueNode, after: Graph, find: Find): void {
  const changed = after.schema.getType(type.name);
  if (!isInputObjectType(type)) return;
  if (!isInputObjectType(changed)) {
    find('breaks', `${type.name} is no input any more`);
    return;
  }
  const filled = filledBy(node.fields);
  for (const field of Object.values(type.getFields())) {
    const counterpart = changed.getFields()[field.name];
    compareSlot(`${type.name}.${field.name}`, field, counterpart, filled(field.name), find);
  }
}

/** All types that the variables of a document may hold. */
function typesOfVariables(before: Graph, document: DocumentNode): ReadonlySet<GraphQLNamedType> {
  const types = new Set<GraphQLNamedType>();
  visit(document, {
    [Kind.VARIABLE_DEFINITION]({ type: node }) {
      const type = typeFromAST(before.schema, node as never);
      if (type !== undefined && isInputType(type)) for (const one of inputClosure(type)) types.add(one);
    },
  });
  return types;
}

/** A type whose values come in variables: whatever it allowed may have been sent. */
function compareInput(type: GraphQLNamedType, after: Graph, find: Find): void {
  const changed = after.schema.getType(type.name);
  if (changed === undefined) {
    find('breaks', `The input ${type.name} is gone`);
    return;
  }
  if (isEnumType(type)) {
    for (const value of enumValues(type).difference(enumValues(changed)))
      find('breaks', `${type.name}.${value} is gone`);
  }
  if (isLeafType(type)) {
    if (kindOf(type) !== kindOf(changed)) find('breaks', `${type.name} is another kind of type`);
    compareScalar(type, changed, find);
  }
  if (!isInputObjectType(type)) return;
  if (!isInputObjectType(changed)) {
    find('breaks', `${type.name} is no input any more`);
    return;
  }
  if (changed.isOneOf && !type.isOneOf) find('breaks', `${type.name} takes exactly one field`);
  for (const field of Object.values(type.getFields())) {
    const place = `${type.name}.${field.name}`;
    const counterpart = changed.getFields()[field.name];
    if (counterpart === undefined) find('breaks', `${place} is gone`);
    compareSlot(place, field, counterpart, 'maybe', find);
  }
  for (const field of Object.values(changed.getFields())) {
    if (type.getFields()[field.name] === undefined && isRequiredInputField(field))
      find('breaks', `${type.name}.${field.name} is new and required`);
  }
}
