import { appendEvents } from '@dotmac/platform';
import { NotFoundError, type PlatformEvents, type Principal, ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { createKey } from './create.ts';
import { checkKeyScopes } from './rules.ts';
import { type ApiKey, keysOf, revokeKey } from './store.ts';

const ApiKeyRef = builder.objectRef<ApiKey>('ApiKey').implement({
  description:
    'Lets an integration call the graph with exactly its scopes. Its text is shown once, when it is made.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    scopes: t.exposeStringList('scopes'),
    allowedAddresses: t.field({
      type: ['CIDR'],
      description: 'From anywhere when empty.',
      resolve: (key) => key.allowedAddresses,
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', nullable: true }),
    revokedAt: t.expose('revokedAt', { type: 'DateTime', nullable: true }),
    lastUsedAt: t.expose('lastUsedAt', { type: 'DateTime', nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
  }),
});

const CreatedApiKeyRef = builder.objectRef<{ key: ApiKey; text: string }>('CreatedApiKey').implement({
  fields: (t) => ({
    apiKey: t.field({ type: ApiKeyRef, resolve: ({ key }) => key }),
    text: t.exposeString('text', {
      description: 'Send it as `Authorization: Bearer …`. It cannot be shown again.',
    }),
  }),
});

/** A partner's keys are the partner's, a tenant's the tenant's. */
function ownerOf({ tenantId, partnerId }: Principal): { tenantId: string | null; partnerId: string | null } {
  return partnerId === null ? { tenantId, partnerId } : { tenantId: null, partnerId };
}

const mayManage = { $any: { scope: 'tenant:keys:write', role: 'PARTNER' } } as const;

builder.queryField('apiKeys', (t) =>
  t.field({
    type: [ApiKeyRef],
    authScopes: mayManage,
    resolve: (_root, _args, { services, principal }) => keysOf(services.database, ownerOf(principal)),
  }),
);

const CreateApiKeyInput = builder.inputType('CreateApiKeyInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    scopes: t.stringList({ required: true }),
    allowedAddresses: t.field({
      type: ['CIDR'],
      description: 'Address blocks it may be used from; anywhere when empty.',
    }),
    expiresAt: t.field({ type: 'DateTime' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('createApiKey', (t) =>
  t.field({
    type: CreatedApiKeyRef,
    authScopes: mayManage,
    errors: { types: [ValidationError] },
    args: { input: t.arg({ type: CreateApiKeyInput, required: true }) },
    resolve: (_root, { input }, { services, principal, traceId }) => {
      const owner = ownerOf(principal);
      if (owner.tenantId === null && owner.partnerId === null) {
        throw new ValidationError('input', 'A key belongs to a tenant or a partner: act in one');
      }
      const scopes = checkKeyScopes(input.scopes, principal.scopes);
      const { name, allowedAddresses, expiresAt = null } = input;
      return services.database.transaction().execute((transaction) =>
        createKey(services, transaction, {
          ...owner,
          name,
          scopes,
          allowedAddresses: allowedAddresses ?? [],
          expiresAt,
          createdBy: principal.id,
          traceId,
        }),
      );
    },
  }),
);

const RevokeApiKeyInput = builder.inputType('RevokeApiKeyInput', {
  fields: (t) => ({ id: t.id({ required: true }), clientMutationId: t.string() }),
});

builder.mutationField('revokeApiKey', (t) =>
  t.field({
    type: ApiKeyRef,
    description: 'Takes effect at every gateway within a second; open subscriptions of the key are closed.',
    authScopes: mayManage,
    errors: { types: [NotFoundError] },
    args: { input: t.arg({ type: RevokeApiKeyInput, required: true }) },
    resolve: (_root, { input: { id } }, { services, principal, traceId }) =>
      services.database.transaction().execute(async (transaction) => {
        const now = services.clock.now();
        const key = await revokeKey(transaction, id, ownerOf(principal), new Date(now));
        if (key === null) throw new NotFoundError('ApiKey', id);
        await appendEvents<PlatformEvents>(transaction, [
          {
            type: 'apiKey.revoked',
            subject: id,
            payload: { keyId: id },
            occurredAt: now,
            actor: principal.id,
            traceId,
          },
        ]);
        return key;
      }),
  }),
);
