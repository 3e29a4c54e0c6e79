import { appendEvents, newId } from '@dotmac/platform';
import { ConflictError, type PlatformEvents, readMailbox, ValidationError } from '@dotmac/schema';
import { type ResolveCursorConnectionArgs, resolveCursorConnection } from '@pothos/plugin-relay';
import { builder } from '../builder.ts';
import {
  type Agreement,
  agreementAt,
  insertAgreement,
  insertPartner,
  type Partner,
  partnerPage,
} from './store.ts';
import { PartnerKindEnum, PartnerRef, PartnerStateEnum } from './type.ts';

const AgreementRef = builder.objectRef<Agreement>('PartnerAgreement').implement({
  fields: (t) => ({
    version: t.exposeInt('version'),
    salesRateBasisPoints: t.exposeInt('salesRateBasisPoints', {
      description: '1500 is 15 % of first-year revenue received.',
    }),
    holdDays: t.exposeInt('holdDays'),
    leadProtectionDays: t.exposeInt('leadProtectionDays'),
    minimumPayout: t.exposeInt('minimumPayout', {
      description: 'In whole units of the currency; what is below it is carried to the next statement.',
    }),
  }),
});

PartnerRef.implement({
  description: 'A vendor, reseller or integrator who brings ISPs.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    kind: t.expose('kind', { type: PartnerKindEnum }),
    state: t.expose('state', { type: PartnerStateEnum }),
    agreement: t.field({
      type: AgreementRef,
      nullable: true,
      // What was agreed is between the two of them.
      authScopes: (partner, _args, { principal }) =>
        principal.partnerId === partner.id || { scope: 'platform:read' },
      unauthorizedResolver: () => null,
      resolve: (partner, _args, { services }) =>
        agreementAt(services.database, partner.id, new Date(services.clock.now())),
    }),
  }),
});

builder.asEntity(PartnerRef, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: async ({ id }, { loaders }) => (await loaders.partner.load(id)) as Partner,
});

/** The tenant, owned by `tenants`: here it learns who brought it. */
const TenantRef = builder.externalRef('Tenant', builder.selection<{ id: string }>('id')).implement({
  externalFields: (t) => ({ id: t.id() }),
  fields: (t) => ({
    partner: t.field({
      type: PartnerRef,
      nullable: true,
      description: 'Who brought this tenant.',
      authScopes: ({ id }, _args, { principal }) =>
        (principal.tenantId === id && principal.kind !== 'subscriber') || {
          $any: { scope: 'platform:read', system: true },
        },
      resolve: async ({ id }, _args, { loaders }) => {
        const attributed = await loaders.salesPartnerOfTenant.load(id);
        return attributed === null ? null : loaders.partner.load(attributed.partnerId);
      },
    }),
  }),
});

export { TenantRef };

builder.queryFields((t) => ({
  viewerPartner: t.field({
    type: PartnerRef,
    nullable: true,
    description: 'The partner for whom the principal acts.',
    authScopes: { signedIn: true },
    resolve: (_root, _args, { principal, loaders }) =>
      principal.partnerId === null ? null : loaders.partner.load(principal.partnerId),
  }),
  partners: t.connection({
    type: PartnerRef,
    authScopes: { scope: 'platform:read' },
    resolve: (_root, args, { services }) =>
      resolveCursorConnection(
        { args, defaultSize: 20, maxSize: 200, toCursor: (partner: Partner) => partner.id },
        ({ after, limit }: ResolveCursorConnectionArgs) =>
          partnerPage(services.database, after ?? null, limit),
      ),
  }),
}));

const RegisterPartnerInput = builder.inputType('RegisterPartnerInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    kind: t.field({ type: PartnerKindEnum, required: true }),
    email: t.string({ required: true }),
    salesRateBasisPoints: t.int({
      required: true,
      description: 'Share of first-year revenue, 1000 (10 %) to 2000 (20 %).',
    }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('registerPartner', (t) =>
  t.field({
    type: PartnerRef,
    description: 'Makes a partner with its first agreement. People join it through `addPartnerMember`.',
    authScopes: { scope: 'platform:write' },
    errors: { types: [ValidationError, ConflictError] },
    args: { input: t.arg({ type: RegisterPartnerInput, required: true }) },
    resolve: (_root, { input }, { services, principal, traceId }) => {
      const { name, kind, salesRateBasisPoints } = input;
      const email = readMailbox('input.email', input.email);
      if (name.trim() === '') throw new ValidationError('input.name', 'A partner needs a name');
      if (salesRateBasisPoints < 1000 || salesRateBasisPoints > 2000) {
        throw new ValidationError(
          'input.salesRateBasisPoints',
          'The sales rate lies between 1000 (10 %) and 2000 (20 %) basis points',
        );
      }
      const now = services.clock.now();
      const id = newId('par', services.clock);
      return services.database.transaction().execute(async (transaction) => {
        const partner = await insertPartner(transaction, {
          id,
          name: name.trim(),
          kind,
          email,
          state: 'ACTIVE',
          createdAt: new Date(now),
        });
        if (partner === null)
          throw new ConflictError(
            'DUPLICATE_EMAIL',
            `There is a partner with the e-mail address ${email} already`,
          );
        await insertAgreement(transaction, {
          id: newId('agr', services.clock),
          partnerId: id,
          salesRateBasisPoints,
          validFrom: new Date(now),
        });
        await appendEvents<PlatformEvents>(transaction, [
          {
            type: 'partner.activated',
            subject: id,
            payload: { partnerId: id, name: partner.name },
            occurredAt: now,
            actor: principal.id,
            traceId,
          },
        ]);
        return partner;
      });
    },
  }),
);
