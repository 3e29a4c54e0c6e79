import { type ResolveCursorConnectionArgs, resolveCursorConnection } from '@pothos/plugin-relay';
import { ApiKeyRef } from '../api-key/graphql.ts';
import { ownerOf } from '../api-key/owner.ts';
import type { ApiKey } from '../api-key/store.ts';
import { builder } from '../builder.ts';
import { keyPage, keysWithGaps, operationsOf, type RecordedOperation } from './store.ts';

const RecordedOperationRef = builder.objectRef<RecordedOperation>('RecordedOperation').implement({
  description: 'An operation that an API key ran: what it asks, without the values in it.',
  fields: (t) => ({
    hash: t.exposeString('hash', { description: 'SHA-256 of the text, hexadecimal.' }),
    text: t.exposeString('text', { description: 'The document; its strings and numbers are blank.' }),
    operationName: t.exposeString('operationName', {
      description: 'Empty when the document has one operation only.',
    }),
    firstSeenAt: t.expose('firstSeenAt', { type: 'DateTime' }),
    lastSeenAt: t.expose('lastSeenAt', { type: 'DateTime', description: 'To within an hour or so.' }),
  }),
});

interface ApiKeyRecord {
  readonly key: ApiKey;
  readonly operations: readonly RecordedOperation[];
  readonly complete: boolean;
}

const ApiKeyRecordRef = builder.objectRef<ApiKeyRecord>('ApiKeyRecord').implement({
  description: 'What an API key that may be used now has asked.',
  fields: (t) => ({
    apiKey: t.field({ type: ApiKeyRef, resolve: ({ key }) => key }),
    tenantId: t.id({ nullable: true, resolve: ({ key }) => key.tenantId }),
    partnerId: t.id({ nullable: true, resolve: ({ key }) => key.partnerId }),
    operations: t.field({
      type: [RecordedOperationRef],
      description: 'Newest first, at most 500.',
      resolve: ({ operations }) => [...operations],
    }),
    complete: t.exposeBoolean('complete', {
      description: 'False when it asked more than is recorded: then no change may be called safe for it.',
    }),
  }),
});

builder.queryField('apiKeyRecords', (t) =>
  t.connection({
    type: ApiKeyRecordRef,
    description: 'By key; of all keys for operators who act in no tenant, else of one owner.',
    authScopes: { scope: 'platform:read', $any: { scope: 'tenant:keys:write', role: 'PARTNER' } },
    resolve: (_root, args, { services, principal }) => {
      const { database, clock } = services;
      const everybody = principal.scopes.includes('platform:read') && principal.tenantId === null;
      return resolveCursorConnection(
        { args, defaultSize: 20, maxSize: 100, toCursor: ({ key }: ApiKeyRecord) => key.id },
        async ({ after, limit }: ResolveCursorConnectionArgs) => {
          const keys = await keyPage(database, everybody ? 'all' : ownerOf(principal), {
            after: after ?? null,
            limit,
            now: new Date(clock.now()),
          });
          if (keys.length === 0) return [];
          const ids = keys.map(({ id }) => id);
          const [operations, gaps] = [await operationsOf(database, ids), await keysWithGaps(database, ids)];
          return keys.map((key) => ({
            key,
            operations: operations.get(key.id) ?? [],
            complete: !gaps.has(key.id),
          }));
        },
      );
    },
  }),
);
