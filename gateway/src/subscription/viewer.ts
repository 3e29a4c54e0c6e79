import { BREAK, type DocumentNode, Kind, visit } from 'graphql';

/** Fields that answer with the viewer himself. A subscription that selects one is not shared between people. */
const viewerFields: readonly string[] = ['viewer', 'me'];

export function dependsOnViewer(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    [Kind.FIELD]({ name }) {
      if (!viewerFields.includes(name.value)) return undefined;
      found = true;
      return BREAK;
    },
  });
  return found;
}
