import type { Operation } from '@apollo/federation-internals';
import federationInternals from '@apollo/federation-internals/package.json' with { type: 'json' };
import * as dataRewrites from '@apollo/gateway/dist/dataRewrites.js';
import * as resultShaping from '@apollo/gateway/dist/resultShaping.js';
import gateway from '@apollo/gateway/package.json' with { type: 'json' };
import type { FetchDataRewrite } from '@apollo/query-planner';
import queryPlanner from '@apollo/query-planner/package.json' with { type: 'json' };
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
 * What our executor needs of Apollo's packages and does not find in their public face.
 * @throws Error when a package has another version than the one compared, or a function is gone.
 */
export function loadApolloInternals(): ApolloInternals {
  for (const { name, version } of [gateway, queryPlanner, federationInternals]) {
    if (version !== supportedVersion) {
      throw new Error(
        `Our executor was proven against ${name} ${supportedVersion}, found ${version}: ` +
          'run the differential test and raise supportedVersion, or start with DOTMAC_EXECUTOR=stock',
      );
    }
  }
  const internals: Record<string, unknown> = { ...resultShaping, ...dataRewrites };
  for (const name of ['computeResponse', 'applyRewrites']) {
    if (typeof internals[name] !== 'function') throw new Error(`@apollo/gateway has no internal ${name}`);
  }
  return internals as unknown as ApolloInternals;
}
