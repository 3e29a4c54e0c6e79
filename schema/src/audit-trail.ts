import { type ResolveCursorConnectionArgs, resolveCursorConnection } from '@pothos/plugin-relay';
import type { Context, createBuilder, SharedTypesBuilder } from './builder.ts';
import type { Principal } from './principal.ts';
import type { Scope } from './scopes.ts';

/** A change that somebody asked for. */
export interface AuditEntry {
  /** They count up in the order of asking. */
  readonly id: bigint;
  readonly at: Date;
  readonly actorKind: Principal['kind'];
  readonly actor: string;
  readonly subgraph: string;
  readonly field: string;
  readonly traceId: string;
  /** The type of the result, or the code of the error; null when it was cut off, or is under way. */
  readonly outcome: string | null;
}

/** Which entries: by who asked, by what was asked. */
export interface AuditFilter {
  readonly actor?: string | null | undefined;
  readonly field?: string | null | undefined;
}

/** Shows a plane's audit trail as a connection, newest first. */
export function addAuditTrail<C extends Context>(
  builder: ReturnType<typeof createBuilder<C>>,
  trail: {
    /** Name of the query's field, and of the type of its entries. */
    readonly field: string;
    readonly type: string;
    readonly description: string;
    readonly scope: Scope;
    read(context: C, filter: AuditFilter, page: ResolveCursorConnectionArgs): Promise<AuditEntry[]>;
  },
): void {
  // Only `read` gets the context, as it came.
  const shared = builder as unknown as SharedTypesBuilder;
  const entry = shared.objectRef<AuditEntry>(trail.type).implement({
    description: 'A change that somebody asked for, whether it came about or was refused.',
    fields: (t) => ({
      at: t.expose('at', { type: 'DateTime' }),
      actorKind: t.exposeString('actorKind', {
        description: '`user`, `apiKey`, `subscriber`, `system` or `anonymous`.',
      }),
      actor: t.exposeString('actor', { description: 'The id of who asked.' }),
      subgraph: t.exposeString('subgraph'),
      field: t.exposeString('field', { description: 'The mutation.' }),
      outcome: t.exposeString('outcome', {
        nullable: true,
        description: 'The type of the result, or the code of the error. Null: cut off or under way.',
      }),
      traceId: t.exposeString('traceId', { description: 'The request, as in the logs.' }),
    }),
  });
  shared.queryField(trail.field, (t) =>
    t.connection({
      type: entry,
      description: trail.description,
      authScopes: { scope: trail.scope },
      args: {
        actor: t.arg.string({ description: 'Only of this one, by id.' }),
        field: t.arg.string({ description: 'Only this mutation.' }),
      },
      resolve: (_root, { actor, field, ...args }, context) =>
        resolveCursorConnection(
          { args, defaultSize: 50, maxSize: 500, toCursor: ({ id }: AuditEntry) => String(id) },
          (page: ResolveCursorConnectionArgs) => trail.read(context as C, { actor, field }, page),
        ),
    }),
  );
}
