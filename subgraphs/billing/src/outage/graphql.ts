import { parseDecimal } from '@dotmac/platform/money/decimal';
import { ConflictError, NotFoundError, requireFingerprint, ValidationError } from '@dotmac/schema';
import { type ResolveCursorConnectionArgs, resolveCursorConnection } from '@pothos/plugin-relay';
import { CustomerRef } from '../account/type.ts';
import { actOf } from '../act.ts';
import { monthlySums } from '../analytics/rules.ts';
import { type BillingContext, builder } from '../builder.ts';
import type { Draft } from '../document/rules-draft.ts';
import type { Document } from '../document/store.ts';
import { CreditNoteRef } from '../document/type.ts';
import { orFailure, planFailures } from '../outcome.ts';
import { ApplyModeEnum, PreviewDocumentRef } from '../run/graphql.ts';
import { ServiceRef } from '../service-line/type.ts';
import { applyOutageCredits, planOutageCredits } from './approve.ts';
import type { OutagePolicy } from './rules.ts';
import {
  creditPage,
  creditStates,
  creditsById,
  decideCredit,
  lockCredits,
  type OutageCredit,
  outagePolicy,
  updateOutagePolicy,
} from './store.ts';

const OutageCreditStateEnum = builder.enumType('OutageCreditState', { values: creditStates });
/** Owned by `network`; billing adds what is at risk and what is given back for it. */
const IncidentRef = builder.externalRef('Incident', builder.selection<{ id: string }>('id'));

const OutageCreditRef = builder.objectRef<OutageCredit>('OutageCredit').implement({
  description: 'What a subscriber gets back for an outage that cut off his service while he used it.',
  authScopes: ({ customerId }, { principal }) =>
    principal.customerId === customerId || { scope: 'billing:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    state: t.expose('state', { type: OutageCreditStateEnum }),
    incident: t.field({ type: IncidentRef, resolve: ({ incidentId }) => ({ id: incidentId }) }),
    service: t.field({ type: ServiceRef, resolve: ({ serviceLineId }) => ({ id: serviceLineId }) }),
    customer: t.field({ type: CustomerRef, resolve: ({ customerId }) => ({ id: customerId }) }),
    summary: t.exposeString('summary'),
    from: t.expose('fromAt', { type: 'DateTime' }),
    to: t.expose('toAt', { type: 'DateTime' }),
    downSeconds: t.field({
      type: 'BigInt',
      description: 'Without what another incident’s credit covers.',
      resolve: ({ downSeconds }) => downSeconds,
    }),
    decidedBy: t.exposeString('decidedBy', { nullable: true }),
    because: t.exposeString('because', { nullable: true }),
    creditNote: t.field({
      type: CreditNoteRef,
      nullable: true,
      resolve: async ({ creditNoteId }, _args, { loaders }) =>
        creditNoteId === null ? null : ((await loaders.document.load(creditNoteId)) as Document),
    }),
  }),
});

IncidentRef.implement({
  externalFields: (t) => ({ id: t.id(), affectedServiceIds: t.idList() }),
  fields: (t) => ({
    revenueAtRisk: t.field({
      type: ['Money'],
      description:
        'What those whom it concerns pay in a month at list price, add-ons included, without tax; by currency.',
      // Whoever may read the price of a plan can add it up himself.
      authScopes: { scope: 'catalogue:read' },
      requires: builder.selection<{ affectedServiceIds: string[] }>('affectedServiceIds'),
      resolve: ({ affectedServiceIds }, _args, context) => monthlyWorth(affectedServiceIds, context),
    }),
    outageCredits: t.field({
      type: [OutageCreditRef],
      description: 'Proposed, approved and rejected.',
      authScopes: { scope: 'billing:read' },
      resolve: async ({ id }, _args, { loaders }) => [...(await loaders.outageCreditsOfIncident.load(id))],
    }),
  }),
});

builder.externalRef('MaintenanceWindow', builder.selection<{ id: string }>('id')).implement({
  externalFields: (t) => ({ id: t.id(), affectedServiceIds: t.idList() }),
  fields: (t) => ({
    revenueAtRisk: t.field({
      type: ['Money'],
      description:
        'What those whom the work covers pay in a month at list price, add-ons included, without tax; by currency.',
      authScopes: { scope: 'catalogue:read' },
      requires: builder.selection<{ affectedServiceIds: string[] }>('affectedServiceIds'),
      resolve: ({ affectedServiceIds }, _args, context) => monthlyWorth(affectedServiceIds, context),
    }),
  }),
});

/** What services pay in a month, by currency. */
async function monthlyWorth(serviceIds: readonly string[], context: BillingContext) {
  const { today } = actOf(context);
  const values = await Promise.all(serviceIds.map((id) => context.loaders.worthOfService(id, today)));
  return monthlySums(values.flat());
}

const OutagePolicyRef = builder.objectRef<OutagePolicy>('OutageCreditPolicy').implement({
  fields: (t) => ({
    minimumMinutes: t.exposeInt('minimumMinutes', { description: 'Shorter outages propose nothing.' }),
    percent: t.exposeString('percent', { description: 'Of what was charged for the time.' }),
  }),
});

builder.queryFields((t) => ({
  outageCreditPolicy: t.field({
    type: OutagePolicyRef,
    authScopes: { scope: 'billing:read' },
    resolve: (_root, _args, { services }) => outagePolicy(services.database),
  }),
  outageCredits: t.connection({
    type: OutageCreditRef,
    description: 'Newest first.',
    authScopes: { scope: 'billing:read' },
    args: { state: t.arg({ type: OutageCreditStateEnum, description: 'Any when left out.' }) },
    resolve: (_root, args, { services }) =>
      resolveCursorConnection(
        { args, defaultSize: 50, maxSize: 500, toCursor: (credit: OutageCredit) => credit.id },
        ({ before, after, limit, inverted }: ResolveCursorConnectionArgs) =>
          creditPage(services.database, { limit, inverted, after, before, state: args.state }),
      ),
  }),
}));

builder.mutationField('setOutageCreditPolicy', (t) =>
  t.field({
    type: OutagePolicyRef,
    description: 'Of outages that end from now on.',
    authScopes: { scope: 'billing:write' },
    errors: { types: [ValidationError] },
    args: {
      input: t.arg({
        type: builder.inputType('SetOutageCreditPolicyInput', {
          fields: (f) => ({
            minimumMinutes: f.int({ required: true }),
            percent: f.string({ required: true, description: 'Such as 100.' }),
            clientMutationId: f.string(),
          }),
        }),
        required: true,
      }),
    },
    resolve: (_root, { input: { minimumMinutes, percent } }, { services }) => {
      if (minimumMinutes < 0 || minimumMinutes > 525_600)
        throw new ValidationError('input.minimumMinutes', 'It lies between 0 and a year');
      const number = /^\d{1,4}(\.\d{1,6})?$/.test(percent) ? parseDecimal(percent) : undefined;
      if (number === undefined || number.num <= 0n || number.num > 1_000n * number.den)
        throw new ValidationError('input.percent', `"${percent}" is no percent above 0 and up to 1000`);
      const policy = { minimumMinutes, percent };
      return services.database.transaction().execute(async (transaction) => {
        await updateOutagePolicy(transaction, policy);
        return outagePolicy(transaction);
      });
    },
  }),
);

/** Members of a union, told apart by their classes. */
class OutageCreditsPreview {
  readonly drafts: readonly Draft[];
  readonly fingerprint: string;
  constructor(drafts: readonly Draft[], fingerprint: string) {
    this.drafts = drafts;
    this.fingerprint = fingerprint;
  }
}
builder.objectType(OutageCreditsPreview, {
  name: 'OutageCreditsPreview',
  fields: (t) => ({
    fingerprint: t.exposeString('fingerprint'),
    documents: t.field({ type: [PreviewDocumentRef], resolve: ({ drafts }) => [...drafts] }),
  }),
});
class OutageCreditsApproved {
  readonly credits: readonly OutageCredit[];
  constructor(credits: readonly OutageCredit[]) {
    this.credits = credits;
  }
}
builder.objectType(OutageCreditsApproved, {
  name: 'OutageCreditsApproved',
  fields: (t) => ({ credits: t.field({ type: [OutageCreditRef], resolve: ({ credits }) => [...credits] }) }),
});

const ApproveResult = builder.unionType('MutationApproveOutageCreditsResult', {
  types: [OutageCreditsPreview, OutageCreditsApproved, ...planFailures],
  resolveType: (value) => {
    if (value instanceof OutageCreditsPreview) return 'OutageCreditsPreview';
    return value instanceof OutageCreditsApproved ? 'OutageCreditsApproved' : value.name;
  },
});

const ApproveOutageCreditsInput = builder.inputType('ApproveOutageCreditsInput', {
  fields: (t) => ({
    ids: t.idList({ required: true, description: 'Nothing is never everything.' }),
    mode: t.field({ type: ApplyModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan, for APPLY.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('approveOutageCredits', (t) =>
  t.field({
    type: ApproveResult,
    description: 'Issues a credit note for each proposal, whose line names the incident.',
    authScopes: { scope: 'billing:write' },
    args: { input: t.arg({ type: ApproveOutageCreditsInput, required: true }) },
    resolve: (_root, { input }, context) => orFailure(() => approve(input, context)),
  }),
);

async function approve(
  { ids, mode, fingerprint }: typeof ApproveOutageCreditsInput.$inferInput,
  context: BillingContext,
): Promise<OutageCreditsPreview | OutageCreditsApproved> {
  const { services } = context;
  const act = actOf(context);
  if (mode === 'PLAN') {
    const plan = await planOutageCredits(services, services.database, { ids }, act);
    return new OutageCreditsPreview(
      plan.planned.map(({ draft }) => draft),
      plan.fingerprint,
    );
  }
  const approved = await applyOutageCredits(
    services,
    { ids, fingerprint: requireFingerprint(fingerprint) },
    act,
  );
  return new OutageCreditsApproved(await creditsById(services.database, approved));
}

builder.mutationField('rejectOutageCredit', (t) =>
  t.field({
    type: OutageCreditRef,
    authScopes: { scope: 'billing:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: {
      input: t.arg({
        type: builder.inputType('RejectOutageCreditInput', {
          fields: (f) => ({
            id: f.id({ required: true }),
            because: f.string({ required: true }),
            clientMutationId: f.string(),
          }),
        }),
        required: true,
      }),
    },
    resolve: (_root, { input: { id, because } }, context) => {
      if (because.trim() === '' || because.length > 500)
        throw new ValidationError('input.because', 'Say why, in 1 to 500 characters');
      const act = actOf(context);
      return context.services.database.transaction().execute(async (transaction) => {
        await lockCredits(transaction, [id]);
        const [credit] = await creditsById(transaction, [id]);
        if (credit === undefined) throw new NotFoundError('OutageCredit', id);
        if (credit.state !== 'PROPOSED')
          throw new ConflictError('DECIDED', `The proposal is ${credit.state} already`);
        await decideCredit(transaction, id, {
          state: 'REJECTED',
          decidedBy: act.actor,
          decidedAt: new Date(act.now),
          because,
          creditNoteId: null,
        });
        return (await creditsById(transaction, [id]))[0] as OutageCredit;
      });
    },
  }),
);
