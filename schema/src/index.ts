/**
 * The contract of the graph: one builder for every subgraph, its scalars, scopes and typed failures, and the event
 * types in `events/`. The printed SDL of each subgraph and the composed supergraph are in `../sdl`.
 * Composition (`./compose.ts`) is a subpath of its own, because a running subgraph does not need it.
 */
export * from './apply-mode.ts';
export * from './audit-trail.ts';
export * from './builder.ts';
export * from './bundles.ts';
export * from './errors.ts';
export * from './events/index.ts';
export * from './mailbox.ts';
export * from './principal.ts';
export * from './scopes.ts';
export { shapingOf, slowerShaping } from './shaping.ts';
export { toSubgraph } from './subgraph.ts';
export * from './topics.ts';
