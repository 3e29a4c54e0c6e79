import { ValidationError } from '@dotmac/schema';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import { type MrrMovement, type MrrReport, movementKinds, mrr } from './rules.ts';
import {
  type AgingBucket,
  aging,
  type RevenueRow,
  revenue,
  serviceValues,
  type TaxRow,
  taxes,
} from './store.ts';

const MrrMovementKindEnum = builder.enumType('MrrMovementKind', { values: movementKinds });
const MrrMovementRef = builder
  .objectRef<MrrMovement & { readonly currency: string }>('MrrMovement')
  .implement({
    fields: (t) => ({
      kind: t.expose('kind', { type: MrrMovementKindEnum }),
      amount: t.field({ type: 'Money', resolve: ({ amount, currency }) => ({ minor: amount, currency }) }),
      serviceIds: t.idList({ resolve: ({ serviceIds }) => [...serviceIds] }),
    }),
  });
const MrrReportRef = builder.objectRef<MrrReport>('MrrReport').implement({
  description: 'Monthly recurring revenue at list price, and how it came from one day to another.',
  fields: (t) => ({
    opening: t.field({ type: 'Money', resolve: ({ opening, currency }) => ({ minor: opening, currency }) }),
    closing: t.field({ type: 'Money', resolve: ({ closing, currency }) => ({ minor: closing, currency }) }),
    movements: t.field({
      type: [MrrMovementRef],
      resolve: ({ movements, currency }) => movements.map((one) => ({ ...one, currency })),
    }),
    openingCustomers: t.exposeInt('openingCustomers'),
    closingCustomers: t.exposeInt('closingCustomers'),
    churnedCustomerIds: t.idList({ resolve: ({ churnedCustomerIds }) => [...churnedCustomerIds] }),
    arpu: t.field({
      type: 'Money',
      description: 'Closing value by customer.',
      resolve: ({ arpu, currency }) => ({ minor: arpu, currency }),
    }),
  }),
});
const AgingBucketEnum = builder.enumType('AgingBucketName', {
  values: ['NOT_DUE', 'DAYS_1_30', 'DAYS_31_60', 'DAYS_61_90', 'OVER_90'] as const,
});
const AgingRef = builder.objectRef<AgingBucket>('AgingBucket').implement({
  fields: (t) => ({
    bucket: t.field({ type: AgingBucketEnum, resolve: ({ bucket }) => bucket as 'NOT_DUE' }),
    open: t.field({ type: 'Money', resolve: ({ open, currency }) => ({ minor: open, currency }) }),
    invoiceIds: t.exposeIDList('invoiceIds'),
  }),
});
const RevenueRef = builder.objectRef<RevenueRow>('RevenueRow').implement({
  fields: (t) => ({
    month: t.exposeString('month', { description: 'Of issue: 2026-11.' }),
    description: t.exposeString('description', { description: 'The plan, or what a fee is called.' }),
    productClass: t.exposeString('productClass'),
    net: t.field({ type: 'Money', resolve: ({ net, currency }) => ({ minor: net, currency }) }),
    documentIds: t.exposeIDList('documentIds'),
  }),
});
const TaxRowRef = builder.objectRef<TaxRow>('TaxReportRow').implement({
  fields: (t) => ({
    name: t.exposeString('name'),
    componentId: t.exposeID('componentId'),
    category: t.exposeString('category'),
    percent: t.exposeString('percent', { nullable: true }),
    base: t.field({ type: 'Money', resolve: ({ base, currency }) => ({ minor: base, currency }) }),
    tax: t.field({ type: 'Money', resolve: ({ tax, currency }) => ({ minor: tax, currency }) }),
    documentIds: t.exposeIDList('documentIds'),
  }),
});

function checkDays(from: string, to: string): void {
  if (to <= from) throw new ValidationError('to', `The first day after, ${to}, must lie after ${from}`);
}

builder.queryFields((t) => {
  const days = {
    from: t.arg({ type: 'LocalDate', required: true }),
    to: t.arg({ type: 'LocalDate', required: true, description: 'The first day that is not part of it.' }),
  };
  return {
    recurringRevenue: t.field({
      type: [MrrReportRef],
      description: 'By currency, from the start of one day to the start of another.',
      authScopes: { scope: 'billing:read' },
      args: days,
      resolve: async (_root, { from, to }, { services }) => {
        checkDays(from, to);
        return mrr(await serviceValues(services.database, from, to));
      },
    }),
    aging: t.field({
      type: [AgingRef],
      authScopes: { scope: 'billing:read' },
      resolve: (_root, _args, context) => aging(context.services.database, actOf(context).today),
    }),
    revenue: t.field({
      type: [RevenueRef],
      description: 'What documents say, by month and plan. Sums to the revenue of the ledger.',
      authScopes: { scope: 'billing:read' },
      args: days,
      resolve: (_root, { from, to }, { services }) => {
        checkDays(from, to);
        return revenue(services.database, from, to);
      },
    }),
    taxReport: t.field({
      type: [TaxRowRef],
      authScopes: { scope: 'billing:read' },
      args: days,
      resolve: (_root, { from, to }, { services }) => {
        checkDays(from, to);
        return taxes(services.database, from, to);
      },
    }),
  };
});
