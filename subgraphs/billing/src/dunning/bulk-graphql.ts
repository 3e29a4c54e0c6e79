import { requireFingerprint, shapingOf } from '@dotmac/schema';
import { CustomerRef } from '../account/type.ts';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import { ShapingRef } from '../catalogue/type.ts';
import { orFailure, planFailures } from '../outcome.ts';
import { AccountPreviewRef } from '../preview/graphql.ts';
import { ApplyModeEnum } from '../run/graphql.ts';
import { ServiceRef } from '../service-line/type.ts';
import {
  applyDunning,
  checkedSelection,
  type DunningFinding,
  type DunningPlan,
  planDunning,
} from './bulk.ts';
import { effectsOf } from './rules-forecast.ts';
import type { Termination } from './terminate.ts';
import { DunningActionEnum, DunningEffectRef } from './type.ts';

function stepTaken({ customerId, decision }: DunningFinding) {
  if (decision.outcome !== 'STEP') return [];
  const { currency, overdue, step } = decision;
  return [{ customerId, currency, overdue, action: step.action }];
}

const DunningOutcomeEnum = builder.enumType('DunningOutcome', {
  values: {
    STEP: { description: 'A step is taken.' },
    NOTHING: {
      description: 'Nothing is overdue, not enough of it, not long enough, or every step is taken.',
    },
    SHIELDED: {},
    EVIDENCE_MISSING: { description: 'What is not known is never safe to suspend.' },
  },
});

const DunningFindingRef = builder.objectRef<DunningFinding>('DunningFinding').implement({
  fields: (t) => ({
    customer: t.field({ type: CustomerRef, resolve: ({ customerId }) => ({ id: customerId }) }),
    outcome: t.field({ type: DunningOutcomeEnum, resolve: ({ decision }) => decision.outcome }),
    step: t.string({
      nullable: true,
      resolve: ({ decision }) => (decision.outcome === 'STEP' ? decision.step.id : null),
    }),
    locks: t.boolean({
      description: 'Whether the step closes the services.',
      resolve: ({ decision }) => decision.outcome === 'STEP' && decision.step.action === 'walledGarden',
    }),
    action: t.field({
      type: DunningActionEnum,
      nullable: true,
      description: 'What the step does.',
      resolve: ({ decision }) => (decision.outcome === 'STEP' ? decision.step.action : null),
    }),
    slowsTo: t.field({
      type: ShapingRef,
      nullable: true,
      description: 'The speeds that the step leaves.',
      resolve: ({ decision }) =>
        decision.outcome !== 'STEP' || decision.step.slowTo === undefined
          ? null
          : shapingOf(decision.step.slowTo),
    }),
    because: t.string({
      nullable: true,
      description: 'The shield that stands, or why nothing happens.',
      resolve: ({ decision }) =>
        decision.outcome === 'SHIELDED'
          ? decision.by
          : decision.outcome === 'NOTHING'
            ? decision.reason
            : null,
    }),
    overdue: t.field({
      type: 'Money',
      nullable: true,
      description: 'What the step is about.',
      resolve: ({ decision }) =>
        decision.outcome === 'STEP' ? { minor: decision.overdue, currency: decision.currency } : null,
    }),
  }),
});

/** Members of a union, told apart by their class. */
class DunningPreview {
  readonly plan: DunningPlan;
  constructor(plan: DunningPlan) {
    this.plan = plan;
  }
}
class DunningTaken {
  readonly plan: DunningPlan;
  constructor(plan: DunningPlan) {
    this.plan = plan;
  }
}
const DunningTerminationRef = builder.objectRef<Termination>('DunningTermination').implement({
  description: 'A customer whose services a step ends, and his final document as of today.',
  fields: (t) => ({
    customer: t.field({ type: CustomerRef, resolve: ({ customerId }) => ({ id: customerId }) }),
    services: t.field({ type: [ServiceRef], resolve: ({ serviceIds }) => serviceIds.map((id) => ({ id })) }),
    preview: t.field({
      type: AccountPreviewRef,
      description:
        'With what leaving contracts early costs, instalments that are left, and credits of what was billed ahead.',
      resolve: ({ preview }) => preview,
    }),
  }),
});

builder.objectType(DunningPreview, {
  name: 'DunningPreview',
  description: 'Who would be dunned, how, and for how much.',
  fields: (t) => ({
    fingerprint: t.string({ resolve: ({ plan }) => plan.fingerprint }),
    findings: t.field({ type: [DunningFindingRef], resolve: ({ plan }) => [...plan.findings] }),
    effects: t.field({
      type: [DunningEffectRef],
      description: 'How many are written to, slowed down and cut off, with money.',
      resolve: ({ plan }) => effectsOf(plan.findings.flatMap(stepTaken)),
    }),
    terminations: t.field({ type: [DunningTerminationRef], resolve: ({ plan }) => [...plan.terminations] }),
  }),
});
builder.objectType(DunningTaken, {
  name: 'DunningTaken',
  fields: (t) => ({
    findings: t.field({ type: [DunningFindingRef], resolve: ({ plan }) => [...plan.findings] }),
  }),
});

builder.queryField('dunningPreview', (t) =>
  t.field({
    type: DunningPreview,
    description: 'What the daily run would do now with everybody who is overdue.',
    authScopes: { scope: 'billing:read' },
    resolve: async (_root, _args, context) =>
      new DunningPreview(
        await planDunning(context.services.database, context.services, null, actOf(context)),
      ),
  }),
);

const DunCustomersResult = builder.unionType('DunCustomersResult', {
  types: [DunningPreview, DunningTaken, ...planFailures],
  resolveType: (value) => {
    if (value instanceof DunningPreview) return 'DunningPreview';
    return value instanceof DunningTaken ? 'DunningTaken' : value.name;
  },
});
const DunCustomersInput = builder.inputType('DunCustomersInput', {
  fields: (t) => ({
    customerIds: t.idList({
      required: true,
      description: 'These and nobody else; an empty list is refused.',
    }),
    mode: t.field({ type: ApplyModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan, for APPLY.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('dunCustomers', (t) =>
  t.field({
    type: DunCustomersResult,
    description: 'Takes the step that is due with each of these customers, as the plan showed it.',
    authScopes: { scope: 'billing:write' },
    args: { input: t.arg({ type: DunCustomersInput, required: true }) },
    resolve: (_root, { input: { customerIds, mode, fingerprint } }, context) =>
      orFailure(async () => {
        const act = actOf(context);
        if (mode === 'PLAN') {
          const ids = checkedSelection(customerIds);
          return new DunningPreview(await planDunning(context.services.database, context.services, ids, act));
        }
        return new DunningTaken(
          await applyDunning(context.services, customerIds, requireFingerprint(fingerprint), act),
        );
      }),
  }),
);
