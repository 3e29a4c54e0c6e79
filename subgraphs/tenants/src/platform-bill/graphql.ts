import { ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { booksOf } from './books.ts';
import { OfferRef } from './bundle.ts';
import { InvoiceRef } from './invoice.ts';
import type { BookedAccount, BookedCard, BookedDay, BookedTrial } from './ports.ts';
import { money } from './type.ts';

const mostInvoices = 50;
/** As in `meteredDays`, with which they are compared. */
const mostDays = 62;

const BandRef = builder
  .objectRef<{ readonly upTo: string | null; readonly unitPrice: string }>('PlatformRateBand')
  .implement({
    description: 'Subscribers above the band before and up to `upTo` cost `unitPrice` each.',
    fields: (t) => ({
      upTo: t.field({
        type: 'BigInt',
        nullable: true,
        resolve: ({ upTo }) => (upTo === null ? null : BigInt(upTo)),
      }),
      unitPrice: t.exposeString('unitPrice', {
        description: 'Minor units per subscriber and month; may have fractions.',
      }),
    }),
  });

const CardVersionRef = builder
  .objectRef<BookedCard['versions'][number]>('PlatformRateCardVersion')
  .implement({
    fields: (t) => ({
      version: t.exposeInt('version'),
      effectiveFrom: t.expose('effectiveFrom', {
        type: 'LocalDate',
        description: 'The version of the first day of a month holds for the whole month.',
      }),
      currency: t.string({ resolve: ({ price }) => price.currency }),
      bands: t.field({ type: [BandRef], resolve: ({ bands }) => [...(bands ?? [])] }),
      minimum: t.field({
        type: 'Money',
        nullable: true,
        resolve: ({ minimum }) => (minimum === null ? null : money(minimum)),
      }),
    }),
  });

const CardRef = builder.objectRef<BookedCard>('PlatformRateCard').implement({
  fields: (t) => ({
    name: t.exposeString('name'),
    versions: t.field({
      type: [CardVersionRef],
      description: 'Oldest first.',
      resolve: ({ versions }) => [...versions],
    }),
  }),
});

const RestatementRef = builder
  .objectRef<BookedDay['restatements'][number]>('PlatformDayRestatement')
  .implement({
    description: 'A correction of a counted day by the operator.',
    fields: (t) => ({
      activeSubscribers: t.exposeInt('activeSubscribers'),
      added: t.stringList({
        description: 'Ids of customers who were missing.',
        resolve: ({ added }) => [...added],
      }),
      removed: t.stringList({
        description: 'Who should not have been counted.',
        resolve: ({ removed }) => [...removed],
      }),
      digest: t.exposeString('digest'),
      because: t.exposeString('because'),
      restatedAt: t.field({ type: 'DateTime', resolve: ({ restatedAt }) => new Date(restatedAt) }),
    }),
  });

const DayRef = builder.objectRef<BookedDay>('PlatformBilledDay').implement({
  description: 'A day as it is billed. `meteredDays` of the tenant itself names who was counted.',
  fields: (t) => ({
    localDate: t.expose('localDate', { type: 'LocalDate' }),
    activeSubscribers: t.exposeInt('activeSubscribers', { description: 'As it stands.' }),
    countedSubscribers: t.exposeInt('countedSubscribers', {
      description: 'As it was counted, whatever was restated since.',
    }),
    digest: t.exposeString('digest', {
      nullable: true,
      description: "The proof that came with the tenant's own count, or with its last restatement.",
    }),
    restatements: t.field({
      type: [RestatementRef],
      description:
        'Oldest first; the last one holds. The next invoice carries what a billed month differs by.',
      resolve: ({ restatements }) => [...restatements],
    }),
  }),
});

const TrialRef = builder.objectRef<BookedTrial>('PlatformBillTrial').implement({
  description: 'Days that are not paid for. At its end everything goes on, paid; nothing is to be done.',
  fields: (t) => ({
    paidFrom: t.expose('paidFrom', { type: 'LocalDate', description: 'The first day that is paid for.' }),
    daysLeft: t.exposeInt('daysLeft', { description: 'Today included; 0 once it is over.' }),
    coversBundles: t.exposeBoolean('coversBundles'),
    firstInvoiceOn: t.expose('firstInvoiceOn', {
      type: 'LocalDate',
      description: 'For counted subscribers, of the paid days of that month.',
    }),
  }),
});

const BillRef = builder
  .objectRef<{ readonly tenantId: string; readonly account: BookedAccount }>('PlatformBill')
  .implement({
    description: 'What the tenant of the principal owes the operator of the platform, and why.',
    fields: (t) => ({
      liveFrom: t.field({
        type: 'LocalDate',
        description: 'Subscribers are counted from this day on.',
        resolve: ({ account }) => account.liveFrom,
      }),
      balance: t.field({
        type: 'Money',
        description: 'What is owed; below zero it is owed to the tenant.',
        resolve: ({ account }) => money(account.balance),
      }),
      rateCard: t.field({ type: CardRef, resolve: ({ account }) => account.rateCard }),
      trial: t.field({ type: TrialRef, nullable: true, resolve: ({ account }) => account.trial }),
      bundles: t.field({
        type: [OfferRef],
        description: 'All that are sold; `switchBundle` begins and ends one.',
        resolve: ({ account }) => [...account.bundles],
      }),
      days: t.field({
        type: [DayRef],
        description: `The days [from, to), ${mostDays} at most.`,
        args: {
          from: t.arg({ type: 'LocalDate', required: true }),
          to: t.arg({ type: 'LocalDate', required: true }),
        },
        resolve: async ({ tenantId }, { from, to }, context) => {
          const length = Temporal.PlainDate.from(from).until(to, { largestUnit: 'days' }).days;
          if (length > mostDays)
            throw new ValidationError('to', `From ${from} to ${to} is more than ${mostDays} days`);
          return [...(await booksOf(context).days(tenantId, from, to))];
        },
      }),
      invoices: t.connection({
        type: InvoiceRef,
        description: 'Newest first; only forward.',
        resolve: async ({ tenantId }, { first, after, last, before }, context) => {
          if (last != null || before != null) throw new ValidationError('last', 'Only first and after');
          const page = await booksOf(context).invoices(tenantId, {
            first: Math.min(first ?? 20, mostInvoices),
            after: after ?? null,
          });
          return {
            edges: page.edges.map(({ cursor, node }) => ({ cursor, node: { tenantId, invoice: node } })),
            pageInfo: page.pageInfo,
          };
        },
      }),
      invoice: t.field({
        type: InvoiceRef,
        nullable: true,
        args: { number: t.arg.string({ required: true }) },
        resolve: async ({ tenantId }, { number }, context) => {
          const invoice = await booksOf(context).invoice(tenantId, number);
          return invoice === null ? null : { tenantId, invoice };
        },
      }),
    }),
  });

builder.queryField('platformBill', (t) =>
  t.field({
    type: BillRef,
    nullable: true,
    description:
      "From the operator's own books, always of the tenant in which the principal acts. Null before it is live, and for the operator himself.",
    authScopes: { scope: 'billing:read' },
    resolve: async (_root, _args, context) => {
      const { tenantId } = context.principal;
      if (tenantId === null) return null;
      const account = await booksOf(context).account(tenantId);
      return account === null ? null : { tenantId, account };
    },
  }),
);
