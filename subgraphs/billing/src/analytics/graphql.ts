import { ValidationError } from '@dotmac/schema';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import { type MrrMovement, type MrrReport, movementKinds, mrr, type ServiceValue } from './rules.ts';
import {
  type AgingBucket,
  aging,
  type CashRow,
  cash,
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
const worth = (minor: bigint | null, currency: string) => (minor === null ? null : { minor, currency });
const ServiceValueRef = builder.objectRef<ServiceValue>('MrrService').implement({
  description: 'What a service is worth a month at each end; null while it does not run.',
  fields: (t) => ({
    serviceId: t.exposeID('serviceId'),
    customerId: t.exposeID('customerId'),
    opening: t.field({
      type: 'Money',
      nullable: true,
      resolve: ({ opening, currency }) => worth(opening, currency),
    }),
    closing: t.field({
      type: 'Money',
      nullable: true,
      resolve: ({ closing, currency }) => worth(closing, currency),
    }),
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
    services: t.field({
      type: [ServiceValueRef],
      description: 'What all of it is the sum of.',
      resolve: ({ services }) => [...services],
    }),
  }),
});
interface ReportRow {
  readonly id: string;
  readonly minor: bigint;
  readonly currency: string;
}
const ReportRowRef = builder.objectRef<ReportRow>('ReportRow').implement({
  description: 'One of the rows that a number of a report is the sum of.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Of the document, or of what was posted: a payment, its return.' }),
    amount: t.field({ type: 'Money', resolve: ({ minor, currency }) => ({ minor, currency }) }),
  }),
});
const rowsOf = (one: {
  readonly rowIds: readonly string[];
  readonly rowAmounts: readonly bigint[];
  readonly currency: string;
}): ReportRow[] =>
  one.rowIds.map((id, index) => ({ id, minor: one.rowAmounts[index] ?? 0n, currency: one.currency }));

const AgingBucketEnum = builder.enumType('AgingBucketName', {
  values: ['NOT_DUE', 'DAYS_1_30', 'DAYS_31_60', 'DAYS_61_90', 'OVER_90'] as const,
});
const AgingRef = builder.objectRef<AgingBucket>('AgingBucket').implement({
  fields: (t) => ({
    bucket: t.field({ type: AgingBucketEnum, resolve: ({ bucket }) => bucket as 'NOT_DUE' }),
    open: t.field({ type: 'Money', resolve: ({ open, currency }) => ({ minor: open, currency }) }),
    invoiceIds: t.exposeIDList('rowIds'),
    rows: t.field({ type: [ReportRowRef], resolve: rowsOf }),
  }),
});
const RevenueRef = builder.objectRef<RevenueRow>('RevenueRow').implement({
  fields: (t) => ({
    month: t.exposeString('month', { description: 'Of issue: 2026-11.' }),
    description: t.exposeString('description', { description: 'The plan, or what a fee is called.' }),
    productClass: t.exposeString('productClass'),
    net: t.field({ type: 'Money', resolve: ({ net, currency }) => ({ minor: net, currency }) }),
    documentIds: t.exposeIDList('rowIds'),
    rows: t.field({ type: [ReportRowRef], resolve: rowsOf }),
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
    documentIds: t.exposeIDList('rowIds'),
    rows: t.field({ type: [ReportRowRef], resolve: rowsOf }),
  }),
});

const CashRowRef = builder.objectRef<CashRow>('CashReportRow').implement({
  fields: (t) => ({
    method: t.exposeString('method', { description: 'Such as cash, bankTransfer, stripe or voucher.' }),
    kind: t.exposeString('kind', { description: 'Of what was posted, such as payment or refund.' }),
    amount: t.field({
      type: 'Money',
      description: 'Money in is above zero.',
      resolve: ({ amount, currency }) => ({ minor: amount, currency }),
    }),
    rows: t.field({ type: [ReportRowRef], resolve: rowsOf }),
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
    cashReport: t.field({
      type: [CashRowRef],
      description:
        'Money that came and went, by method and kind. Sums to the clearing accounts of the ledger.',
      authScopes: { scope: 'billing:read' },
      args: days,
      resolve: (_root, { from, to }, { services }) => {
        checkDays(from, to);
        return cash(services.database, from, to);
      },
    }),
  };
});
