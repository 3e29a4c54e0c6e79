import { BREAK, type DocumentNode, Kind, type SelectionSetNode, visit } from 'graphql';
import type { Caller } from '../identity/caller.ts';

/** Who may ask for the whole schema: staff and operators, or everybody on a developer's machine. */
export type IntrospectionPolicy = 'staff' | 'everybody';

/** How much of the schema a caller is shown: `own` is what his scopes let him use. */
export type SchemaView = 'whole' | 'own' | 'none';

export function schemaViewOf(policy: IntrospectionPolicy, { principal }: Caller): SchemaView {
  if (policy === 'everybody') return 'whole';
  if (principal.kind === 'apiKey') return 'own';
  const isStaff =
    principal.kind === 'user' && principal.roles.some((role) => role !== 'SUBSCRIBER' && role !== 'PARTNER');
  return isStaff ? 'whole' : 'none';
}

/** Whether an operation asks for the schema and nothing else, or does not, or does so beside other things. */
export function selectsSchema(
  document: DocumentNode,
  operationName: string | undefined,
): 'only' | 'among others' | 'not' {
  const names = new Set<string>();
  const collect = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) names.add(selection.name.value);
      else if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet);
      else {
        const fragment = document.definitions.find(
          (definition) =>
            definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === selection.name.value,
        );
        // The document is valid: no fragment contains itself.
        if (fragment?.kind === Kind.FRAGMENT_DEFINITION) collect(fragment.selectionSet);
      }
    }
  };
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    if (operationName === undefined || definition.name?.value === operationName)
      collect(definition.selectionSet);
  }
  if (!names.has('__schema') && !names.has('__type')) return 'not';
  return [...names].every((name) => name.startsWith('__')) ? 'only' : 'among others';
}

/** Whether `__schema` or `__type` stands anywhere in the document, unused fragments included. */
export function introspects(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    [Kind.FIELD]({ name }) {
      if (name.value !== '__schema' && name.value !== '__type') return undefined;
      found = true;
      return BREAK;
    },
  });
  return found;
}
