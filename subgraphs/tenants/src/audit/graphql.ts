import { type AuditEntry, readAudit } from '@dotmac/platform';
import { type ResolveCursorConnectionArgs, resolveCursorConnection } from '@pothos/plugin-relay';
import { builder } from '../builder.ts';

const PlatformAuditEntryRef = builder.objectRef<AuditEntry>('PlatformAuditEntry').implement({
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

builder.queryField('platformAuditTrail', (t) =>
  t.connection({
    type: PlatformAuditEntryRef,
    description: 'Who asked for which change on the platform itself, newest first; for operators.',
    authScopes: { scope: 'platform:read' },
    args: {
      actor: t.arg.string({ description: 'Only of this one, by id.' }),
      field: t.arg.string({ description: 'Only this mutation.' }),
    },
    resolve: (_root, { actor, field, ...args }, { services }) =>
      resolveCursorConnection(
        { args, defaultSize: 50, maxSize: 500, toCursor: ({ id }: AuditEntry) => String(id) },
        (page: ResolveCursorConnectionArgs) => readAudit(services.database as never, { actor, field }, page),
      ),
  }),
);
