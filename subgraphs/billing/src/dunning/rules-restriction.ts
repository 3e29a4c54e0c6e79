import { type ShapingPayload, slowerShaping } from '@dotmac/schema';
import type { DunningStep } from './rules.ts';

/** What dunning does to the services of a customer: it slows them down, or cuts them off into the walled garden. */
export type Restriction = { readonly kind: 'SLOW'; readonly to: ShapingPayload } | { readonly kind: 'CUT' };

/** What a step does to services, or null for one that only writes a letter. */
export function restrictionOf({ action, slowTo }: DunningStep): Restriction | null {
  if (action === 'walledGarden') return { kind: 'CUT' };
  return action === 'slow' && slowTo !== undefined ? { kind: 'SLOW', to: slowTo } : null;
}

/** Both at once: a cut over any speed, else the slower in each direction. The order in which they came does not matter. */
export function harsher(a: Restriction, b: Restriction): Restriction {
  if (a.kind === 'CUT' || b.kind === 'CUT') return { kind: 'CUT' };
  return { kind: 'SLOW', to: slowerShaping(a.to, b.to) };
}
