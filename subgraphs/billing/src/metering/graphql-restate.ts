import { ConflictError, requireFingerprint } from '@dotmac/schema';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import { orFailure, planFailures } from '../outcome.ts';
import { ApplyModeEnum } from '../run/graphql.ts';
import { applyRestatement, planRestatement, type RestatePlan } from './restate.ts';
import type { TenantDayRestatement } from './store.ts';

export const TenantDayRestatementRef = builder
  .objectRef<TenantDayRestatement>('TenantDayRestatement')
  .implement({
    description: 'A correction of a counted day. The count that it corrects stays.',
    fields: (t) => ({
      revision: t.exposeInt('revision', { description: 'From 1; the last one holds.' }),
      activeSubscribers: t.exposeInt('activeSubscribers'),
      added: t.exposeStringList('added', { description: "Ids of the ISP's customers who were missing." }),
      removed: t.exposeStringList('removed', { description: 'Who should not have been counted.' }),
      digest: t.exposeString('digest', {
        description:
          'As of a `MeteredDay`, over those who were counted, with the added, without the removed.',
      }),
      because: t.exposeString('because'),
      restatedAt: t.expose('restatedAt', { type: 'DateTime' }),
    }),
  });

/** Members of a union, told apart by their classes. */
class RestatementPreview {
  readonly plan: RestatePlan;
  constructor(plan: RestatePlan) {
    this.plan = plan;
  }
}
class DayRestated extends RestatementPreview {}
builder.objectType(RestatementPreview, {
  name: 'TenantDayRestatementPreview',
  description: 'What a restatement changes, exactly: APPLY with this fingerprint writes it.',
  fields: (t) => ({
    fingerprint: t.string({ resolve: ({ plan }) => plan.fingerprint }),
    before: t.int({ description: 'The count as it stands.', resolve: ({ plan }) => plan.before }),
    after: t.int({ resolve: ({ plan }) => plan.restatement.activeSubscribers }),
    difference: t.field({
      type: 'Money',
      nullable: true,
      description:
        'Net: what the next invoice carries of the month. Null while that is not billed: its own invoice has the right count.',
      resolve: ({ plan }) => plan.difference,
    }),
  }),
});
builder.objectType(DayRestated, {
  name: 'TenantDayRestated',
  fields: (t) => ({
    restatement: t.field({ type: TenantDayRestatementRef, resolve: ({ plan }) => plan.restatement }),
    difference: t.field({
      type: 'Money',
      nullable: true,
      description: 'Net: what the next invoice carries; null while the month is not billed.',
      resolve: ({ plan }) => plan.difference,
    }),
  }),
});
const RestateResult = builder.unionType('RestateTenantDayResult', {
  types: [RestatementPreview, DayRestated, ConflictError, ...planFailures],
  resolveType: (value) => {
    if (value instanceof DayRestated) return 'TenantDayRestated';
    return value instanceof RestatementPreview ? 'TenantDayRestatementPreview' : value.name;
  },
});
const RestateInput = builder.inputType('RestateTenantDayInput', {
  fields: (t) => ({
    tenantId: t.id({ required: true }),
    localDate: t.field({ type: 'LocalDate', required: true }),
    added: t.idList({ defaultValue: [], description: "Ids of the ISP's customers who were missing." }),
    removed: t.idList({ defaultValue: [], description: 'Who should not have been counted.' }),
    digest: t.string({
      required: true,
      description: 'Over who counts now: `recountedDay` of the ISP computes it.',
    }),
    because: t.string({ required: true }),
    mode: t.field({ type: ApplyModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan, for APPLY.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('restateTenantDay', (t) =>
  t.field({
    type: RestateResult,
    description:
      'Corrects a counted day of an ISP, with the reason. The next invoice carries the difference of its month.',
    authScopes: { scope: 'platform:write' },
    args: { input: t.arg({ type: RestateInput, required: true }) },
    resolve: (_root, { input: { mode, fingerprint, clientMutationId: _, ...input } }, context) =>
      orFailure(async () => {
        const act = actOf(context);
        const request = { ...input, added: input.added ?? [], removed: input.removed ?? [] };
        if (mode === 'PLAN')
          return new RestatementPreview(await planRestatement(context.services, request, act));
        const expected = requireFingerprint(fingerprint);
        return new DayRestated(await applyRestatement(context.services, request, expected, act));
      }),
  }),
);
