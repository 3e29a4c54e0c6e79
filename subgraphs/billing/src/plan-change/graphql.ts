import { ConflictError, NotFoundError, StalePlanError, ValidationError } from '@dotmac/schema';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import type { Plan } from '../catalogue/store.ts';
import { PlanRef } from '../catalogue/type.ts';
import { TerminationRef } from '../contract/graphql.ts';
import { orFailure, planFailures } from '../outcome.ts';
import { AccountPreviewRef } from '../preview/graphql.ts';
import { customerOfLine } from '../service-line/store.ts';
import { ServiceRef } from '../service-line/type.ts';
import { type ChangePlan, type ChangeTime, cancelChange, confirmChange, previewChange } from './change.ts';
import type { PlanChange } from './store.ts';

const ChangeTimeEnum = builder.enumType('PlanChangeTime', {
  values: {
    NOW: { value: 'now', description: 'Today belongs to the new plan already.' },
    PERIOD_END: {
      value: 'periodEnd',
      description: 'With the first day of the next period, without a credit.',
    },
    ON: {
      value: 'on',
      description:
        'On the day `on`: what was billed since one that is over is billed again, one to come is scheduled.',
    },
  },
} as const);

/** @throws ValidationError for a day without `ON`, or the other way round. */
function timeOf(when: 'now' | 'periodEnd' | 'on', on: string | null | undefined): ChangeTime {
  if (when === 'on') {
    if (on == null) throw new ValidationError('input.on', 'Say on which day: YYYY-MM-DD');
    return { on };
  }
  if (on != null) throw new ValidationError('input.on', 'A day goes with `when: ON` only');
  return when;
}

class PlanChangePreview {
  readonly plan: ChangePlan;
  constructor(plan: ChangePlan) {
    this.plan = plan;
  }
}
builder.objectType(PlanChangePreview, {
  name: 'PlanChangePreview',
  description: 'What a change of plan costs: `confirmPlanChange` with this fingerprint orders it.',
  fields: (t) => ({
    fingerprint: t.string({ resolve: ({ plan }) => plan.fingerprint }),
    on: t.field({
      type: 'LocalDate',
      description: 'The first day by the new plan.',
      resolve: ({ plan }) => plan.on,
    }),
    charges: t.field({
      type: AccountPreviewRef,
      description: 'With credits of what was billed ahead, each line with its derivation.',
      resolve: ({ plan }) => plan.preview,
    }),
    earlyTermination: t.field({
      type: TerminationRef,
      nullable: true,
      description: 'Of the contract that a cheaper plan leaves within its term; it is among the charges.',
      resolve: ({ plan: { earlyTermination, currency } }) =>
        earlyTermination === null ? null : { ...earlyTermination, currency },
    }),
  }),
});

const PlanChangeRef = builder.objectRef<PlanChange>('PlanChange').implement({
  description: 'A confirmed change of plan.',
  authScopes: ({ customerId }, { principal }) =>
    principal.customerId === customerId || { scope: 'billing:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    service: t.field({ type: ServiceRef, resolve: ({ serviceLineId }) => ({ id: serviceLineId }) }),
    plan: t.field({
      type: PlanRef,
      resolve: async ({ planId }, _args, { loaders }) => (await loaders.plan.load(planId)) as Plan,
    }),
    on: t.expose('onDay', { type: 'LocalDate' }),
    state: t.field({
      type: builder.enumType('PlanChangeState', {
        values: {
          SCHEDULED: { value: 'scheduled' },
          ORDERED: { value: 'ordered' },
          CANCELLED: { value: 'cancelled' },
        },
      } as const),
      resolve: ({ state }) => state,
    }),
  }),
});

builder.objectField(ServiceRef, 'scheduledPlanChange', (t) =>
  t.field({
    type: PlanChangeRef,
    nullable: true,
    authScopes: { signedIn: true },
    resolve: async ({ id }, _args, { loaders, principal }) => {
      const change = await loaders.planChangeOfService.load(id);
      const may = change?.customerId === principal.customerId || principal.scopes.includes('billing:read');
      return may ? change : null;
    },
  }),
);

const PreviewResult = builder.unionType('PlanChangePreviewResult', {
  types: [PlanChangePreview, ConflictError, ...planFailures],
  resolveType: (value) => (value instanceof PlanChangePreview ? 'PlanChangePreview' : value.name),
});

builder.queryField('planChangePreview', (t) =>
  t.field({
    type: PreviewResult,
    description: 'What it costs to go to another plan, now and from the next period on. Changes nothing.',
    // A customer may look at what his own service would cost.
    authScopes: (_root, { serviceId }, { principal, services }) => {
      const staff = { scope: 'billing:read' } as const;
      if (principal.customerId === null) return staff;
      return customerOfLine(services.database, serviceId).then((id) => id === principal.customerId || staff);
    },
    args: {
      serviceId: t.arg.id({ required: true }),
      planId: t.arg.id({ required: true }),
      when: t.arg({ type: ChangeTimeEnum, required: true }),
      on: t.arg({ type: 'LocalDate', description: 'Of `when: ON`, the first day by the new plan.' }),
    },
    resolve: (_root, { serviceId, planId, when, on }, context) =>
      orFailure(async () => {
        const request = { serviceId, planId, when: timeOf(when, on) };
        return new PlanChangePreview(await previewChange(context.services, request, actOf(context)));
      }),
  }),
);

const ConfirmInput = builder.inputType('ConfirmPlanChangeInput', {
  fields: (t) => ({
    serviceId: t.id({ required: true }),
    planId: t.id({ required: true }),
    when: t.field({ type: ChangeTimeEnum, required: true }),
    on: t.field({ type: 'LocalDate', description: 'Of `when: ON`, the first day by the new plan.' }),
    fingerprint: t.string({ required: true, description: 'Of the preview.' }),
    clientMutationId: t.string(),
  }),
});
const CancelInput = builder.inputType('CancelPlanChangeInput', {
  fields: (t) => ({ serviceId: t.id({ required: true }), clientMutationId: t.string() }),
});

builder.mutationFields((t) => ({
  confirmPlanChange: t.field({
    type: PlanChangeRef,
    description: 'Orders the change that the preview showed, if the world has not moved since.',
    authScopes: { scope: 'billing:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError, StalePlanError] },
    args: { input: t.arg({ type: ConfirmInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { serviceId, planId, when, on, fingerprint } = input;
      const request = { serviceId, planId, when: timeOf(when, on) };
      return confirmChange(context.services, request, fingerprint, actOf(context));
    },
  }),
  cancelPlanChange: t.field({
    type: PlanChangeRef,
    description: 'Takes a scheduled change back.',
    authScopes: { scope: 'billing:write' },
    errors: { types: [NotFoundError] },
    args: { input: t.arg({ type: CancelInput, required: true }) },
    resolve: (_root, { input }, { services }) => cancelChange(services, input.serviceId),
  }),
}));
