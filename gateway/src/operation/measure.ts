import { type DocumentNode, type FragmentDefinitionNode, Kind, type SelectionSetNode } from 'graphql';

/** The size of a document's largest operation, with every fragment counted wherever it is spread. */
export interface OperationSize {
  readonly depth: number;
  readonly aliases: number;
  readonly directives: number;
  readonly rootFields: number;
  readonly selections: number;
}

const nothing: OperationSize = { depth: 0, aliases: 0, directives: 0, rootFields: 0, selections: 0 };

/**
 * Measures a parsed document before anything costly is done with it. Each fragment is measured once, so the time is
 * linear in the text however large the operation becomes; a fragment inside itself is left to validation.
 */
export function measure(document: DocumentNode): OperationSize {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const measured = new Map<string, OperationSize>();

  function ofFragment(name: string): OperationSize {
    const known = measured.get(name);
    if (known !== undefined) return known;
    measured.set(name, nothing);
    const fragment = fragments.get(name);
    const size = fragment === undefined ? nothing : ofSelections(fragment.selectionSet);
    measured.set(name, size);
    return size;
  }

  function ofSelections({ selections }: SelectionSetNode): OperationSize {
    let total = nothing;
    for (const selection of selections) {
      const directives = selection.directives?.length ?? 0;
      if (selection.kind === Kind.FIELD) {
        const below = selection.selectionSet === undefined ? nothing : ofSelections(selection.selectionSet);
        // Tools introspect deeper than any honest query goes; who may is decided elsewhere.
        const introspects = selection.name.value.startsWith('__');
        total = add(total, {
          depth: introspects ? 1 : below.depth + 1,
          aliases: below.aliases + (selection.alias === undefined ? 0 : 1),
          directives: below.directives + directives,
          rootFields: 1,
          selections: below.selections + 1,
        });
      } else {
        const below =
          selection.kind === Kind.INLINE_FRAGMENT
            ? ofSelections(selection.selectionSet)
            : ofFragment(selection.name.value);
        total = add(total, { ...below, directives: below.directives + directives });
      }
    }
    return total;
  }

  let largest = nothing;
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const size = ofSelections(definition.selectionSet);
    const directives = size.directives + (definition.directives?.length ?? 0);
    largest = highest(largest, { ...size, directives });
  }
  return largest;
}

function add(a: OperationSize, b: OperationSize): OperationSize {
  return {
    depth: Math.max(a.depth, b.depth),
    aliases: a.aliases + b.aliases,
    directives: a.directives + b.directives,
    rootFields: a.rootFields + b.rootFields,
    selections: a.selections + b.selections,
  };
}

function highest(a: OperationSize, b: OperationSize): OperationSize {
  return {
    depth: Math.max(a.depth, b.depth),
    aliases: Math.max(a.aliases, b.aliases),
    directives: Math.max(a.directives, b.directives),
    rootFields: Math.max(a.rootFields, b.rootFields),
    selections: Math.max(a.selections, b.selections),
  };
}
