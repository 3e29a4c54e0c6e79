import { appendEvents } from '@dotmac/platform';
import { NotFoundError, type PlatformEvents, ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { createKey } from './create.ts';
import { mayManage, ownerOf } from './owner.ts';
import { checkKeyScopes, rotationEnd } from './rules.ts';
import { type ApiKey, expireKey, keysOf, lockLiveKey, revokeKey } from './store.ts';

export const ApiKeyRef = builder.objectRef<ApiKey>('ApiKey').implement({
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
    trustedDocumentsOnly: t.exposeBoolean('trustedDocumentsOnly', {
      description: 'Whether it may run registered documents only.',
    }),
    rotatedFrom: t.exposeID('rotatedFrom', {
      nullable: true,
      description: 'The key that this one takes over from.',
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', nullable: true }),
    revokedAt: t.expose('revokedAt', { type: 'DateTime', nullable: true }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'To within a minute or so.',
    }),
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
    trustedDocumentsOnly: t.boolean({
      description: 'It may run documents registered with registerTrustedDocuments only.',
    }),
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
      const { name, allowedAddresses, expiresAt = null, trustedDocumentsOnly } = input;
      return services.database.transaction().execute((transaction) =>
        createKey(services, transaction, {
          ...owner,
          name,
          scopes,
          allowedAddresses: allowedAddresses ?? [],
          expiresAt,
          trustedDocumentsOnly: trustedDocumentsOnly ?? false,
          createdBy: principal.id,
          traceId,
        }),
      );
    },
  }),
);

const RotatedApiKeyRef = builder
  .objectRef<{ key: ApiKey; text: string; previous: ApiKey }>('RotatedApiKey')
  .implement({
    fields: (t) => ({
      apiKey: t.field({ type: ApiKeyRef, resolve: ({ key }) => key }),
      text: t.exposeString('text', {
        description: 'Send it as `Authorization: Bearer …`. It cannot be shown again.',
      }),
      previous: t.field({
        type: ApiKeyRef,
        description: 'Works on until its expiresAt.',
        resolve: ({ previous }) => previous,
      }),
    }),
  });

const RotateApiKeyInput = builder.inputType('RotateApiKeyInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    overlapSeconds: t.int({
      defaultValue: 7 * 86_400,
      required: true,
      description: 'How long the old key works on; at most 90 days.',
    }),
    expiresAt: t.field({ type: 'DateTime', description: 'When the new key ends; never when absent.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('rotateApiKey', (t) =>
  t.field({
    type: RotatedApiKeyRef,
    description: 'Makes a key with the same rights. The old one works on for a while, so that no call fails.',
    authScopes: mayManage,
    errors: { types: [NotFoundError, ValidationError] },
    args: { input: t.arg({ type: RotateApiKeyInput, required: true }) },
    resolve: (_root, { input }, { services, principal, traceId }) =>
      services.database.transaction().execute(async (transaction) => {
        const now = services.clock.now();
        const old = await lockLiveKey(transaction, input.id, ownerOf(principal), new Date(now));
        if (old === null) throw new NotFoundError('ApiKey', input.id);
        const end = rotationEnd(now, input.overlapSeconds, old.expiresAt?.getTime() ?? null);
        const made = await createKey(services, transaction, {
          name: old.name,
          tenantId: old.tenantId,
          partnerId: old.partnerId,
          // Whoever rotates gives no more than he holds, though the old key may have more.
          scopes: checkKeyScopes(old.scopes, principal.scopes),
          allowedAddresses: old.allowedAddresses,
          expiresAt: input.expiresAt ?? null,
          trustedDocumentsOnly: old.trustedDocumentsOnly,
          rotatedFrom: old.id,
          createdBy: principal.id,
          traceId,
        });
        return { ...made, previous: await expireKey(transaction, old.id, new Date(end)) };
      }),
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
