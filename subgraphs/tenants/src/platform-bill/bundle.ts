import {
  bundles,
  ConflictError,
  NotFoundError,
  requireFingerprint,
  StalePlanError,
  unlocked,
  ValidationError,
} from '@dotmac/schema';
import { ApplyModeEnum } from '../apply-mode.ts';
import { builder } from '../builder.ts';
import { booksOf } from './books.ts';
import type { BookedOffer, BookedQuoteLine, BookedSwitch } from './ports.ts';
import { money } from './type.ts';

const BundleEnum = builder.enumType('PlatformBundle', {
  description: 'The premium bundles of the platform.',
  values: bundles,
});

export const OfferRef = builder.objectRef<BookedOffer>('PlatformBundleState').implement({
  description: 'A premium bundle, what it costs, and whether the tenant has it.',
  fields: (t) => ({
    bundle: t.expose('bundle', { type: BundleEnum }),
    name: t.string({ resolve: ({ plan }) => plan.name }),
    price: t.field({
      type: 'Money',
      nullable: true,
      description: 'For a full month, today.',
      resolve: ({ plan: { price } }) => (price === null ? null : money(price)),
    }),
    unlocks: t.stringList({
      description: 'The fields of the graph that it opens. With none it is not to be had yet.',
      resolve: ({ bundle }) => [...unlocked[bundle]],
    }),
    on: t.exposeBoolean('on'),
    paidFrom: t.expose('paidFrom', {
      type: 'LocalDate',
      nullable: true,
      description: 'The first day that is paid for; null while it is off.',
    }),
  }),
});

const LineRef = builder.objectRef<BookedQuoteLine>('PlatformQuoteLine').implement({
  fields: (t) => ({
    description: t.exposeString('description'),
    from: t.expose('from', { type: 'LocalDate' }),
    to: t.expose('to', { type: 'LocalDate', description: 'The first day that is not part of it.' }),
    net: t.field({ type: 'Money', resolve: ({ net }) => money(net) }),
  }),
});

const SwitchRef = builder.objectRef<BookedSwitch>('PlatformBundleSwitch').implement({
  description: 'What a switch would do (PLAN), or did (APPLY).',
  fields: (t) => ({
    done: t.exposeBoolean('done'),
    fingerprint: t.exposeString('fingerprint', { description: 'For APPLY.' }),
    from: t.expose('from', {
      type: 'LocalDate',
      description: 'The first day that is paid for, or is not any more.',
    }),
    gross: t.field({
      type: 'Money',
      nullable: true,
      description: 'Of what would be issued today, tax included; null when nothing would be.',
      resolve: ({ now }) => (now === null ? null : money(now.gross)),
    }),
    lines: t.field({ type: [LineRef], resolve: ({ now }) => [...(now?.lines ?? [])] }),
  }),
});

const SwitchInput = builder.inputType('SwitchBundleInput', {
  fields: (t) => ({
    bundle: t.field({ type: BundleEnum, required: true }),
    on: t.boolean({ required: true }),
    mode: t.field({ type: ApplyModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan, for APPLY.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('switchBundle', (t) =>
  t.field({
    type: SwitchRef,
    description:
      'Gives the tenant of the principal a premium bundle from today on, or ends it; a part month is prorated by day.',
    authScopes: { scope: 'tenant:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError, StalePlanError] },
    args: { input: t.arg({ type: SwitchInput, required: true }) },
    resolve: async (_root, { input: { bundle, on, mode, fingerprint } }, context) => {
      const { tenantId } = context.principal;
      if (tenantId === null) throw new ValidationError('input', 'Bundles belong to a tenant: act in one');
      if (on && unlocked[bundle].length === 0)
        throw new ConflictError('BUNDLE_EMPTY', `${bundle} opens nothing yet, and is not sold until it does`);
      const planned = mode === 'PLAN' ? null : requireFingerprint(fingerprint);
      return booksOf(context).switchBundle(tenantId, {
        bundle,
        on,
        fingerprint: planned,
      });
    },
  }),
);

const EndTrialInput = builder.inputType('EndTrialInput', {
  fields: (t) => ({ clientMutationId: t.string() }),
});
const EndedTrialRef = builder.objectRef<{ readonly paidFrom: string }>('EndedTrial').implement({
  fields: (t) => ({ paidFrom: t.expose('paidFrom', { type: 'LocalDate' }) }),
});

builder.mutationField('endTrial', (t) =>
  t.field({
    type: EndedTrialRef,
    description:
      'The tenant of the principal has decided: it pays from today on. By itself this happens at its end.',
    authScopes: { scope: 'tenant:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: EndTrialInput, required: true }) },
    resolve: async (_root, _args, context) => {
      const { tenantId } = context.principal;
      if (tenantId === null) throw new ValidationError('input', 'A trial is of a tenant: act in one');
      return { paidFrom: await booksOf(context).endTrial(tenantId) };
    },
  }),
);
