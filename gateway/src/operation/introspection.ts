import { BREAK, type DocumentNode, Kind, visit } from 'graphql';
import type { Caller } from '../identity/caller.ts';

/** Who may ask for the schema itself: staff and operators, or everybody on a developer's machine. */
export type IntrospectionPolicy = 'staff' | 'everybody';

export function mayIntrospect(policy: IntrospectionPolicy, { principal }: Caller): boolean {
  if (policy === 'everybody') return true;
  return (
    principal.kind === 'user' && principal.roles.some((role) => role !== 'SUBSCRIBER' && role !== 'PARTNER')
  );
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
