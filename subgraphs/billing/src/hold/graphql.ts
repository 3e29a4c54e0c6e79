import { ConflictError, requireFingerprint } from '@dotmac/schema';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import { orFailure, planFailures } from '../outcome.ts';
import { AccountPreviewRef } from '../preview/graphql.ts';
import { ApplyModeEnum } from '../run/graphql.ts';
import { ServiceRef } from '../service-line/type.ts';
import { applyHold, applyHoldEnd, type HoldPlan, planHold, planHoldEnd } from './hold.ts';
import type { Hold } from './store.ts';

const HoldKindEnum = builder.enumType('ServiceHoldKind', {
  values: {
    CUSTOMER: { value: 'customer', description: 'At his wish: a vacation, a move.' },
    EXPIRED: { value: 'expired', description: 'His prepaid balance was used up.' },
  },
} as const);

const HoldRef = builder.objectRef<Hold>('ServiceHold').implement({
  description: 'Days of a service that cost nothing, or less; it is closed meanwhile.',
  authScopes: ({ customerId }, { principal }) =>
    principal.customerId === customerId || { scope: 'billing:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    kind: t.field({ type: HoldKindEnum, resolve: ({ kind }) => kind }),
    from: t.expose('fromDay', { type: 'LocalDate' }),
    to: t.expose('toDay', {
      type: 'LocalDate',
      nullable: true,
      description:
        'The first day that is not part of it; null until it is ended. That of its begin: taken back.',
    }),
    percent: t.exposeString('percent', { description: 'Of the price, that is charged meanwhile.' }),
    extendsContract: t.exposeBoolean('extendsContract'),
    isClosed: t.exposeBoolean('locked', { description: 'Whether the service was asked to be closed.' }),
    because: t.exposeString('because'),
  }),
});

builder.objectField(ServiceRef, 'holds', (t) =>
  t.field({
    type: [HoldRef],
    description: 'Oldest first.',
    authScopes: { signedIn: true },
    resolve: async ({ id }, _args, { loaders, principal }) =>
      (await loaders.holdsOfService.load(id)).filter(
        (one) => principal.customerId === one.customerId || principal.scopes.includes('billing:read'),
      ),
  }),
);

class HoldPreview {
  readonly plan: HoldPlan;
  constructor(plan: HoldPlan) {
    this.plan = plan;
  }
}
builder.objectType(HoldPreview, {
  name: 'ServiceHoldPreview',
  description: 'What the hold changes, exactly: APPLY with this fingerprint sets it.',
  fields: (t) => ({
    fingerprint: t.string({ resolve: ({ plan }) => plan.fingerprint }),
    charges: t.field({ type: AccountPreviewRef, resolve: ({ plan }) => plan.preview }),
    contractEndsOn: t.field({
      type: 'LocalDate',
      nullable: true,
      description: 'The first day after the term of the contract, as the hold leaves it.',
      resolve: ({ plan }) => plan.contractEndsOn,
    }),
  }),
});
const HoldResult = builder.unionType('ServiceHoldResult', {
  types: [HoldPreview, HoldRef, ConflictError, ...planFailures],
  resolveType: (value) => {
    if (value instanceof HoldPreview) return 'ServiceHoldPreview';
    return 'fromDay' in value ? 'ServiceHold' : value.name;
  },
});
const HoldServiceInput = builder.inputType('HoldServiceInput', {
  fields: (t) => ({
    serviceId: t.id({ required: true }),
    from: t.field({ type: 'LocalDate', description: 'Today when left out; may lie a year back.' }),
    to: t.field({
      type: 'LocalDate',
      description: 'The first day that is not part of it; left out: until ended.',
    }),
    percent: t.string({
      defaultValue: '0',
      description: 'Of the price, that is charged meanwhile: 0 to below 100.',
    }),
    extendsContract: t.boolean({
      defaultValue: true,
      description: 'The term grows by the days of the hold.',
    }),
    because: t.string({ required: true }),
    mode: t.field({ type: ApplyModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan, for APPLY.' }),
    clientMutationId: t.string(),
  }),
});
const EndHoldInput = builder.inputType('EndServiceHoldInput', {
  fields: (t) => ({
    holdId: t.id({ required: true }),
    on: t.field({
      type: 'LocalDate',
      description: 'The first day that is charged again; today when left out.',
    }),
    mode: t.field({ type: ApplyModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan, for APPLY.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationFields((t) => ({
  holdService: t.field({
    type: HoldResult,
    description:
      'Rests a service at the customer’s wish, from a day to a day: what was billed ahead is credited by the day, and the service is closed meanwhile.',
    authScopes: { scope: 'billing:write' },
    args: { input: t.arg({ type: HoldServiceInput, required: true }) },
    resolve: (_root, { input }, context) =>
      orFailure(async () => {
        const act = actOf(context);
        const request = {
          serviceId: input.serviceId,
          from: input.from ?? act.today,
          to: input.to ?? null,
          percent: input.percent ?? '0',
          extendsContract: input.extendsContract ?? true,
          because: input.because,
        };
        if (input.mode === 'PLAN') return new HoldPreview(await planHold(context.services, request, act));
        return applyHold(context.services, request, requireFingerprint(input.fingerprint), act);
      }),
  }),
  endServiceHold: t.field({
    type: HoldResult,
    description: 'Ends a hold on a day, or takes it back when that is the day of its begin.',
    authScopes: { scope: 'billing:write' },
    args: { input: t.arg({ type: EndHoldInput, required: true }) },
    resolve: (_root, { input }, context) =>
      orFailure(async () => {
        const act = actOf(context);
        const on = input.on ?? act.today;
        if (input.mode === 'PLAN')
          return new HoldPreview(await planHoldEnd(context.services, input.holdId, on, act));
        return applyHoldEnd(context.services, input.holdId, on, requireFingerprint(input.fingerprint), act);
      }),
  }),
}));
