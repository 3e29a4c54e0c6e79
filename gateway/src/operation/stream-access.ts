import { ForbiddenError, type Principal } from '@dotmac/schema';
import type { AccessRules } from '@dotmac/schema/access';
import {
  type DirectiveNode,
  type DocumentNode,
  type GraphQLCompositeType,
  GraphQLError,
  GraphQLIncludeDirective,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getDirectiveValues,
  getNamedType,
  isCompositeType,
  isUnionType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  typeFromAST,
  valueFromASTUntyped,
} from 'graphql';

type Variables = Readonly<Record<string, unknown>>;

/**
 * What a principal may not have of what a validated subscription selects: one error for each scope that he lacks, with the
 * path of the first field that needs it. A stream that could only ever say so, event by event, does not begin.
 */
export function lackingForStream(
  schema: GraphQLSchema,
  access: AccessRules,
  {
    document,
    operationName,
    variables,
  }: { document: DocumentNode; operationName?: string | undefined; variables: Variables },
  principal: Principal,
): readonly GraphQLError[] {
  const operation = operationNamed(document, operationName);
  const given = { ...defaultsOf(operation), ...variables };
  const lacking = new Map<string, GraphQLError>();
  const walked = new Set<string>();

  const walk = (set: SelectionSetNode, parent: GraphQLCompositeType, path: readonly string[]): void => {
    for (const node of set.selections) {
      if (!isIncluded(node, given)) continue;
      if (node.kind === Kind.FIELD) {
        if (isUnionType(parent)) continue;
        const field = parent.getFields()[node.name.value];
        if (field === undefined) continue;
        const at = [...path, node.alias?.value ?? node.name.value];
        const [scope] = access.missing(`${parent.name}.${field.name}`, principal);
        if (scope !== undefined && !lacking.has(scope)) lacking.set(scope, refusal(scope, at));
        const type = getNamedType(field.type);
        if (node.selectionSet !== undefined && isCompositeType(type)) walk(node.selectionSet, type, at);
        continue;
      }
      const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : fragmentNamed(document, node.name.value);
      if (fragment === undefined) continue;
      const type =
        fragment.typeCondition === undefined ? parent : typeFromAST(schema, fragment.typeCondition);
      if (!isCompositeType(type)) continue;
      // A fragment needs the same wherever it is spread.
      if (node.kind === Kind.FRAGMENT_SPREAD && walked.has(node.name.value)) continue;
      if (node.kind === Kind.FRAGMENT_SPREAD) walked.add(node.name.value);
      walk(fragment.selectionSet, type, path);
    }
  };

  const root = schema.getSubscriptionType();
  if (operation !== undefined && root) walk(operation.selectionSet, root, []);
  return [...lacking.values()];
}

function refusal(scope: string, path: readonly string[]): GraphQLError {
  const { message, code } = new ForbiddenError(scope);
  return new GraphQLError(message, { path, extensions: { code, missingScope: scope } });
}

/** Whether `@skip` and `@include` leave it there. Values that do not fit their types are refused elsewhere. */
function isIncluded(node: { readonly directives?: readonly DirectiveNode[] }, variables: Variables): boolean {
  const conditionOf = (directive: typeof GraphQLSkipDirective) => {
    try {
      return getDirectiveValues(directive, node, variables)?.if;
    } catch {
      return undefined;
    }
  };
  return conditionOf(GraphQLSkipDirective) !== true && conditionOf(GraphQLIncludeDirective) !== false;
}

function defaultsOf(operation: OperationDefinitionNode | undefined): Variables {
  const definitions = operation?.variableDefinitions ?? [];
  return Object.fromEntries(
    definitions.flatMap(({ variable, defaultValue }) =>
      defaultValue === undefined ? [] : [[variable.name.value, valueFromASTUntyped(defaultValue)]],
    ),
  );
}

function operationNamed(
  document: DocumentNode,
  name: string | undefined,
): OperationDefinitionNode | undefined {
  const operations = document.definitions.filter((item) => item.kind === Kind.OPERATION_DEFINITION);
  return name === undefined ? operations[0] : operations.find((item) => item.name?.value === name);
}

function fragmentNamed(document: DocumentNode, name: string) {
  return document.definitions
    .filter((item) => item.kind === Kind.FRAGMENT_DEFINITION)
    .find((item) => item.name.value === name);
}
