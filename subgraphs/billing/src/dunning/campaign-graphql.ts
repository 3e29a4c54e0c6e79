import { requireFingerprint, shapingOf, ValidationError } from '@dotmac/schema';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import { ShapingInput, shapingFrom } from '../catalogue/input.ts';
import { shapingPayload } from '../catalogue/rules.ts';
import { MoneyInput, ShapingRef } from '../catalogue/type.ts';
import { orFailure, planFailures } from '../outcome.ts';
import { ApplyModeEnum } from '../run/graphql.ts';
import { applyCampaign, type CampaignPlan, type CampaignTerms, forecast, planCampaign } from './campaign.ts';
import type { Campaign, DunningStep } from './rules.ts';
import { effectsOf } from './rules-forecast.ts';
import { defaultCampaign } from './store.ts';
import { DunningActionEnum, DunningEffectRef, DunningForecastRef } from './type.ts';

const DunningStepRef = builder.objectRef<DunningStep>('DunningStep').implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    action: t.field({ type: DunningActionEnum, nullable: true, resolve: ({ action }) => action }),
    daysAfterDue: t.exposeInt('daysAfterDue', { description: 'Of the oldest invoice that is overdue.' }),
    minimumDaysAfterPrevious: t.exposeInt('minimumDaysAfterPrevious'),
    slowTo: t.field({
      type: ShapingRef,
      nullable: true,
      resolve: ({ slowTo }) => (slowTo === undefined ? null : shapingOf(slowTo)),
    }),
  }),
});

/** Members of a union, told apart by their class. */
class DunningCampaign {
  readonly campaign: Campaign;
  constructor(campaign: Campaign) {
    this.campaign = campaign;
  }
}
class DunningCampaignPreview {
  readonly plan: CampaignPlan;
  constructor(plan: CampaignPlan) {
    this.plan = plan;
  }
}
builder.objectType(DunningCampaign, {
  name: 'DunningCampaign',
  description: 'What happens, and when, to whoever does not pay.',
  fields: (t) => ({
    id: t.id({ resolve: ({ campaign }) => campaign.id }),
    steps: t.field({
      type: [DunningStepRef],
      description: 'One is taken at a time, in this order.',
      resolve: ({ campaign }) => [...campaign.steps],
    }),
    thresholds: t.field({
      type: ['Money'],
      description: 'Less than this is not dunned; in a currency without one everything is.',
      resolve: ({ campaign }) =>
        Object.entries(campaign.thresholds).map(([currency, minor]) => ({ currency, minor })),
    }),
  }),
});
builder.objectType(DunningCampaignPreview, {
  name: 'DunningCampaignPreview',
  description: 'Whom of those overdue today the campaign would meet in the next 60 days, and when.',
  fields: (t) => ({
    fingerprint: t.string({ resolve: ({ plan }) => plan.fingerprint }),
    effects: t.field({
      type: [DunningEffectRef],
      description: 'How many would be slowed down and cut off, with money.',
      resolve: ({ plan }) =>
        effectsOf(plan.findings.map(({ step, ...rest }) => ({ ...rest, action: step.action }))),
    }),
    steps: t.field({
      type: [DunningForecastRef],
      description: 'By day.',
      resolve: ({ plan }) => [...plan.findings],
    }),
  }),
});

builder.queryFields((t) => ({
  dunningCampaign: t.field({
    type: DunningCampaign,
    nullable: true,
    description: 'The one that holds for everybody.',
    authScopes: { scope: 'billing:read' },
    resolve: async (_root, _args, { services }) => {
      const campaign = await defaultCampaign(services.database);
      return campaign === null ? null : new DunningCampaign(campaign);
    },
  }),
  dunningForecast: t.field({
    type: [DunningForecastRef],
    description: 'Whom of those overdue today which step will meet if nobody pays, by day.',
    authScopes: { scope: 'billing:read' },
    args: { days: t.arg.int({ defaultValue: 14, description: '1 to 90.' }) },
    errors: { types: [ValidationError] },
    resolve: (_root, { days }, context) => {
      const ahead = days ?? 14;
      if (ahead < 1 || ahead > 90) throw new ValidationError('days', 'Between 1 and 90 days ahead');
      return forecast(context.services.database, actOf(context).today, ahead);
    },
  }),
}));

const DunningStepInput = builder.inputType('DunningStepInput', {
  fields: (t) => ({
    id: t.string({ required: true, description: 'Who has taken a step of this id does not take it again.' }),
    action: t.field({ type: DunningActionEnum, required: true }),
    daysAfterDue: t.int({ required: true }),
    minimumDaysAfterPrevious: t.int({ defaultValue: 0 }),
    slowTo: t.field({ type: ShapingInput, description: 'For SLOW: speeds that no service of his exceeds.' }),
  }),
});
const SetDunningCampaignInput = builder.inputType('SetDunningCampaignInput', {
  fields: (t) => ({
    steps: t.field({
      type: [DunningStepInput],
      required: true,
      description: 'In order, at most 20; empty: nobody is dunned.',
    }),
    thresholds: t.field({ type: [MoneyInput], description: 'None: everything overdue is dunned.' }),
    mode: t.field({ type: ApplyModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan, for APPLY.' }),
    clientMutationId: t.string(),
  }),
});
const SetDunningCampaignResult = builder.unionType('SetDunningCampaignResult', {
  types: [DunningCampaignPreview, DunningCampaign, ...planFailures],
  resolveType: (value) => {
    if (value instanceof DunningCampaignPreview) return 'DunningCampaignPreview';
    return value instanceof DunningCampaign ? 'DunningCampaign' : value.name;
  },
});

function termsOf(input: typeof SetDunningCampaignInput.$inferInput): CampaignTerms {
  const thresholds: Record<string, bigint> = {};
  for (const { amount, currency } of input.thresholds ?? []) {
    if (thresholds[currency] !== undefined)
      throw new ValidationError('input.thresholds', `There are two thresholds in ${currency}`);
    thresholds[currency] = amount;
  }
  const steps = input.steps.map(({ id, action, daysAfterDue, minimumDaysAfterPrevious, slowTo }) => ({
    id,
    action,
    daysAfterDue,
    minimumDaysAfterPrevious: minimumDaysAfterPrevious ?? 0,
    ...(slowTo == null ? {} : { slowTo: shapingPayload(shapingFrom(slowTo)) }),
  }));
  return { steps, thresholds };
}

builder.mutationField('setDunningCampaign', (t) =>
  t.field({
    type: SetDunningCampaignResult,
    description:
      'Other steps for whoever does not pay, from the next dunning run on. Whoever is slowed down or cut off stays so.',
    authScopes: { scope: 'billing:write' },
    args: { input: t.arg({ type: SetDunningCampaignInput, required: true }) },
    resolve: (_root, { input }, context) =>
      orFailure(async () => {
        const { database } = context.services;
        const { today } = actOf(context);
        const terms = termsOf(input);
        if (input.mode === 'PLAN')
          return new DunningCampaignPreview(await planCampaign(database, terms, today));
        const fingerprint = requireFingerprint(input.fingerprint);
        return new DunningCampaign(await applyCampaign(context.services, terms, fingerprint, today));
      }),
  }),
);
