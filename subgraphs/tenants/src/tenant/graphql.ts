import { ConflictError, ValidationError } from '@dotmac/schema';
import { type ResolveCursorConnectionArgs, resolveCursorConnection } from '@pothos/plugin-relay';
import { builder } from '../builder.ts';
import { ProvisioningJobRef } from '../provisioning/type.ts';
import { createTenant } from './create.ts';
import { type Tenant, tenantPage } from './store.ts';
import { TenantRef, TenantStateEnum } from './type.ts';

const RadiusEndpointRef = builder.objectRef<Tenant>('RadiusEndpoint').implement({
  fields: (t) => ({
    authPort: t.exposeInt('radiusAuthPort', { description: 'UDP port of authentication.' }),
    accountingPort: t.exposeInt('radiusAccountingPort', { description: 'UDP port of accounting.' }),
    radSecPort: t.exposeInt('radsecPort', {
      nullable: true,
      description:
        'TCP port of RADIUS over TLS, open once `setRadSec` has given a certificate; null until it has one.',
    }),
  }),
});

TenantRef.implement({
  description: 'An ISP with a runtime and a database of its own.',
  authScopes: (tenant, { principal }) =>
    (principal.tenantId === tenant.id && principal.kind !== 'subscriber') || {
      $any: { scope: 'platform:read', system: true },
    },
  fields: (t) => ({
    id: t.exposeID('id'),
    slug: t.exposeString('slug'),
    name: t.exposeString('name'),
    state: t.expose('state', { type: TenantStateEnum }),
    timeZone: t.exposeString('timeZone', { description: 'IANA zone in which its business days begin.' }),
    currency: t.exposeString('currency'),
    country: t.exposeString('country'),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    ownerEmail: t.exposeString('ownerEmail', {
      authScopes: { $any: { scope: 'platform:read', role: 'OWNER' } },
    }),
    radius: t.field({
      type: RadiusEndpointRef,
      description: 'Where its NASes send RADIUS.',
      authScopes: { $any: { scope: 'network:read', system: true } },
      resolve: (tenant) => tenant,
    }),
    trapPort: t.exposeInt('trapPort', {
      nullable: true,
      description: 'UDP port to which its devices send SNMP traps and informs; null until it has one.',
      authScopes: { $any: { scope: 'network:read', system: true } },
    }),
    trustedDocumentsOnly: t.boolean({
      description:
        'Whether everybody but its staff (keys, subscribers, strangers) runs registered documents only.',
      resolve: async ({ id }, _args, { loaders }) =>
        (await loaders.route.load(id))?.trustedDocumentsOnly ?? false,
    }),
    provisioning: t.field({
      type: [ProvisioningJobRef],
      description: 'How it came to life, newest first.',
      resolve: async ({ id }, _args, { loaders }) => [...(await loaders.jobsOfTenant.load(id))],
    }),
  }),
});

builder.asEntity(TenantRef, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: async ({ id }, { loaders }) => (await loaders.tenant.load(id)) as Tenant,
});

builder.queryFields((t) => ({
  tenant: t.field({
    type: TenantRef,
    nullable: true,
    description: 'The tenant in which the principal acts; operators may name any.',
    args: { id: t.arg.id() },
    authScopes: { signedIn: true },
    resolve: (_root, { id }, { principal, loaders }) => {
      const wanted = id ?? principal.tenantId;
      return wanted === null ? null : loaders.tenant.load(wanted);
    },
  }),
  tenants: t.connection({
    type: TenantRef,
    authScopes: { scope: 'platform:read' },
    resolve: (_root, args, { services }) =>
      resolveCursorConnection(
        { args, defaultSize: 20, maxSize: 200, toCursor: (tenant: Tenant) => tenant.slug },
        ({ after, limit }: ResolveCursorConnectionArgs) =>
          tenantPage(services.database, after ?? null, limit),
      ),
  }),
}));

const CreateTenantInput = builder.inputType('CreateTenantInput', {
  fields: (t) => ({
    slug: t.string({
      required: true,
      description: 'Names it in host names and for good: 2 to 40 lower-case letters, digits and hyphens.',
    }),
    name: t.string({ required: true }),
    timeZone: t.string({ required: true }),
    currency: t.string({ required: true }),
    country: t.string({ required: true }),
    ownerEmail: t.string({ required: true }),
    leadId: t.id({ description: "The partner's lead that it comes from." }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('createTenant', (t) =>
  t.field({
    type: TenantRef,
    description: 'Returns at once; follow `provisioningEvents` until it is ACTIVE.',
    authScopes: { $any: { scope: 'platform:write', system: true } },
    errors: { types: [ValidationError, ConflictError] },
    args: { input: t.arg({ type: CreateTenantInput, required: true }) },
    resolve: (_root, { input: { clientMutationId: _, ...input } }, { services, principal, demo }) =>
      services.database
        .transaction()
        .execute((transaction) => createTenant(services, transaction, { ...input, demo }, principal.id)),
  }),
);
