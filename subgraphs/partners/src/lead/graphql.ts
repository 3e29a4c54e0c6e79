import { appendEvents, newId } from '@dotmac/platform';
import {
  ConflictError,
  NotFoundError,
  type PlatformEvents,
  readMailbox,
  ValidationError,
} from '@dotmac/schema';
import { builder } from '../builder.ts';
import { TenantRef } from '../partner/graphql.ts';
import { agreementAt, type Partner } from '../partner/store.ts';
import { PartnerRef } from '../partner/type.ts';
import { insertLead, type Lead, leadStates, leadsOfPartner, lockedLead, updateLead } from './store.ts';

const LeadStateEnum = builder.enumType('LeadState', { values: leadStates });

const LeadRef = builder.objectRef<Lead>('Lead').implement({
  description: 'An ISP that a partner has registered. While it is protected, nobody else is paid for it.',
  authScopes: (lead, { principal }) => principal.partnerId === lead.partnerId || { scope: 'platform:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    company: t.exposeString('company'),
    email: t.exposeString('email'),
    state: t.expose('state', { type: LeadStateEnum }),
    registeredAt: t.expose('registeredAt', { type: 'DateTime' }),
    protectedUntil: t.expose('protectedUntil', { type: 'DateTime', nullable: true }),
    partner: t.field({
      type: PartnerRef,
      resolve: async ({ partnerId }, _args, { loaders }) =>
        (await loaders.partner.load(partnerId)) as Partner,
    }),
    tenant: t.field({
      type: TenantRef,
      nullable: true,
      resolve: ({ tenantId }) => (tenantId === null ? null : { id: tenantId }),
    }),
  }),
});

builder.queryField('leads', (t) =>
  t.field({
    type: [LeadRef],
    description: 'Leads of the partner for whom the principal acts; operators name the partner.',
    args: { partnerId: t.arg.id() },
    authScopes: { $any: { scope: 'partner:read', role: 'OPERATOR' } },
    resolve: (_root, { partnerId }, { services, principal }) => {
      const wanted = principal.partnerId ?? partnerId;
      if (wanted == null) throw new ValidationError('partnerId', 'Name the partner whose leads are wanted');
      return leadsOfPartner(services.database, wanted);
    },
  }),
);

const RegisterLeadInput = builder.inputType('RegisterLeadInput', {
  fields: (t) => ({
    company: t.string({ required: true }),
    email: t.string({ required: true, description: 'Of the person at the ISP; one open lead per address.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('registerLead', (t) =>
  t.field({
    type: LeadRef,
    authScopes: { scope: 'partner:write' },
    errors: { types: [ValidationError, ConflictError] },
    args: { input: t.arg({ type: RegisterLeadInput, required: true }) },
    resolve: (_root, { input }, { services, principal, traceId }) => {
      const { partnerId } = principal;
      if (partnerId === null)
        throw new ValidationError('input', 'Leads are registered by partners: act for one');
      const company = input.company.trim();
      const email = readMailbox('input.email', input.email);
      if (company === '') throw new ValidationError('input.company', 'A lead needs the name of the company');
      const now = services.clock.now();
      const id = newId('led', services.clock);
      return services.database.transaction().execute(async (transaction) => {
        const lead = await insertLead(transaction, {
          id,
          partnerId,
          company,
          email,
          registeredAt: new Date(now),
        });
        if (lead === null) throw new ConflictError('ALREADY_REGISTERED', 'This ISP is registered already');
        await appendEvents<PlatformEvents>(transaction, [
          {
            type: 'lead.registered',
            subject: id,
            payload: { leadId: id, partnerId, company },
            occurredAt: now,
            actor: principal.id,
            traceId,
          },
        ]);
        return lead;
      });
    },
  }),
);

const ApproveLeadInput = builder.inputType('ApproveLeadInput', {
  fields: (t) => ({ leadId: t.id({ required: true }), clientMutationId: t.string() }),
});

builder.mutationField('approveLead', (t) =>
  t.field({
    type: LeadRef,
    description:
      'Protects the lead for as long as the agreement says. The tenant that is then made of it names the lead.',
    authScopes: { scope: 'platform:write' },
    errors: { types: [NotFoundError, ConflictError] },
    args: { input: t.arg({ type: ApproveLeadInput, required: true }) },
    resolve: (_root, { input: { leadId } }, { services, principal, traceId }) =>
      services.database.transaction().execute(async (transaction) => {
        const lead = await lockedLead(transaction, leadId);
        if (lead === null) throw new NotFoundError('Lead', leadId);
        if (lead.state !== 'SUBMITTED')
          throw new ConflictError(
            'NOT_SUBMITTED',
            `The lead is ${lead.state}; only a SUBMITTED one can be approved`,
          );
        const now = services.clock.now();
        const agreement = await agreementAt(transaction, lead.partnerId, new Date(now));
        if (agreement === null)
          throw new ConflictError('NO_AGREEMENT', 'The partner has no agreement that holds today');
        const protectedUntil = new Date(now + agreement.leadProtectionDays * 86_400_000);
        await appendEvents<PlatformEvents>(transaction, [
          {
            type: 'lead.approved',
            subject: leadId,
            payload: { leadId, partnerId: lead.partnerId, protectedUntil: protectedUntil.toISOString() },
            occurredAt: now,
            actor: principal.id,
            traceId,
          },
        ]);
        return updateLead(transaction, leadId, {
          state: 'APPROVED',
          approvedAt: new Date(now),
          protectedUntil,
        });
      }),
  }),
);
