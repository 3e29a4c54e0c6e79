import { createRequire } from 'node:module';
import type { Operation } from '@apollo/federation-internals';
import type { FetchDataRewrite } from '@apollo/query-planner';
import type { GraphQLError, GraphQLSchema, SelectionNode } from 'graphql';

/** The one version whose internals were read and compared by the differential test. */
const supportedVersion = '2.14.4';

/** The parts of @apollo/gateway that it does not export. They serve answers that are not as the schema says. */
export interface ApolloInternals {
  /** Shapes a response and completes its values, whatever a subgraph sent. Throws on a shape beyond repair. */
  computeResponse(parameters: {
    operation: Operation;
    variables: Readonly<Record<string, unknown>> | undefined;
    input: Record<string, unknown>;
    introspectionHandling: (field: IntrospectionSelection) => unknown;
  }): { data: Record<string, unknown> | null; errors: GraphQLError[] };
  applyRewrites(schema: GraphQLSchema, rewrites: readonly FetchDataRewrite[], value: unknown): void;
}

export interface IntrospectionSelection {
  expandFragments(): { toSelectionNode(): SelectionNode };
}

/**
 * Loads what our executor needs of Apollo's packages and does not find in their public face.
 * Throws when a package has another version than the one compared, or a function is gone.
 */
export function loadApolloInternals(): ApolloInternals {
  const load = createRequire(import.meta.url);
  for (const name of ['@apollo/gateway', '@apollo/query-planner', '@apollo/federation-internals']) {
    const { version } = load(`${name}/package.json`) as { version: string };
    if (version !== supportedVersion) {
      throw new Error(
        `Our executor was proven against ${name} ${supportedVersion}, found ${version}: ` +
          'run the differential test and raise supportedVersion, or start with DOTMAC_EXECUTOR=stock',
      );
    }
  }
  const internals = {
    ...(load('@apollo/gateway/dist/resultShaping.js') as object),
    ...(load('@apollo/gateway/dist/dataRewrites.js') as object),
  } as Record<string, unknown>;
  for (const name of ['computeResponse', 'applyRewrites']) {
    if (typeof internals[name] !== 'function') throw new Error(`@apollo/gateway has no internal ${name}`);
  }
  return internals as unknown as ApolloInternals;
}
