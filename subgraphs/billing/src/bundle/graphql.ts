import {
  type Bundle,
  ConflictError,
  NotFoundError,
  requireFingerprint,
  ValidationError,
} from '@dotmac/schema';
import { AccountRef } from '../account/type.ts';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import type { Plan } from '../catalogue/store.ts';
import { PlanRef } from '../catalogue/type.ts';
import { PlatformAccountRef } from '../metering/type.ts';
import { orFailure, planFailures } from '../outcome.ts';
import { AccountPreviewRef } from '../preview/graphql.ts';
import { ApplyModeEnum } from '../run/graphql.ts';
import { bundlePlans, lastOfBundle } from './store.ts';
import { applySwitch, planSwitch, type SwitchPlan, switchPlan } from './switch.ts';
import { PlatformBundleEnum } from './type.ts';

interface Offer {
  readonly bundle: Bundle;
  readonly plan: Plan;
  readonly on: boolean;
  readonly since: string | null;
}
const OfferRef = builder.objectRef<Offer>('PlatformBundleOffer').implement({
  description: 'A premium bundle, and whether this ISP has it.',
  fields: (t) => ({
    bundle: t.expose('bundle', { type: PlatformBundleEnum }),
    plan: t.field({ type: PlanRef, resolve: ({ plan }) => plan }),
    on: t.exposeBoolean('on'),
    paidFrom: t.field({
      type: 'LocalDate',
      nullable: true,
      description: 'The first day that is paid for; null while it is off.',
      resolve: ({ since }) => since,
    }),
  }),
});

builder.objectField(PlatformAccountRef, 'bundles', (t) =>
  t.field({
    type: [OfferRef],
    description: 'All that are sold.',
    resolve: async ({ customerId }, _args, { services }) => {
      const plans = await bundlePlans(services.database);
      return Promise.all(
        plans.map(async (plan) => {
          const last = await lastOfBundle(services.database, customerId, plan.id);
          const on = last !== undefined && last.type !== 'cancel';
          return { bundle: plan.bundle, plan, on, since: on ? last.effectiveOn : null };
        }),
      );
    },
  }),
);

/** Members of a union, told apart by their classes. */
class BundleSwitchPreview {
  readonly plan: SwitchPlan;
  constructor(plan: SwitchPlan) {
    this.plan = plan;
  }
}
class BundleSwitched extends BundleSwitchPreview {}
builder.objectType(BundleSwitchPreview, {
  name: 'BundleSwitchPreview',
  description: 'What a bundle costs, or gives back, when it is switched today.',
  fields: (t) => ({
    fingerprint: t.string({ resolve: ({ plan }) => plan.fingerprint }),
    from: t.field({
      type: 'LocalDate',
      description: 'The first day that is paid for, or is not any more.',
      resolve: ({ plan }) => plan.from,
    }),
    charges: t.field({ type: AccountPreviewRef, resolve: ({ plan }) => plan.preview }),
  }),
});
builder.objectType(BundleSwitched, {
  name: 'BundleSwitched',
  fields: (t) => ({
    from: t.field({ type: 'LocalDate', resolve: ({ plan }) => plan.from }),
    plan: t.field({ type: PlanRef, resolve: ({ plan }) => plan.plan }),
  }),
});

const SwitchResult = builder.unionType('SwitchPlatformBundleResult', {
  types: [BundleSwitchPreview, BundleSwitched, ConflictError, ...planFailures],
  resolveType: (value) => {
    if (value instanceof BundleSwitched) return 'BundleSwitched';
    return value instanceof BundleSwitchPreview ? 'BundleSwitchPreview' : value.name;
  },
});
const SwitchInput = builder.inputType('SwitchPlatformBundleInput', {
  fields: (t) => ({
    tenantId: t.id({ required: true }),
    bundle: t.field({ type: PlatformBundleEnum, required: true }),
    on: t.boolean({ required: true }),
    mode: t.field({ type: ApplyModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan, for APPLY.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('switchPlatformBundle', (t) =>
  t.field({
    type: SwitchResult,
    description: 'Gives an ISP a bundle from today on, or takes it away; a part month is prorated by day.',
    authScopes: { scope: 'platform:write' },
    args: { input: t.arg({ type: SwitchInput, required: true }) },
    resolve: (_root, { input: { tenantId, bundle, on, mode, fingerprint } }, context) =>
      orFailure(async () => {
        const request = { tenantId, bundle, on };
        const act = actOf(context);
        if (mode === 'PLAN') return new BundleSwitchPreview(await planSwitch(context.services, request, act));
        return new BundleSwitched(
          await applySwitch(context.services, request, requireFingerprint(fingerprint), act),
        );
      }),
  }),
);

const BundleInput = builder.inputType('PlatformBundleInput', {
  fields: (t) => ({
    customerId: t.id({ required: true }),
    planId: t.id({ required: true, description: 'A plan of the kind BUNDLE.' }),
    clientMutationId: t.string(),
  }),
});

for (const on of [true, false])
  builder.mutationField(on ? 'startBundle' : 'endBundle', (t) =>
    t.field({
      type: AccountRef,
      description: on
        ? 'From today on; a part month is prorated.'
        : 'Today is not billed any more; what was billed ahead is credited.',
      authScopes: { scope: 'platform:write' },
      errors: { types: [ValidationError, NotFoundError, ConflictError] },
      args: { input: t.arg({ type: BundleInput, required: true }) },
      resolve: (_root, { input: { customerId, planId } }, context) =>
        switchPlan(context.services, { customerId, planId, on }, actOf(context)),
    }),
  );
