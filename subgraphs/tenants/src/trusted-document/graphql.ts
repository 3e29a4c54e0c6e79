import { appendEvents } from '@dotmac/platform';
import { type PlatformEvents, ValidationError } from '@dotmac/schema';
import { mayManage, ownerOf } from '../api-key/owner.ts';
import { builder } from '../builder.ts';
import { saveTrustedDocumentsOnly } from '../provisioning/routing.ts';
import { TenantRef } from '../tenant/type.ts';
import { checkManifest } from './rules.ts';
import { insertDocuments } from './store.ts';

const TrustedDocumentInput = builder.inputType('TrustedDocumentInput', {
  fields: (t) => ({
    id: t.string({ required: true, description: 'SHA-256 of the text, hexadecimal.' }),
    text: t.string({ required: true, description: 'The GraphQL document.' }),
  }),
});

const RegisterTrustedDocumentsInput = builder.inputType('RegisterTrustedDocumentsInput', {
  fields: (t) => ({
    documents: t.field({ type: [TrustedDocumentInput], required: true }),
    clientMutationId: t.string(),
  }),
});

const RegisteredDocumentsRef = builder
  .objectRef<{ registered: number; known: number }>('RegisteredTrustedDocuments')
  .implement({
    fields: (t) => ({
      registered: t.exposeInt('registered', { description: 'Documents that were new.' }),
      known: t.exposeInt('known', { description: 'Documents that were registered already.' }),
    }),
  });

const RequireTrustedDocumentsInput = builder.inputType('RequireTrustedDocumentsInput', {
  fields: (t) => ({
    required: t.boolean({ required: true }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('requireTrustedDocuments', (t) =>
  t.field({
    type: TenantRef,
    description:
      "Whether keys, subscribers and strangers run registered documents only, whatever each key was made with. A tenant's staff may always write operations of their own. Holds within a second for what begins from then on.",
    authScopes: { scope: 'tenant:keys:write' },
    errors: { types: [ValidationError] },
    args: { input: t.arg({ type: RequireTrustedDocumentsInput, required: true }) },
    resolve: async (_root, { input: { required } }, { services, principal: { tenantId }, loaders }) => {
      const at = new Date(services.clock.now());
      const tenant = tenantId === null ? null : await loaders.tenant.load(tenantId);
      if (tenant == null || !(await saveTrustedDocumentsOnly(services.database, tenant.id, required, at))) {
        throw new ValidationError('input', 'Only a tenant that can be reached requires them: act in one');
      }
      return tenant;
    },
  }),
);

builder.mutationField('registerTrustedDocuments', (t) =>
  t.field({
    type: RegisteredDocumentsRef,
    description:
      "Registers the documents of a client's build. Keys of the tenant or partner then run them by id, within a second.",
    authScopes: mayManage,
    errors: { types: [ValidationError] },
    args: { input: t.arg({ type: RegisterTrustedDocumentsInput, required: true }) },
    resolve: (_root, { input }, { services, principal, traceId }) => {
      const owner = ownerOf(principal);
      if (owner.tenantId === null && owner.partnerId === null) {
        throw new ValidationError('input', 'Documents belong to a tenant or a partner: act in one');
      }
      const unique = new Map(checkManifest(input.documents).map((document) => [document.id, document]));
      return services.database.transaction().execute(async (transaction) => {
        const now = services.clock.now();
        const registered = await insertDocuments(transaction, owner, [...unique.values()], {
          at: new Date(now),
          by: principal.id,
        });
        await appendEvents<PlatformEvents>(transaction, [
          {
            type: 'trustedDocuments.registered',
            subject: owner.tenantId ?? owner.partnerId ?? '',
            payload: { ...owner, ids: [...unique.keys()] },
            occurredAt: now,
            actor: principal.id,
            traceId,
          },
        ]);
        return { registered, known: unique.size - registered };
      });
    },
  }),
);
