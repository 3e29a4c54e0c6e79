import SchemaBuilder from '@pothos/core';
import DirectivesPlugin from '@pothos/plugin-directives';
import ErrorsPlugin from '@pothos/plugin-errors';
import FederationPlugin from '@pothos/plugin-federation';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import ValidationPlugin from '@pothos/plugin-validation';
import { ForbiddenError } from './errors.ts';
import type { Principal } from './principal.ts';
import type { Role, Scope } from './scopes.ts';
import { addSharedTypes } from './shared-types.ts';

/** What every resolver gets; a subgraph adds its own services to it. */
export interface Context {
  readonly principal: Principal;
  /** Names the request in logs and events. */
  readonly traceId: string;
}

/** An amount in minor units of its currency: 1999n USD is 19.99 US dollars. */
export interface MoneyValue {
  readonly minor: bigint;
  readonly currency: string;
}

/** Where an event stands in the initial state of a stream: the first has the number 1, the last the number `of`. */
export interface SnapshotPlaceValue {
  readonly number: number;
  readonly of: number;
}

/** What names an entity of another subgraph. */
export interface Reference {
  readonly id: string;
}

/**
 * One builder per subgraph, all with the same plugins, scalars, shared types and rules of access.
 * A field without `authScopes` is open to whoever may reach its parent: say so on every root field.
 */
export function createBuilder<C extends Context>() {
  const builder = new SchemaBuilder<{
    Context: C;
    DefaultFieldNullability: false;
    DefaultEdgesNullability: false;
    AuthScopes: { scope: Scope; role: Role; signedIn: boolean; system: boolean };
    Scalars: {
      ID: { Input: string; Output: string };
      BigInt: { Input: bigint; Output: bigint };
      BitsPerSecond: { Input: bigint; Output: bigint };
      DateTime: { Input: Date; Output: Date };
      LocalDate: { Input: string; Output: string };
      IPAddress: { Input: string; Output: string };
      CIDR: { Input: string; Output: string };
      MAC: { Input: string; Output: string };
      Cursor: { Input: string; Output: string };
    };
    Objects: { Money: MoneyValue; SnapshotPlace: SnapshotPlaceValue };
  }>({
    // Order matters: errors must wrap what scope-auth and validation throw.
    plugins: [
      ErrorsPlugin,
      ScopeAuthPlugin,
      ValidationPlugin,
      RelayPlugin,
      DirectivesPlugin,
      FederationPlugin,
    ],
    defaultFieldNullability: false,
    relay: {
      pageInfoTypeOptions: { shareable: true },
      edgesFieldOptions: { nullable: false },
      nodeFieldOptions: { nullable: false },
      nodeQueryOptions: false,
      nodesQueryOptions: false,
    },
    errors: { defaultTypes: [], directResult: true },
    scopeAuth: {
      authScopes: ({ principal }) => ({
        scope: (scope) => principal.scopes.includes(scope),
        role: (role) => principal.roles.includes(role),
        signedIn: principal.kind !== 'anonymous',
        system: principal.kind === 'system',
      }),
      unauthorizedError: (_parent, _context, info, result) =>
        forbidden(result.failure, `${info.parentType.name}.${info.fieldName}`),
    },
  });
  // They never touch the context, so its type does not matter to them.
  addSharedTypes(builder as unknown as SharedTypesBuilder);
  builder.queryType({});
  return builder;
}

/** A builder as `shared-types.ts` sees it. */
export type SharedTypesBuilder = ReturnType<typeof createBuilder<Context>>;

/** Finds the scope that was asked for in scope-auth's tree of failures, so that the refusal can name it. */
function forbidden(failure: unknown, place: string): ForbiddenError {
  const missing = missingScope(failure);
  return missing === undefined
    ? new ForbiddenError('', `Not allowed: ${place}`)
    : new ForbiddenError(missing, `${place} needs the scope ${missing}`);
}

function missingScope(failure: unknown): string | undefined {
  if (typeof failure !== 'object' || failure === null) return undefined;
  if ('scope' in failure && failure.scope === 'scope' && 'parameter' in failure)
    return String(failure.parameter);
  if ('failures' in failure && Array.isArray(failure.failures))
    return failure.failures.map(missingScope).find(Boolean);
  return undefined;
}
